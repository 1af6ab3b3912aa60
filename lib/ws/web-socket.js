'use strict';

const { EventEmitter } = require('node:events');

const { pause, resume } = require('../connection/hold.js');
const lifecycle = require('../connection/lifecycle.js');
const { opcode } = require('../native/constants.js');
const { nextTick } = require('../util/clock.js');
const { attach } = require('./attach.js');
const { abort, connect } = require('./client-handshake.js');
const { checkClosing } = require('./closing.js');
const { BINARY_TYPES, byteLength, checkControl, isBlob, toSend } = require('./data.js');
const { makeEventTarget } = require('./event-target.js');
const { CLOSED, CLOSING, CONNECTING, OPEN, READY_STATES, notOpen } = require('./ready-state.js');
const { sharedGroup, withDefaults } = require('./settings.js');
const { State, kState } = require('./state.js');

/** @typedef {import('./outgoing.js').Callback} Callback */

/**
 * One WebSocket, as `ws` has it. Events: `open`, `message` (data, isBinary), `ping`, `pong`, `error`, `close` (code,
 * reason); of a client also `upgrade`, `redirect` and `unexpected-response`.
 */
class WebSocket extends EventEmitter {
  /** The socket, from the end of the opening handshake on. @type {any} */
  _socket = null;
  /** A client's request, while it waits for the answer. @type {import('node:http').ClientRequest | null} */
  _req = null;
  /** How many redirects a client has followed. */
  _redirects = 0;
  /** Whether it is a server's end. It may be changed before `setSocket`. */
  _isServer;

  /**
   * @param {string | URL | null} address `null` if a server makes it
   * @param {any} [protocols] a subprotocol, or several; may be left out
   * @param {any} [options] see `docs/guide/ws.md`
   * @throws {SyntaxError | RangeError} if the address or a subprotocol is none
   */
  constructor(address, protocols, options) {
    super();
    const [names, given] = argumentsOf(protocols, options);
    const settings = withDefaults(given);
    this._isServer = address === null;
    Object.defineProperty(this, kState, { value: new State(this, settings) });
    if (address !== null) {
      connect(this, this[kState], address, names, given ?? {});
    }
  }

  /** @returns {State} */
  get [kState]() {
    throw new TypeError('The constructor of WebSocket has not run');
  }

  /**
   * Opens it on a stream whose opening handshake others have done. No extension is on then.
   *
   * @param {import('node:stream').Duplex} socket
   * @param {Buffer} head what came after the handshake
   * @param {import('./settings.js').ConnectionOptions} [options]
   * @throws {Error} if it has a connection already, or the socket cannot be taken
   */
  setSocket(socket, head, options) {
    const state = this[kState];
    if (state.connection !== null) {
      throw new Error('The WebSocket has a socket already');
    }
    state.options = withDefaults({ ...state.options, ...options, perMessageDeflate: false });
    const mask = !this._isServer;
    attach(this, state, sharedGroup(state.options, mask), socket, { head, mask, extensions: '', protocol: '' });
  }

  /** How far it is: 0 connecting, 1 open, 2 closing, 3 closed. */
  get readyState() {
    return this[kState].readyState;
  }

  /** What the data of binary messages is: a Buffer, an ArrayBuffer, a Blob, or an array of Buffers. */
  get binaryType() {
    return this[kState].binaryType;
  }

  /** Anything else than `'nodebuffer'`, `'arraybuffer'`, `'blob'` or `'fragments'` is ignored. */
  set binaryType(type) {
    if (BINARY_TYPES.includes(type)) this[kState].binaryType = type;
  }

  /** Bytes that wait to be written, frame headers included. */
  get bufferedAmount() {
    const { outgoing, unsent } = this[kState];
    return (outgoing?.queued ?? 0) + unsent;
  }

  /** Names of the extensions that are on, with commas in between. */
  get extensions() {
    return this[kState].connection?.extensions.join() ?? '';
  }

  /** Whether `pause` was called. */
  get isPaused() {
    return this[kState].isPaused;
  }

  /** The subprotocol that was agreed on, or `''`. */
  get protocol() {
    return this[kState].connection?.protocol ?? '';
  }

  /** The URL that a client has opened. */
  get url() {
    return this[kState].url;
  }

  /** What sends its frames: `_sender.sendFrame(list, callback)` takes what `Sender.frame` returns. */
  get _sender() {
    return this[kState].outgoing;
  }

  /** Its limits and extensions: `_receiver._maxPayload` may be set. */
  get _receiver() {
    return this[kState].limits;
  }

  /** How long the closing handshake may take, once that has begun. The timer itself is the engine's. */
  get _closeTimer() {
    const { connection, options, readyState } = this[kState];
    return connection !== null && readyState === CLOSING ? { _idleTimeout: options.closeTimeout } : null;
  }

  /** Whether both close frames were exchanged. */
  get _wasClean() {
    return this[kState].wasClean;
  }

