'use strict';

const { errorMonitor } = require('node:events');

const { CLOSED, CLOSING, OPEN, kInner } = require('./connection.js');

/** What happened on a connection: the numbers of `Kind` in `src/engine/batch.rs`. */
const TEXT = 0;
const BINARY = 1;
const PING = 2;
const PONG = 3;
const DRAIN = 4;
const CLOSING_BEGAN = 5;
const ERROR = 6;
const CLOSE = 7;

/**
 * Makes events of what happened on a connection, whichever transport carries it.
 *
 * From the moment a connection is closing, only its `close` is emitted.
 *
 * @param {import('./connection.js').Connection} connection
 * @param {number} kind
 * @param {string | Buffer} payload
 * @param {number | undefined} code close code of an error or a close
 * @param {string | undefined} errorCode
 */
function deliver(connection, kind, payload, code, errorCode) {
  const inner = connection[kInner];
  if (kind === CLOSE) {
    inner.transport.release();
    inner.transport = null;
    inner.paused = false;
  }
  if (inner.paused || inner.held.length > 0) {
    inner.held.push([kind, payload, code, errorCode]);
    deliverHeldSoon(connection);
  } else {
    emit(connection, kind, payload, code, errorCode);
  }
}

/**
 * Delivers what came while the connection was paused, once this tick is over.
 *
 * @param {import('./connection.js').Connection} connection
 */
function deliverHeldSoon(connection) {
  const inner = connection[kInner];
  if (inner.held.length > 0 && !inner.paused && !inner.scheduled) {
    inner.scheduled = true;
    process.nextTick(deliverHeld, connection);
  }
}

function deliverHeld(connection) {
  const inner = connection[kInner];
  inner.scheduled = false;
  try {
    // A listener may pause again.
    while (inner.held.length > 0 && !inner.paused) {
      emit(connection, ...inner.held.shift());
    }
  } finally {
    // After a listener that threw, the rest has its turn.
    deliverHeldSoon(connection);
  }
}

function emit(connection, kind, payload, code, errorCode) {
  const { owner, readyState, sid } = connection[kInner];
  if (kind === CLOSE) {
    finish(connection, payload, code);
    return;
  }
  if (readyState !== OPEN) {
    return;
  }
  const { emitter, counters } = owner;
  switch (kind) {
    case TEXT:
      counters.messagesReceived++;
      emitter.emit('message', payload, sid);
      break;
    case BINARY:
      counters.messagesReceived++;
      emitter.emit('binary', payload, sid);
      break;
    case PING:
      counters.pingsReceived++;
      emitter.emit('ping', payload, sid);
      break;
    case PONG:
      counters.pongsReceived++;
      emitter.emit('pong', payload, sid);
      break;
    case DRAIN:
      emitter.emit('drain', sid);
      break;
    case CLOSING_BEGAN:
      leave(connection);
      break;
    case ERROR:
      fail(connection, payload, code, errorCode);
      break;
  }
}

/**
 * Takes a connection out of the views: it is closing, by whoever's doing.
 *
 * @param {import('./connection.js').Connection} connection
 */
function leave(connection) {
  const inner = connection[kInner];
  if (inner.readyState !== OPEN) {
    return;
  }
  const { closing, options, streams, views } = inner.owner;
  inner.readyState = CLOSING;
  views.delete(inner.sid);
  streams.delete(connection);
  closing.add(connection);
  if (closing.size > Math.max(16, options.maxConnections)) {
    const [oldest] = closing;
    closing.delete(oldest);
    oldest[kInner].transport?.terminate();
  }
}

function fail(connection, message, closeCode, code) {
  const { owner, sid } = connection[kInner];
  leave(connection);
  owner.counters.errors++;
  emitError(owner.emitter, Object.assign(new Error(message), { code, sid, closeCode }));
}

/**
 * What a peer does is not thrown where nobody listens, as with `clientError` of `http.Server`.
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
 * The connection is over: the last that is heard of it.
 *
 * @param {import('./connection.js').Connection} connection
 * @param {string} reason
 * @param {number} code
 */
function finish(connection, reason, code) {
  const inner = connection[kInner];
  const { closing, emitter, streams, views } = inner.owner;
  inner.readyState = CLOSED;
  closing.delete(connection);
  views.delete(inner.sid);
  streams.delete(connection);
  inner.release?.();
  const { socket } = inner;
  inner.socket = null;
  socket?.destroy?.();
  emitter.emit('close', reason, inner.sid, code);
}

module.exports = { DRAIN, ERROR, deliver, deliverHeldSoon, emitError, finish, leave };
