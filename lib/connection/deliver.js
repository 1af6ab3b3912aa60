'use strict';

const { OPEN, kInner } = require('./connection.js');
const diagnostics = require('./diagnostics.js');
const { keep, lose, mustWait } = require('./hold.js');
const { enterClosed, enterClosing, fail, isTerminated } = require('./lifecycle.js');
const { BACKPRESSURE, kind } = require('../native/constants.js');

const { TEXT, UTF8, BINARY, PING, PONG, DRAIN, CLOSING, ERROR, CLOSE, LOST } = kind;

/**
 * @typedef {import('./connection.js').Connection} Connection
 * @typedef {import('../native/functions').End} End
 * @typedef {import('../native/functions').Payload} Payload
 */

/**
 * Connections that are dropped for want of room: the engine has reported it, and that may still wait behind others.
 *
 * @type {WeakSet<Connection>}
 */
const overflowed = new WeakSet();

/**
 * Delivers a record to the connection's sink, in its asynchronous context.
 *
 * @param {Connection} connection
 * @param {number} kind one of `kind` in `lib/native/constants.js`
 * @param {Payload} payload by its kind
 * @param {number} [code] close code of an error
 * @param {string} [errorCode] the public code of an error
 */
function deliver(connection, kind, payload, code, errorCode) {
  connection[kInner].runInAsyncScope(deliverInScope, undefined, connection, kind, payload, code, errorCode);
}

/**
 * Delivers a record to the connection's sink, whichever transport it comes from. The connection's asynchronous context
 * has been entered: that is done once for many records.
 *
 * From the moment a connection is closing, only its `Close` is delivered.
 *
 * @param {Connection} connection
 * @param {number} kind one of `kind` in `lib/native/constants.js`
 * @param {Payload} payload by its kind
 * @param {number} [code] close code of an error
 * @param {string} [errorCode] the public code of an error
 */
function deliverInScope(connection, kind, payload, code, errorCode) {
  if (errorCode === BACKPRESSURE) overflowed.add(connection);
  if (kind === CLOSE) {
    const inner = connection[kInner];
    const transport = /** @type {import('./transport').Transport<Connection>} */ (inner.transport);
    inner.transport = null;
    lose(connection);
    try {
      transport.release();
    } finally {
      // Whatever a stream does that is dropped.
      inTurn(connection, kind, payload, code, errorCode);
    }
  } else if (kind === LOST) {
    // What it sent before comes next.
    lose(connection);
  } else if (kind === DRAIN) {
    // A pause holds back what is of the peer.
    pass(connection, kind, payload, code, errorCode);
  } else {
    inTurn(connection, kind, payload, code, errorCode);
  }
}

/**
 * A record has its turn after those that wait for the end of a pause.
 *
 * @param {Connection} connection
 * @param {number} kind
 * @param {Payload} payload
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
 * @param {Payload} payload
 * @param {number | undefined} code
 * @param {string | undefined} errorCode
 */
function pass(connection, kind, payload, code, errorCode) {
  const { group, readyState, sink } = connection[kInner];
  if (kind === CLOSE) {
    enterClosed(connection, /** @type {End} */ (payload));
    return;
  }
  if (kind === CLOSING || kind === ERROR) {
    beginClosing(connection, kind, /** @type {string} */ (payload), code, errorCode);
    return;
  }
  const { base, counters, manner, views } = group;
  if (readyState === OPEN) {
    views.hears(connection);
  } else if (!manner.hearsWhileClosing || isTerminated(connection)) {
    return;
  }
  switch (kind) {
    case TEXT:
      counters.messagesReceived++;
      diagnostics.received(base, connection, /** @type {string} */ (payload), false);
      sink.text(connection, /** @type {string} */ (payload));
      break;
    case UTF8:
      counters.messagesReceived++;
      diagnostics.received(base, connection, /** @type {Buffer} */ (payload), false);
      sink.utf8?.(connection, /** @type {Buffer} */ (payload));
      break;
    case BINARY:
      counters.messagesReceived++;
      diagnostics.received(base, connection, /** @type {Buffer} */ (payload), true);
      sink.binary(connection, /** @type {Buffer} */ (payload));
      break;
    case PING:
      counters.pingsReceived++;
      sink.ping(connection, /** @type {string} */ (payload));
      break;
    case PONG:
      counters.pongsReceived++;
      sink.pong(connection, /** @type {string} */ (payload));
      break;
    case DRAIN:
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
    const isDropped = overflowed.has(connection) || inner.transport?.isDropped === true;
    if (isDropped && code !== BACKPRESSURE) {
      // A listener's send found no room before this had its turn: that is why it ends, and is still to be reported.
      return;
    }
    const isHeard = inner.readyState === OPEN || (inner.group.manner.hearsWhileClosing && !isTerminated(connection));
    if (isHeard && kind === ERROR) {
      fail(connection, message, closeCode, code);
    } else {
      enterClosing(connection);
    }
  } finally {
    inner.transport?.releaseClosingAnswer();
  }
}

module.exports = { deliver, deliverInScope };
