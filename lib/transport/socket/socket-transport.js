'use strict';

const { bind, flushAfter, open, unbind } = require('./bridge.js');
const native = require('../../native/native.js');
const { protocolSettings } = require('../../connection/state.js');
const { remember, takeOver } = require('../takeover.js');

/** No connection has this number, one above `MAX_SLOT` in Rust: a command for it does nothing. */
const NO_SLOT = 2 ** 26 - 1;

/**
 * A connection that Rust carries on a duplicate of the socket's descriptor.
 */
class SocketTransport {
  #slot;
  #owner;
  #socket;
  /** Bytes read and written in all, once the connection is over. */
  #total = null;

  /**
   * Duplicates the descriptor; on failure nothing has changed.
   *
   * @param {import('node:net').Socket} socket
   * @param {import('../../connection/state.js').State} owner
   * @param {{ mask: boolean, enforceMasking: boolean, deflate: string }} role
   * @throws {Error} with the system's code, such as `EMFILE`
   */
  constructor(socket, owner, role) {
    const { options } = owner;
    this.#owner = owner;
    this.#socket = socket;
    this.#slot = open(socket._handle.fd, owner.id, options.maxBufferedAmount, ...protocolSettings(owner, role));
  }

  /** What the connection shows of it. */
  get name() {
    return 'socket';
  }

  /** The number that Rust knows the connection by. */
  get slot() {
    return this.#slot;
  }

  /** @param {import('../../connection/connection.js').Connection} connection */
  bind(connection) {
    bind(this.#slot, connection);
    remember(this.#socket, this);
  }

  /**
   * Rust takes the socket from here.
   *
   * @param {Uint8Array | undefined} head bytes read before all others
   * @param {boolean} keepSocket whether the socket object goes on as the connection's
   */
  start(head, keepSocket) {
    const socket = this.#socket;
    this.#socket = null;
    takeOver(socket, this, head, keepSocket);
  }

  /** @param {Buffer} received what was read from the socket; its handle is Rust's from now on */
  hand(received) {
    flushAfter(native.start(this.#slot, received));
  }

  /**
   * @param {number} opcode
   * @param {string | ArrayBufferView} data
   * @param {boolean} compress
   */
  send(opcode, data, compress) {
    const tag = this.#slot * 32 + opcode * 2 + (compress ? 1 : 0);
    flushAfter(native.frame(tag, data));
  }

  /**
   * Begins the closing handshake.
   *
   * @param {number} code
   * @param {string | Uint8Array} reason
   */
  close(code, reason) {
    flushAfter(native.close(this.#slot, code, reason));
  }

  /** The answer to what the peer's closing began with may leave. */
  part() {
    flushAfter(native.part(this.#slot));
  }

  /** Drops the connection. */
  terminate() {
    flushAfter(native.terminate(this.#slot));
  }

  /** @param {boolean} on whether reading stops */
  pause(on) {
    flushAfter(native.pause(this.#slot, on));
  }

  /** @returns {number} bytes that wait to be written */
  bufferedAmount() {
    return native.buffered(this.#slot);
  }

  /** @returns {boolean} whether `drain` is still to come for what was sent */
  get awaitsDrain() {
    return native.awaitsDrain(this.#slot);
  }

  /** @returns {boolean} whether a send has found no room: it is dropped */
  get isDropped() {
    return native.isDropped(this.#slot);
  }

  /** @returns {number} bytes received by Rust */
  bytesRead() {
    return this.#total === null ? native.bytesRead(this.#slot) : this.#total.read;
  }

  /** @returns {number} bytes written by Rust */
  bytesWritten() {
    return this.#total === null ? native.bytesWritten(this.#slot) : this.#total.written;
  }

  /** @param {boolean} on */
  setNoDelay(on) {
    native.setNoDelay(this.#slot, on);
  }

  /**
   * @param {boolean} on
   * @param {number} delay ms before the first probe; 0 leaves the system's
   */
  setKeepAlive(on, delay) {
    native.setKeepAlive(this.#slot, on, Math.ceil(delay / 1000));
  }

  /** @param {boolean} on whether the connection keeps the event loop alive */
  setRef(on) {
    native.setRef(this.#slot, on);
  }

  /** The connection is over: its number is another's from now on. */
  release() {
    const { counters } = this.#owner;
    this.#total = { read: this.bytesRead(), written: this.bytesWritten() };
    counters.bytesReceived += this.#total.read;
    counters.bytesSent += this.#total.written;
    unbind(this.#slot);
    this.#slot = NO_SLOT;
  }
}

module.exports = { SocketTransport };
