'use strict';

const { statusCode } = require('../native/constants.js');
const { CLOSED, CLOSING, CONNECTING, OPEN } = require('./ready-state.js');
const { EMPTY } = require('./data.js');

/** Where a WebSocket keeps what is not for its users. */
const kState = Symbol('websockets.ws');

/**
 * @typedef {import('../connection/connection.js').Connection} Connection
 * @typedef {import('./types').WebSocketObject} WebSocket
 * @typedef {ReturnType<typeof import('./settings.js').withDefaults<import('./settings.js').ConnectionOptions>>} Options
 */

/**
 * What a WebSocket is made of.
 */
class State {
  #webSocket;
  /** How far it is while there is no connection. @type {0 | 1 | 2 | 3} */
  #phase = CONNECTING;
  #hasFailed = false;

  /** From the end of the opening handshake on. @type {Connection | null} */
  connection = null;
  /** What sends its frames. @type {import('./outgoing.js').Outgoing | null} */
  outgoing = null;
  /**
   * The same while it is open. A loop over many clients looks at each of them again, and what it has to look at is not in
   * the cache: so this is found here, not by way of the connection.
   *
   * @type {import('./outgoing.js').Outgoing | null}
   */
  sending = null;
  /** @type {import('./limits-view.js').LimitsView | null} */
  limits = null;
  /** @type {import('./data.js').BinaryType} */
  binaryType = 'nodebuffer';
  /** @type {string | undefined} */
  url = undefined;
  isPaused = false;
  /** Whether `close` was called: its close frame may wait for a Blob. */
  isClosing = false;
  /** Bytes that were to be sent once that could not be done any more. */
  unsent = 0;
  /** Whether both close frames were exchanged. */
  wasClean = false;

  /**
   * @param {WebSocket} webSocket
   * @param {Options} options
   */
  constructor(webSocket, options) {
    this.#webSocket = webSocket;
    this.options = options;
  }

  /** How far it is, by the numbers of `ready-state.js`. @returns {0 | 1 | 2 | 3} */
  get readyState() {
    const { readyState } = this.connection ?? { readyState: this.#phase };
    return this.isClosing && readyState === OPEN ? CLOSING : readyState;
  }

  /** How far an opening handshake is that has failed. @param {0 | 1 | 2 | 3} phase */
  set readyState(phase) {
    this.#phase = phase;
  }

  /** Something went wrong: the first error is reported, unless it is over already. @param {Error} error */
  report(error) {
    if (!this.#hasFailed && this.readyState !== CLOSED) {
      this.#hasFailed = true;
      this.#webSocket.emit('error', error);
    }
  }

  /** The opening handshake has failed. @param {Error} error */
  fail(error) {
    this.readyState = CLOSING;
    this.#webSocket.emit('error', error);
    this.close(statusCode.ABNORMAL, EMPTY);
  }

  /**
   * It is over: the last that is heard of it.
   *
   * @param {number} code
   * @param {Buffer} reason
   */
  close(code, reason) {
    this.readyState = CLOSED;
    this.#webSocket.emit('close', code, reason);
  }
}

module.exports = { State, kState };
