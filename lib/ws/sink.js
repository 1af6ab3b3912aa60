'use strict';

const { hold, release } = require('../connection/hold.js');
const { statusCode } = require('../native/constants.js');
const { setImmediate } = require('../util/clock.js');
const { EMPTY, fromBuffer, fromControl } = require('./data.js');
const { wsError } = require('./errors.js');

/**
 * @typedef {import('../connection/connection.js').Connection} Connection
 * @typedef {import('../connection/sink').Sink<Connection>} ConnectionSink
 * @typedef {import('./types').WebSocketObject} WebSocket
 * @typedef {import('./state.js').State} State
 */

/**
 * What a connection delivers to: the events of its WebSocket.
 *
 * @implements {ConnectionSink}
 */
class Sink {
  #webSocket;
  #state;

  /**
   * @param {WebSocket} webSocket
   * @param {State} state
   */
  constructor(webSocket, state) {
    this.#webSocket = webSocket;
    this.#state = state;
  }

  /** Text comes as bytes: see `settings.js`. */
  text() {}

  /** A connection is there. */
  opened() {
    this.#webSocket.emit('open');
  }

  /**
   * @param {Connection} connection
   * @param {Buffer} text
   */
  utf8(connection, text) {
    this.#one(connection);
    this.#webSocket.emit('message', text.length === 0 ? EMPTY : text, false);
  }

  /**
   * @param {Connection} connection
   * @param {Buffer} data
   */
  binary(connection, data) {
    this.#one(connection);
    this.#webSocket.emit('message', fromBuffer(data, this.#state.binaryType), true);
  }

  /**
   * @param {Connection} connection
   * @param {string | Buffer} bytes
   */
  ping(connection, bytes) {
    this.#one(connection);
    this.#webSocket.emit('ping', fromControl(bytes));
  }

  /**
   * @param {Connection} connection
   * @param {string | Buffer} bytes
   */
  pong(connection, bytes) {
    this.#one(connection);
    this.#webSocket.emit('pong', fromControl(bytes));
  }

  /** If it was asked for, no other event comes in this turn of the event loop. @param {Connection} connection */
  #one(connection) {
    if (!this.#state.options.allowSynchronousEvents) {
      hold(connection);
      setImmediate(release, connection);
    }
  }

  /** All has been written. */
  drained() {
    this.#state.outgoing?.written();
  }

  /**
   * @param {Connection} _connection
   * @param {Error & { code?: string, closeCode?: number }} error
   */
  failed(_connection, error) {
    // What a peer does is not thrown if nobody listens.
    if (this.#webSocket.listenerCount('error') > 0) this.#state.report(wsError(error));
  }

  /** It is closing, or lost. */
  sendsNoMore() {
    this.#state.outgoing?.leave();
    this.#state.sending = null;
  }

  /**
   * @param {Connection} _connection
   * @param {import('../native/functions').End} end
   */
  closed(_connection, { received, wasClean }) {
    // A socket that was over before has no other step.
    this.sendsNoMore();
    this.#state.outgoing?.end();
    this.#state.wasClean = wasClean;
    this.#state.close(received?.code ?? statusCode.ABNORMAL, received?.reason ? Buffer.from(received.reason) : EMPTY);
  }
}

module.exports = { Sink };