  /**
   * Sends a message, or a fragment of one.
   *
   * @param {unknown} data a string, anything that `Buffer.from` takes, or a Blob
   * @param {any} [options] `binary`, `compress`, `fin`, `mask`; may be left out
   * @param {Callback} [callback] called when it has been written
   * @throws {Error} if it is connecting still
   */
  send(data, options, callback) {
    const [given, then] = typeof options === 'function' ? [undefined, options] : [options, callback];
    const { binary = typeof data !== 'string' && typeof data !== 'number', compress, fin, mask } = given ?? {};
    const payload = binary && typeof data === 'string' ? Buffer.from(data) : data;
    const how = { opcode: binary ? opcode.BINARY : opcode.TEXT, fin: fin ?? true, compress: compress ?? true, mask };
    const outgoing = this.#open(payload, then);
    outgoing?.send(payload, how, then);
  }

  /**
   * Sends a ping.
   *
   * @param {any} [data] at most 125 bytes
   * @param {any} [mask]
   * @param {Callback} [callback] called when it has been written
   * @throws {Error} if it is connecting still
   * @throws {RangeError} if the data is too long
   */
  ping(data, mask, callback) {
    this.#control(opcode.PING, data, mask, callback);
  }

  /**
   * Sends a pong.
   *
   * @param {any} [data] at most 125 bytes
   * @param {any} [mask]
   * @param {Callback} [callback] called when it has been written
   * @throws {Error} if it is connecting still
   * @throws {RangeError} if the data is too long
   */
  pong(data, mask, callback) {
    this.#control(opcode.PONG, data, mask, callback);
  }

  /**
   * @param {number} code
   * @param {unknown[]} args
   */
  #control(code, ...args) {
    const last = args.findIndex((one) => typeof one === 'function');
    const [data, mask] = last < 0 ? args : args.slice(0, last);
    const then = /** @type {Callback | undefined} */ (args[last]);
    const outgoing = this.#open(data, then);
    if (outgoing !== null) {
      if (!isBlob(data)) checkControl(toSend(data));
      const how = { opcode: code, fin: true, compress: false, mask: /** @type {boolean | undefined} */ (mask) };
      outgoing.send(data, how, then);
    }
  }

  /**
   * What sends, if it is open.
   *
   * @param {unknown} data that is to be sent
   * @param {Callback | undefined} callback hears of it if it cannot
   * @throws {Error} if it is connecting still
   */
  #open(data, callback) {
    const state = this[kState];
    if (state.sending !== null) {
      return state.sending;
    }
    const { readyState } = state;
    if (readyState === CONNECTING) {
      throw notOpen(readyState);
    }
    if (readyState === OPEN) {
      // It is lost, and that is heard of after what came before.
      return state.outgoing;
    }
    if (data) state.unsent += isBlob(data) ? data.size : byteLength(toSend(data));
    if (callback !== undefined) nextTick(callback, notOpen(readyState));
    return null;
  }

  /**
   * Begins the closing handshake.
   *
   * @param {number} [code] without one, the close frame is empty
   * @param {string | Buffer} [reason] at most 123 bytes
   * @throws {TypeError | RangeError} if these cannot be sent
   */
  close(code, reason) {
    const { connection, outgoing, readyState } = this[kState];
    if (readyState === CONNECTING) {
      abort(this, this[kState], 'WebSocket was closed before the connection was established');
    } else if (readyState === OPEN && connection !== null) {
      const closing = checkClosing(code, reason);
      this[kState].isClosing = true;
      this[kState].sending = null;
      outgoing?.after(() => lifecycle.close(connection, closing.code, closing.reason));
    }
  }

  /** Drops the connection at once. */
  terminate() {
    const { connection, outgoing, readyState } = this[kState];
    if (readyState === CONNECTING) {
      abort(this, this[kState], 'WebSocket was closed before the connection was established');
    } else if (readyState !== CLOSED && connection !== null) {
      // Whoever waits hears of it before `close`, as with `ws`.
      outgoing?.end();
      lifecycle.terminate(connection);
    }
  }

  /** Stops reading: no message, ping or pong is emitted until `resume`. */
  pause() {
    const state = this[kState];
    if (state.connection !== null && state.readyState !== CLOSED) {
      state.isPaused = true;
      pause(state.connection);
    }
  }

  /** Goes on after `pause`. */
  resume() {
    const state = this[kState];
    if (state.connection !== null && state.readyState !== CLOSED) {
      state.isPaused = false;
      resume(state.connection);
    }
  }
}

/**
 * @param {any} protocols
 * @param {any} options
 * @returns {[string[], any]}
 */
function argumentsOf(protocols, options) {
  if (protocols === undefined) {
    return [[], options];
  }
  if (Array.isArray(protocols)) {
    return [protocols, options];
  }
  return typeof protocols === 'object' && protocols !== null ? [[], protocols] : [[protocols], options];
}

for (const [value, name] of READY_STATES.entries()) {
  const descriptor = { enumerable: true, value };
  Object.defineProperty(WebSocket, name, descriptor);
  Object.defineProperty(WebSocket.prototype, name, descriptor);
}
for (const name of ['binaryType', 'bufferedAmount', 'extensions', 'isPaused', 'protocol', 'readyState', 'url']) {
  Object.defineProperty(WebSocket.prototype, name, { enumerable: true });
}
makeEventTarget(WebSocket.prototype);

module.exports = { WebSocket };
