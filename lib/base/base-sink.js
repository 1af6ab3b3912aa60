'use strict';

const { errorMonitor } = require('node:events');

const { failed } = require('../connection/diagnostics.js');
const { closeEvent } = require('../connection/end.js');

/**
 * @typedef {import('../connection/connection.js').Connection} Connection
 * @typedef {import('./messages.js').Messages} Messages
 * @typedef {import('../connection/sink').Sink<Connection>} Sink
 */

/**
 * The sink of a `Base`: what happens on its connections becomes events, with their sids, and goes to the iterators of
 * `messages()`.
 *
 * @implements {Sink}
 */
class BaseSink {
  #emitter;
  /**
   * The iterators, by the sid that they are for; `null` if they are for all.
   *
   * @type {Map<string | null, Set<Messages>>}
   */
  readers = new Map();

  /** @param {import('node:events').EventEmitter} emitter the `Base` */
  constructor(emitter) {
    this.#emitter = emitter;
  }

  /**
   * @param {Connection} connection
   * @param {...unknown} more
   */
  opened(connection, ...more) {
    this.#emitter.emit('open', connection.sid, ...more);
  }

  /**
   * @param {Connection} connection
   * @param {string} text
   */
  text(connection, text) {
    const { sid } = connection;
    if (this.readers.size > 0) this.#read(connection, text, false);
    this.#emitter.emit('message', text, sid);
  }

  /**
   * @param {Connection} connection
   * @param {Buffer} data
   */
  binary(connection, data) {
    const { sid } = connection;
    if (this.readers.size > 0) this.#read(connection, data, true);
    this.#emitter.emit('binary', data, sid);
  }

  /**
   * @param {Connection} connection
   * @param {string} bytes
   */
  ping(connection, bytes) {
    emitControl(this.#emitter, 'ping', connection, bytes);
  }

  /**
   * @param {Connection} connection
   * @param {string} bytes
   */
  pong(connection, bytes) {
    emitControl(this.#emitter, 'pong', connection, bytes);
  }

  /** @param {Connection} connection */
  drained(connection) {
    this.#emitter.emit('drain', connection.sid);
  }

  /**
   * @param {Connection} _connection the error has its sid
   * @param {Error} error
   */
  failed(_connection, error) {
    emitError(this.#emitter, error);
  }

  /**
   * @param {Connection} connection
   * @param {import('../native/functions').End} end
   */
  closed(connection, end) {
    const { sid } = connection;
    const { code, reason } = closeEvent(end);
    for (const reader of this.#readersOf(sid)) reader.over(connection);
    this.#emitter.emit('close', reason, sid, code, end.wasClean);
  }

  /**
   * Hands a message to the iterators.
   *
   * @param {Connection} connection
   * @param {string | Buffer} data
   * @param {boolean} isBinary
   */
  #read(connection, data, isBinary) {
    for (const reader of this.#readersOf(connection.sid)) {
      if (!isBinary || reader.takesBinary) reader.take(connection, data);
    }
  }

  /** The iterators that are for this connection. @param {string} sid @returns {Messages[]} */
  #readersOf(sid) {
    return [...(this.readers.get(null) ?? []), ...(this.readers.get(sid) ?? [])];
  }
}

/**
 * Emits a ping or a pong. Peers send floods of them: nothing is made of one that nobody listens to.
 *
 * @param {import('node:events').EventEmitter} emitter
 * @param {'ping' | 'pong'} name
 * @param {Connection} connection
 * @param {string} bytes
 */
function emitControl(emitter, name, { sid }, bytes) {
  if (emitter.listenerCount(name) === 0) {
    return;
  }
  // Of so few bytes this takes a third of what `Buffer.from` and `toString` take.
  const data = Buffer.allocUnsafe(bytes.length);
  let all = 0;
  for (let i = 0; i < data.length; i++) {
    const byte = bytes.charCodeAt(i);
    data[i] = byte;
    all |= byte;
  }
  const isAscii = all < 0x80;
  emitter.emit(name, isAscii ? bytes : data.toString(), sid, data);
}

/**
 * Emits what a peer does. It is not thrown if nobody listens, as with `clientError` of `http.Server`.
 *
 * @param {import('node:events').EventEmitter} emitter
 * @param {Error} error
 */
function emitError(emitter, error) {
  if (emitter.listenerCount('error') > 0) {
    emitter.emit('error', error);
  } else {
    emitter.emit(errorMonitor, error);
  }
}

/**
 * Emits an error of no connection: an opening handshake failed, or its socket cannot be carried.
 *
 * @param {import('node:events').EventEmitter} base
 * @param {Error} error
 */
function reportError(base, error) {
  failed(base, error);
  emitError(base, error);
}

module.exports = { BaseSink, reportError };
