'use strict';

const { OPEN, kInner } = require('./connection.js');
const diagnostics = require('./diagnostics.js');
const { endOf } = require('./end.js');
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
 * Connections that are dropped for want of room: the engine has reported it, and other reports may still come first.
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
 * The way of a message stays short down to the listener: V8 compiles so much into one function and no more, and each
 * message pays for the rest.
 *
 * @param {Connection} connection
 * @param {number} kind one of `kind` in `lib/native/constants.js`
 * @param {Payload} payload by its kind
 * @param {number} [code] close code of an error
 * @param {string} [errorCode] the public code of an error
 */
function deliverInScope(connection, kind, payload, code, errorCode) {
  if (kind === TEXT || kind === UTF8 || kind === BINARY) {
    if (mustWait(connection)) {
      keepMessage(connection, kind, payload);
    } else {
      passMessage(connection, kind, payload);
    }
  } else {
    deliverOther(connection, kind, payload, code, errorCode);
  }
}

/**
 * @param {Connection} connection
 * @param {number} kind
 * @param {Payload} payload
 */
function keepMessage(connection, kind, payload) {
  keep(connection, () => passMessage(connection, kind, payload));
}

/**
 * Delivers a message that has its turn.
 *
 * @param {Connection} connection
 * @param {number} kind
 * @param {Payload} payload
 */
function passMessage(connection, kind, payload) {
  const { group, readyState, sink } = connection[kInner];
  if (readyState === OPEN) {
    group.views.hears(connection);
  } else if (!isHeardClosing(connection)) {
    return;
  }
  group.counters.messagesReceived++;
  diagnostics.received(group.base, connection, /** @type {string | Buffer} */ (payload), kind === BINARY);
  if (kind === TEXT) {
    sink.text(connection, /** @type {string} */ (payload));
  } else if (kind === BINARY) {
    sink.binary(connection, /** @type {Buffer} */ (payload));
  } else {
    sink.utf8?.(connection, /** @type {Buffer} */ (payload));
  }
}

/**
 * Delivers what is no message.
 *
 * @param {Connection} connection
 * @param {number} kind
 * @param {Payload} payload
 * @param {number | undefined} code
 * @param {string | undefined} errorCode
 */
function deliverOther(connection, kind, payload, code, errorCode) {
  if (kind === CLOSE) {
    const end = endOf(/** @type {string | undefined} */ (payload), /** @type {number} */ (code), errorCode);
    const inner = connection[kInner];
    const transport = /** @type {import('./transport').Transport<Connection>} */ (inner.transport);
    inner.group.topics.detach(connection);
    inner.transport = null;
    inner.sink.sendsNoMore?.(connection);
    lose(connection);
    try {
      transport.release();
    } finally {
      // Whatever a stream does that is dropped.
      otherInTurn(connection, kind, end, undefined, undefined);
    }
  } else if (kind === LOST) {
    // What it sent before comes next.
    lose(connection);
  } else if (kind === DRAIN) {
    // A pause holds back what is of the peer.
    passOther(connection, kind, payload, code, errorCode);
  } else {
    if (kind === ERROR && errorCode === BACKPRESSURE) overflowed.add(connection);
    otherInTurn(connection, kind, payload, code, errorCode);
  }
}

/**
 * It has its turn after those that wait for the end of a pause.
 *
 * @param {Connection} connection
 * @param {number} kind
 * @param {Payload} payload
 * @param {number | undefined} code
 * @param {string | undefined} errorCode
 */
function otherInTurn(connection, kind, payload, code, errorCode) {
  if (mustWait(connection)) {
    keep(connection, () => passOther(connection, kind, payload, code, errorCode));
  } else {
    passOther(connection, kind, payload, code, errorCode);
  }
}

/**
 * Delivers what is no message, and has its turn.
 *
 * @param {Connection} connection
 * @param {number} kind
 * @param {Payload} payload
 * @param {number | undefined} code
 * @param {string | undefined} errorCode
 */
function passOther(connection, kind, payload, code, errorCode) {
  const { group, readyState, sink } = connection[kInner];
  if (kind === CLOSE) {
    enterClosed(connection, /** @type {End} */ (payload));
    return;
  }
  if (kind === CLOSING || kind === ERROR) {
    beginClosing(connection, kind, /** @type {string} */ (payload), code, errorCode);
    return;
  }
  if (readyState === OPEN) {
    group.views.hears(connection);
  } else if (!isHeardClosing(connection)) {
    return;
  }
  switch (kind) {
    case PING:
      group.counters.pingsReceived++;
      sink.ping(connection, /** @type {string | Buffer} */ (payload));
      break;
    case PONG:
      group.counters.pongsReceived++;
      sink.pong(connection, /** @type {string | Buffer} */ (payload));
      break;
    case DRAIN:
      sink.drained(connection);
      break;
  }
}

/**
 * Whether what comes while the connection is closing is delivered too.
 *
 * @param {Connection} connection
 * @returns {boolean}
 */
function isHeardClosing(connection) {
  return connection[kInner].group.manner.hearsWhileClosing && !isTerminated(connection);
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
    const isHeard = inner.readyState === OPEN || isHeardClosing(connection);
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
