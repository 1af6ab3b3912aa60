'use strict';

const { EventEmitter } = require('node:events');

const { OPEN, kInner } = require('../connection/connection.js');
const { Frame } = require('../extensions/frame.js');

/**
 * One connection, with as much of a WebSocket of `ws` as engine.io uses.
 *
 * Events: `message` (a string or a Buffer, and whether it is binary), `error`, `close` (code, reason).
 */
class EngineSocket extends EventEmitter {
  #connection;
  #commands;
  /** Called once all that was sent has been written: a peer that does not read holds engine.io back. */
  #waiting = [];

  /**
   * @param {import('../connection/connection.js').Connection} connection
   * @param {object} commands what its Server does for it
   * @param {(socket: EngineSocket, data: unknown, compress: boolean, callback: Function) => void} commands.send
   * @param {(socket: EngineSocket, frame: Buffer[], callback: Function) => void} commands.sendFrame
   * @param {(socket: EngineSocket, code: number, reason: unknown) => void} commands.close
   */
  constructor(connection, commands) {
    super();
    this.#connection = connection;
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
    return this.#connection.bufferedAmount;
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
   * @param {object} [options]
   * @param {boolean} [options.compress]
   * @param {(error?: Error) => void} [callback] called when the next may be sent
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

  #isOpen(callback) {
    const { readyState } = this;
    if (readyState !== OPEN && callback !== undefined) {
      process.nextTick(callback, new Error(`WebSocket is not open: readyState ${readyState}`));
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
    this.#commands.close(this, code, reason);
  }

  /** A frame is on its way: calls back, now or when the peer has read so much that it has left. */
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

  /** All has been written. */
  drained() {
    this.#callBack();
  }

  /** A peer's error is not thrown where nobody listens. */
  failed(error) {
    if (this.listenerCount('error') > 0) this.emit('error', error);
  }

  /** The connection is over. */
  closed(code, reason) {
    this.#callBack(new Error('The WebSocket was closed before the message was sent'));
    this.emit('close', code, Buffer.from(reason));
  }

  #callBack(error) {
    const waiting = this.#waiting;
    this.#waiting = [];
    // Each by itself: what one throws is nothing to the others.
    for (const callback of waiting) process.nextTick(callback, error);
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

function ignore() {}

module.exports = { EngineSocket, payloadOf };
