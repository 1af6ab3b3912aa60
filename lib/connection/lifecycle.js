'use strict';

const { CLOSED, CLOSING, OPEN, kInner } = require('./connection.js');
const diagnostics = require('./diagnostics.js');
const { LOST, closeEvent } = require('./end.js');
const { peerError } = require('../util/errors.js');
const { drop } = require('../util/http2-stream.js');
const { releaseAll } = require('./hold.js');

/** At least this many connections of a group may be closing at a time. */
const MIN_CLOSING = 16;

/** @typedef {import('../native/functions').End} End */

/**
 * Connections that were open when they were terminated: they are lost, whatever the peer had begun.
 *
 * @type {WeakSet<import('./connection.js').Connection>}
 */
const terminated = new WeakSet();

/**
 * Begins the closing handshake, unless the connection is closing already.
 *
 * @param {import('./connection.js').Connection} connection
 * @param {number} code
 * @param {string | Uint8Array} reason
 */
function close(connection, code, reason) {
  const { readyState, transport } = connection[kInner];
  if (readyState === OPEN) {
    enterClosing(connection);
    transport?.close(code, reason);
  }
}

/**
 * Drops the connection without a closing handshake.
 *
 * @param {import('./connection.js').Connection} connection
 */
function terminate(connection) {
  abandon(connection);
  connection[kInner].transport?.terminate();
}

/**
 * The connection is lost, if it is open still: the end of its transport is another's business.
 *
 * @param {import('./connection.js').Connection} connection
 */
function abandon(connection) {
  if (connection[kInner].readyState === OPEN) {
    terminated.add(connection);
  }
  enterClosing(connection);
}

/**
 * Takes an open connection out of the views: it is closing, whoever began that.
 *
 * @param {import('./connection.js').Connection} connection
 */
function enterClosing(connection) {
  const inner = connection[kInner];
  if (inner.readyState !== OPEN) {
    return;
  }
  const { closing, dropped, options, streams, topics, views } = inner.group;
  topics.unsubscribe(connection, null);
  inner.readyState = CLOSING;
  inner.sink.sendsNoMore?.(connection);
  views.delete(inner.sid);
  streams.delete(connection);
  closing.add(connection);
  releaseAll(connection);
  if (closing.size > Math.max(MIN_CLOSING, options.maxConnections)) {
    const [oldest] = closing;
    closing.delete(oldest);
    dropped.add(oldest);
    oldest[kInner].transport?.terminate();
  }
}

/** Whether it was dropped while it was open. @param {import('./connection.js').Connection} connection */
function isTerminated(connection) {
  return terminated.has(connection);
}

/**
 * The peer broke a rule, or does not read: the connection is closing because of that.
 *
 * @param {import('./connection.js').Connection} connection
 * @param {string} message
 * @param {number | undefined} closeCode
 * @param {string | undefined} code the public code of the error
 */
function fail(connection, message, closeCode, code) {
  enterClosing(connection);
  report(connection, peerError(message, { code, sid: connection.sid, closeCode }));
}

/**
 * Reports an error to the sink.
 *
 * @param {import('./connection.js').Connection} connection
 * @param {Error} error
 */
function report(connection, error) {
  const inner = connection[kInner];
  inner.group.counters.errors++;
  inner.runInAsyncScope(reportInScope, undefined, connection, error);
}

/**
 * @param {import('./connection.js').Connection} connection
 * @param {Error} error
 */
function reportInScope(connection, error) {
  const { group, sink } = connection[kInner];
  diagnostics.failed(group.base, error, connection);
  sink.failed(connection, error);
}

/**
 * The connection is closed: the last that its sink hears of it.
 *
 * @param {import('./connection.js').Connection} connection
 * @param {End} end
 */
function enterClosed(connection, end) {
  const inner = connection[kInner];
  const { closing, dropped, streams, topics, views } = inner.group;
  topics.unsubscribe(connection, null);
  inner.readyState = CLOSED;
  inner.group.windowBytes -= inner.windowBytes;
  closing.delete(connection);
  dropped.delete(connection);
  views.delete(inner.sid);
  streams.delete(connection);
  inner.release?.();
  const socket = inner.socket ?? inner.newcomer?.made ?? null;
  inner.socket = null;
  inner.newcomer = null;
  try {
    if (socket !== null) drop(socket);
  } finally {
    try {
      inner.runInAsyncScope(reportClosed, undefined, connection, terminated.has(connection) ? LOST : end);
    } finally {
      inner.emitDestroy();
    }
  }
}

/**
 * Reports to the sink, and to all who wait for it, that the connection is closed.
 *
 * @param {import('./connection.js').Connection} connection
 * @param {End} end
 */
function reportClosed(connection, end) {
  const { group, sink } = connection[kInner];
  const { code, reason } = closeEvent(end);
  diagnostics.closed(group.base, connection, { code, reason, wasClean: end.wasClean });
  try {
    sink.closed(connection, end);
  } finally {
    for (const over of [...group.ends]) over(connection, code, reason);
  }
}

module.exports = { abandon, close, enterClosed, enterClosing, fail, isTerminated, report, terminate };
