'use strict';

const { limit } = require('../../native/constants.js');
const commands = require('./commands.js');
const { bind, open, openOver, unbind } = require('./dispatch.js');
const native = require('../../native/native.js');
const { connectionSettings } = require('../../connection/group.js');
const { letGo } = require('../net-socket/drive.js');
const { remember, takeOver } = require('../net-socket/takeover.js');

/** @typedef {import('../../connection/connection.js').Connection} Connection */
/** @typedef {import('../../connection/transport').Transport<Connection>} Transport */

/**
 * A connection that Rust carries on a duplicate of the socket's descriptor.
 *
 * @implements {Transport}
 */
class SocketTransport {
  #slot;
  #group;
  /** What carries the socket until now, if not its handle. @type {import('../raw/entrance.js').Entrance | null} */
  #entrance;
  /** Until it is started. @type {import('../net-socket/node-socket').NodeSocket | null} */
  #socket;
  /**
   * Bytes read and written in all, once the connection is over.
   *
   * @type {{ read: number, written: number } | null}
   */
  #total = null;

  /**
   * Duplicates the descriptor; on failure nothing has changed.
   *
   * @param {import('../net-socket/node-socket').NodeSocket} socket with a handle
   * @param {import('../../connection/group.js').Group<Connection>} group
   * @param {{ mask: boolean, enforceMasking: boolean, deflate: string }} role
   * @param {import('../raw/entrance.js').Entrance | null} entrance what carries it, if not its handle
   * @throws {Error} with the system's code, such as `EMFILE`
   */
  constructor(socket, group, role, entrance) {
    this.#group = group;
    this.#socket = socket;
    this.#entrance = entrance;
    const settings = connectionSettings(group, role);
    this.#slot =
      entrance === null
        ? open(/** @type {{ fd: number }} */ (socket._handle).fd, group.id, settings)
        : openOver(entrance.slot, group.id, settings);
  }

  /** What the connection shows of it. @returns {'socket'} */
  get name() {
    return 'socket';
  }

  /** The number that Rust knows the connection by. */
  get slot() {
    return this.#slot;
  }

  /** @param {Connection} connection */
  bind(connection) {
    bind(this.#slot, connection);
    remember(/** @type {import('node:net').Socket} */ (this.#socket), this);
  }

  /**
   * Rust takes the socket from here.
   *
   * @param {Uint8Array | undefined} head bytes read before all others
   * @param {boolean} keepSocket whether the socket object goes on as the connection's
   */
  start(head, keepSocket) {
    const socket = /** @type {import('node:net').Socket} */ (this.#socket);
    const entrance = this.#entrance;
    this.#socket = null;
    this.#entrance = null;
    if (entrance === null) {
      takeOver(socket, this, head, keepSocket);
    } else {
      entrance.handOver(this, head, () => {
        if (!keepSocket) letGo(socket);
      });
    }
  }

  /** @param {Buffer} received what was read from the socket; its handle is Rust's from now on */
  hand(received) {
    commands.start(this.#slot, received);
  }

  /**
   * @param {number} opcode
   * @param {string | ArrayBufferView} data
   * @param {boolean} compress
   * @param {number} fragment
   */
  send(opcode, data, compress, fragment) {
    if (fragment === Infinity) {
      commands.sendFrame(this.#slot, opcode, data, compress);
    } else {
      commands.sendFrames([this.#slot], opcode, data, compress, fragment);
    }
  }

  /**
   * @param {number} opcode
   * @param {string | ArrayBufferView} data
   * @param {boolean} fin
   * @param {boolean} compress
   * @param {Uint8Array | null | undefined} key
   */
  sendFragment(opcode, data, fin, compress, key) {
    commands.sendFragment(this.#slot, opcode, data, fin, compress, key);
  }

  /** @param {Uint8Array} frames whole ones */
  sendEncoded(frames) {
    commands.sendEncoded(this.#slot, frames);
  }

  /** @param {number} topic the number of one that it gets from now on */
  subscribe(topic) {
    commands.subscribe(this.#slot, topic);
  }

  /** @param {number} topic the number of one that it gets no more */
  unsubscribe(topic) {
    commands.unsubscribe(this.#slot, topic);
  }

  /** @returns {number} volatile messages that it did not get */
  skipped() {
    return native.skipped(this.#slot);
  }

  /** @returns {boolean} whether anything waits to be written */
  awaitWritten() {
    return native.awaitDrain(this.#slot);
  }

  /**
   * Begins the closing handshake.
   *
   * @param {number} code
   * @param {string | Uint8Array} reason
   */
  close(code, reason) {
    commands.close(this.#slot, code, reason);
  }

  /** The answer to the peer's close frame or violation may leave. */
  releaseClosingAnswer() {
    commands.releaseClosingAnswer(this.#slot);
  }

  /** Drops the connection. */
  terminate() {
    commands.terminate(this.#slot);
  }

  /** @param {boolean} on whether reading stops */
  pause(on) {
    commands.pause(this.#slot, on);
  }

  /** @param {number} bytes the most that a message may have from now on */
  setMaxPayload(bytes) {
    commands.setMaxPayload(this.#slot, bytes);
  }

  /** @returns {number} bytes that wait to be written */
  bufferedAmount() {
    return native.buffered(this.#slot);
  }

  /**
   * What is under way to the shard counts as well, and may come to less there, or be for others: nothing but this has
   * `drain` follow.
   *
   * @returns {number} the same, for an app
   */
  amountToDrain() {
    const amount = this.bufferedAmount();
    if (amount > limit.HIGH_MARK) commands.askDrain(this.#slot);
    return amount;
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
   * @param {number} delay seconds before the first probe; 0 leaves the system's
   * @param {number} interval seconds between probes
   * @param {number} count probes until the connection is taken for lost
   */
  setKeepAlive(on, delay, interval, count) {
    native.setKeepAlive(this.#slot, on, delay, interval, count);
  }

  /** @param {boolean} on whether the connection keeps the event loop alive */
  setRef(on) {
    native.setRef(this.#slot, on);
  }

  /** The connection is over: its number is another's from now on. */
  release() {
    const { counters } = this.#group;
    counters.skipped += this.skipped();
    this.#total = { read: this.bytesRead(), written: this.bytesWritten() };
    counters.bytesReceived += this.#total.read;
    counters.bytesSent += this.#total.written;
    unbind(this.#slot);
    this.#slot = limit.NO_SLOT;
  }
}

module.exports = { SocketTransport };
