'use strict';

const { limit } = require('../../native/constants.js');
const commands = require('./commands.js');
const dispatch = require('./dispatch.js');
const native = require('../../native/native.js');
const { connectionSettings } = require('../../connection/group.js');
const { letGo } = require('../net-socket/drive.js');
const { remember, takeOver } = require('../net-socket/takeover.js');
const { nextTick } = require('../../util/clock.js');

/** What was read of a newcomer already. */
const NOTHING = Buffer.alloc(0);

/** @typedef {import('../../connection/connection.js').Connection} Connection */
/** @typedef {import('../../connection/transport').Transport<Connection>} Transport */

/**
 * One that Rust has accepted, and for which there may be no socket.
 *
 * @typedef {object} Newcomer
 * @property {(group: number, settings: import('../../native/functions').Settings, deflate: string, lines: string) => number}
 *   open makes a connection of it, and accepts its request by a response with these lines beside the usual ones
 * @property {(connection: Connection, transport: SocketTransport) => void} opened it has become that
 * @property {() => void} over the connection is over
 */

/**
 * What becomes a connection: a socket, with what carries it if that is not its handle, or a newcomer.
 *
 * @typedef {{ socket: import('../net-socket/node-socket').NodeSocket, entrance: import('../raw/entrance.js').Entrance | null,
 *   newcomer?: undefined } | { newcomer: Newcomer, lines: string }} Source
 */

/**
 * A connection that Rust carries, on the descriptor of a newcomer or on a duplicate of a socket's.
 *
 * @implements {Transport}
 */
class SocketTransport {
  #slot;
  #group;
  /** Until it is started. @type {Source | null} */
  #source;
  /** Who is to hear of the end. @type {Newcomer | null} */
  #newcomer = null;
  /**
   * Bytes read and written in all, once the connection is over.
   *
   * @type {{ read: number, written: number } | null}
   */
  #total = null;

  /**
   * On failure nothing has changed.
   *
   * @param {import('../../connection/group.js').Group<Connection>} group
   * @param {{ mask: boolean, enforceMasking: boolean, deflate: string }} role
   * @param {Source} source
   * @throws {Error} with the system's code, such as `EMFILE`
   */
  constructor(group, role, source) {
    this.#group = group;
    this.#source = source;
    this.#slot = open(source, group.id, connectionSettings(group, role), role.deflate);
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
    const source = /** @type {Source} */ (this.#source);
    dispatch.bind(this.#slot, connection);
    if (source.newcomer === undefined) remember(source.socket, this);
    else source.newcomer.opened(connection, this);
  }

  /**
   * Rust takes the socket from here.
   *
   * @param {Uint8Array | undefined} head bytes read before all others
   * @param {boolean} keepSocket whether the socket object goes on as the connection's
   */
  start(head, keepSocket) {
    const source = /** @type {Source} */ (this.#source);
    this.#source = null;
    if (source.newcomer !== undefined) {
      if (keepSocket) this.#newcomer = source.newcomer;
      else source.newcomer.over();
      // Not before all that hears of it has run: what it sends comes after its `'open'`, and what that puts off.
      nextTick(begin, this);
      return;
    }
    const { socket, entrance } = source;
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
    dispatch.unbind(this.#slot);
    this.#slot = limit.NO_SLOT;
    this.#newcomer?.over();
    this.#newcomer = null;
  }
}

/**
 * @param {Source} source
 * @param {number} group
 * @param {import('../../native/functions').Settings} settings
 * @param {string} deflate
 * @returns {number} its slot
 */
function open(source, group, settings, deflate) {
  if (source.newcomer !== undefined) {
    return source.newcomer.open(group, settings, deflate, source.lines);
  }
  const { socket, entrance } = source;
  return entrance === null
    ? dispatch.open(/** @type {{ fd: number }} */ (socket._handle).fd, group, settings, deflate)
    : dispatch.openOver(entrance.slot, group, settings, deflate);
}

/** Has Rust read a newcomer, unless that has ended by now. @param {SocketTransport} transport */
function begin(transport) {
  if (transport.slot !== limit.NO_SLOT) transport.hand(NOTHING);
}

module.exports = { SocketTransport };
