'use strict';

const { EventEmitter } = require('node:events');

const { OPEN, kInner } = require('../connection/connection.js');
const { close } = require('../connection/lifecycle.js');
const { Frame } = require('../extensions/frame.js');
const { statusCode } = require('../native/constants.js');
const { checkCloseCode, checkReason } = require('../options/data.js');
const { nextTick } = require('../util/clock.js');

/** @typedef {import('../connection/connection.js').Connection} Connection */
/** @typedef {import('../connection/sink').Sink<Connection>} Sink */

/**
 * What the Server of a socket does for it.
 *
 * @typedef {object} Commands
 * @property {(socket: EngineSocket, data: unknown, compress: boolean, callback: Callback) => void} send
 * @property {(socket: EngineSocket, frame: Buffer[], callback: Callback) => void} sendFrame
 * @property {() => void} beforeClose sends what was collected: nothing may follow a close frame
 */

/** @typedef {(error?: Error) => void} Callback */

/**
 * One connection, with as much of a WebSocket of `ws` as engine.io uses; the connection's sink.
 *
 * Events: `message` (a string or a Buffer, and whether it is binary), `error`, `close` (code, reason).
 *
 * @implements {Sink}
 */
class EngineSocket extends EventEmitter {
  /** From `opened` on. @type {Connection} */
  #connection = /** @type {never} */ (null);
  #commands;
  /** Called once all that was sent has been written: a peer that does not read holds engine.io back.
   *  @type {Callback[]} */
  #waiting = [];

  /** @param {Commands} commands */
  constructor(commands) {
    super();
    this.#commands = commands;
  }

  get sid() {
    return this.#connection.sid;
  }

  /** 1 open, 2 closing, 3 closed. */
  get readyState() {
    return this.#connection.readyState;
  }

  get protocol() {
    return this.#connection.protocol;
  }

  get bufferedAmount() {
    return this.#connection[kInner].transport?.bufferedAmount() ?? 0;
  }

  /** The socket that was upgraded; `null` once the connection is over. */
  get _socket() {
    return this.#connection.socket;
  }

  /** Where engine.io looks for `sendFrame`. */
  get _sender() {
    return this;
  }

  /**
   * @param {string | ArrayBufferView | ArrayBuffer} data
   * @param {{ compress?: boolean } | Callback} [options]
   * @param {Callback} [callback] called when the next may be sent
   */
  send(data, options, callback) {
    const [given, then] = typeof options === 'function' ? [undefined, options] : [options, callback];
    if (this.#isOpen(then)) {
      this.#commands.send(this, data, given?.compress ?? true, then ?? ignore);
    }
  }

  /**
   * Sends a frame that socket.io has encoded for a broadcast.
   *
   * @param {Buffer[]} frame
   * @param {(error?: Error) => void} [callback]
   */
  sendFrame(frame, callback = ignore) {
    if (this.#isOpen(callback)) {
      this.#commands.sendFrame(this, frame, callback);
    }
  }

  /** @param {Callback} [callback] hears of it if it is not @returns {boolean} */
  #isOpen(callback) {
    const { readyState } = this;
    if (readyState !== OPEN && callback !== undefined) {
      nextTick(callback, new Error(`WebSocket is not open: readyState ${readyState}`));
    }
    return readyState === OPEN;
  }

  /**
   * Begins the closing handshake.
   *
   * @param {number} [code]
   * @param {string | Buffer} [reason]
   */
  close(code = 1000, reason = undefined) {
    checkCloseCode(code);
    const checked = checkReason(reason);
    this.#commands.beforeClose();
    close(this.#connection, code, checked);
  }

  /**
   * A frame is on its way: calls back, now or when the peer has read so much that it has left.
   *
   * @param {Callback} callback
   */
  settle(callback) {
    const { transport } = this.#connection[kInner];
    if (this.#waiting.length > 0 || transport?.awaitsDrain) {
      this.#waiting.push(callback);
    } else if (transport === null) {
      callback(new Error('The WebSocket was closed before the message was sent'));
    } else {
      callback();
    }
  }

  /** @param {Connection} connection */
  opened(connection) {
    this.#connection = connection;
  }

  /**
   * @param {Connection} _connection
   * @param {string} text
   */
  text(_connection, text) {
    this.emit('message', text, false);
  }

  /**
   * @param {Connection} _connection
   * @param {Buffer} data
   */
  binary(_connection, data) {
    this.emit('message', data, true);
  }

  /** engine.io sends pings of its own, as messages. */
  ping() {}

  /** As `ping`. */
  pong() {}

  /** All has been written. */
  drained() {
    this.#callBack();
  }

  /**
   * A peer's error is not thrown if nobody listens.
   *
   * @param {Connection} _connection
   * @param {Error} error
   */
  failed(_connection, error) {
    if (this.listenerCount('error') > 0) this.emit('error', error);
  }

  /**
   * @param {Connection} _connection
   * @param {import('../native/functions').End} end
   */
  closed(_connection, { received }) {
    this.#callBack(new Error('The WebSocket was closed before the message was sent'));
    // As `ws` has it, whatever we have sent.
    this.emit('close', received?.code ?? statusCode.ABNORMAL, Buffer.from(received?.reason ?? ''));
  }

  /** Calls back all who wait. @param {Error} [error] */
  #callBack(error) {
    const waiting = this.#waiting;
    this.#waiting = [];
    // Each by itself: what one throws is nothing to the others.
    for (const callback of waiting) nextTick(callback, error);
  }
}

/**
 * What is in a frame that `Sender.frame()` of `ws` has encoded: a header and a payload, or both in one.
 *
 * @param {Buffer[]} chunks
 * @returns {{ opcode: number, payload: Buffer }}
 */
function payloadOf(chunks) {
  const [header, payload] = chunks;
  return payload === undefined ? new Frame(header) : { opcode: header[0] & 0x0f, payload };
}

/** Has nothing to do once a frame has left. */
function ignore() {}

module.exports = { EngineSocket, payloadOf };
