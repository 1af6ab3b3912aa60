'use strict';

const { OPEN, kInner } = require('./connection.js');
const diagnostics = require('./diagnostics.js');
const { keep, mustWait } = require('./hold.js');
const { abandon, enterClosed, enterClosing, fail } = require('./lifecycle.js');
const { KIND } = require('../native/constants.js');

const ABNORMAL_CLOSURE = 1006;
const BACKPRESSURE = 'WS_ERR_BACKPRESSURE';

/** @typedef {import('./connection.js').Connection} Connection */

/**
 * Why connections are dropped that are over, and whose last records still wait.
 *
 * @type {WeakMap<Connection, string>}
 */
const overflows = new WeakMap();

/**
 * Delivers a record to the connection's sink, whichever transport it comes from.
 *
 * From the moment a connection is closing, only its `Close` is delivered.
 *
 * @param {Connection} connection
 * @param {number} kind one of `KIND`
 * @param {string | Buffer} payload a string or a Buffer, by its kind
 * @param {number} [code] close code of an error or a close
 * @param {string} [errorCode] the public code of an error
 */
function deliver(connection, kind, payload, code, errorCode) {
  if (kind === KIND.CLOSE) {
    const inner = connection[kInner];
    const transport = /** @type {import('./transport').Transport<Connection>} */ (inner.transport);
    const { overflow } = transport;
    if (overflow !== undefined) overflows.set(connection, overflow);
    inner.transport = null;
    inner.pauses = 0;
    try {
      transport.release();
    } finally {
      // Whatever a stream does that is dropped.
      inTurn(connection, kind, payload, code, errorCode);
    }
  } else {
    inTurn(connection, kind, payload, code, errorCode);
  }
}

/**
 * A record has its turn after those that wait for the end of a pause.
 *
 * @param {Connection} connection
 * @param {number} kind
 * @param {string | Buffer} payload
 * @param {number | undefined} code
 * @param {string | undefined} errorCode
 */
function inTurn(connection, kind, payload, code, errorCode) {
  if (mustWait(connection)) {
    keep(connection, () => pass(connection, kind, payload, code, errorCode));
  } else {
    pass(connection, kind, payload, code, errorCode);
  }
}

/**
 * Delivers a record that has its turn.
 *
 * @param {Connection} connection
 * @param {number} kind
 * @param {string | Buffer} payload
 * @param {number | undefined} code
 * @param {string | undefined} errorCode
 */
function pass(connection, kind, payload, code, errorCode) {
  const { group, readyState, sink } = connection[kInner];
  if (kind === KIND.CLOSE) {
    enterClosed(connection, /** @type {string} */ (payload), /** @type {number} */ (code));
    return;
  }
  if (kind === KIND.CLOSING || kind === KIND.ERROR) {
    beginClosing(connection, kind, /** @type {string} */ (payload), code, errorCode);
    return;
  }
  if (readyState !== OPEN) {
    return;
  }
  const { base, counters, views } = group;
  views.hears(connection);
  switch (kind) {
    case KIND.TEXT:
      counters.messagesReceived++;
      diagnostics.received(base, connection, payload, false);
      sink.text(connection, /** @type {string} */ (payload));
      break;
    case KIND.BINARY:
      counters.messagesReceived++;
      diagnostics.received(base, connection, payload, true);
      sink.binary(connection, /** @type {Buffer} */ (payload));
      break;
    case KIND.PING:
      counters.pingsReceived++;
      sink.ping(connection, /** @type {string} */ (payload));
      break;
    case KIND.PONG:
      counters.pongsReceived++;
      sink.pong(connection, /** @type {string} */ (payload));
      break;
    case KIND.DRAIN:
      sink.drained(connection);
      break;
  }
}

/**
 * The peer's close frame or violation, or a timeout: all that came before has been delivered by now. The closing
 * answer leaves after the replies to that.
 *
 * @param {Connection} connection
 * @param {number} kind
 * @param {string} message
 * @param {number | undefined} closeCode
 * @param {string | undefined} code
 */
function beginClosing(connection, kind, message, closeCode, code) {
  const inner = connection[kInner];
  try {
    const overflow = overflows.get(connection) ?? inner.transport?.overflow;
    if (inner.readyState === OPEN && overflow !== undefined) {
      // A listener's send found no room, before this had its turn.
      abandon(connection);
      fail(connection, overflow, ABNORMAL_CLOSURE, BACKPRESSURE);
    } else if (inner.readyState === OPEN && kind === KIND.ERROR) {
      fail(connection, message, closeCode, code);
    } else {
      enterClosing(connection);
    }
  } finally {
    inner.transport?.releaseClosingAnswer();
  }
}

module.exports = { BACKPRESSURE, deliver };
