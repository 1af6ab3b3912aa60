'use strict';

const { errorMonitor } = require('node:events');
const { performance } = require('node:perf_hooks');

const { CLOSED, CLOSING, OPEN, kInner } = require('./connection.js');
const { closed, failed, received } = require('./diagnostics.js');
const { peerError } = require('../util/errors.js');
const { Fifo } = require('../util/fifo.js');

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
 * Connections that were open when they were terminated: whatever the peer had begun, that is how they end.
 *
 * @type {WeakSet<import('./connection.js').Connection>}
 */
const terminated = new WeakSet();
const ABNORMAL_CLOSURE = 1006;

/** The code of the error of a connection that is dropped for want of room: the engine reports it. */
const BACKPRESSURE = 'WS_ERR_BACKPRESSURE';

/**
 * Connections whose error has been reported, though it may still wait behind others.
 *
 * @type {WeakSet<import('./connection.js').Connection>}
 */
const overflowed = new WeakSet();

/** How long, in ms, held events may be delivered before the event loop gets its turn. */
const SLICE = 10;

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
  if (errorCode === BACKPRESSURE) overflowed.add(connection);
  if (kind === CLOSE) {
    const { transport } = inner;
    inner.transport = null;
    inner.pauses = 0;
    try {
      transport.release();
    } finally {
      // Whatever a stream does that is dropped.
      holdOrEmit(connection, kind, payload, code, errorCode);
    }
  } else {
    holdOrEmit(connection, kind, payload, code, errorCode);
  }
}

/** An event has its turn, behind those that wait for the end of a pause. */
function holdOrEmit(connection, kind, payload, code, errorCode) {
  const inner = connection[kInner];
  if (inner.pauses !== 0 || holds(inner)) {
    inner.held ??= new Fifo();
    inner.held.push([kind, payload, code, errorCode]);
    resumeHeld(connection);
  } else {
    emit(connection, kind, payload, code, errorCode);
  }
}

/** Whether events wait for the end of a pause. */
function holds({ held }) {
  return held !== null && held.length > 0;
}

/**
 * Goes on with a connection that is not paused any more: delivers what came meanwhile, once this
 * tick is over, and only then reads on.
 *
 * @param {import('./connection.js').Connection} connection
 */
function resumeHeld(connection) {
  const inner = connection[kInner];
  if (inner.pauses !== 0 || inner.scheduled) {
    return;
  }
  if (holds(inner)) {
    inner.scheduled = true;
    process.nextTick(deliverHeld, connection);
  } else {
    inner.transport?.pause(false);
  }
}

function deliverHeld(connection) {
  const inner = connection[kInner];
  const until = performance.now() + SLICE;
  let late = false;
  try {
    // A listener may pause again.
    while (holds(inner) && inner.pauses === 0 && !late) {
      emit(connection, ...inner.held.shift());
      late = performance.now() >= until;
    }
  } finally {
    inner.scheduled = false;
    if (late && holds(inner) && inner.pauses === 0) {
      inner.scheduled = true;
      setImmediate(deliverHeld, connection);
    } else {
      // After a listener that threw, the rest has its turn.
      resumeHeld(connection);
    }
  }
}

function emit(connection, kind, payload, code, errorCode) {
  const { owner, readyState, sid } = connection[kInner];
  if (kind === CLOSE) {
    finish(connection, payload, code);
    return;
  }
  if (kind === CLOSING_BEGAN || kind === ERROR) {
    beginClosing(connection, kind, payload, code, errorCode);
    return;
  }
  if (readyState !== OPEN) {
    return;
  }
  const { emitter, counters, views } = owner;
  views.hears(connection);
  switch (kind) {
    case TEXT:
      counters.messagesReceived++;
      received(emitter, connection, payload, false);
      if (owner.readers.size > 0) readMessage(connection, payload, false);
      emitter.emit('message', payload, sid);
      break;
    case BINARY:
      counters.messagesReceived++;
      received(emitter, connection, payload, true);
      if (owner.readers.size > 0) readMessage(connection, payload, true);
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
  }
}

/**
 * The peer's close frame or violation, or a timeout: all that came before has been emitted by now, and
 * what answers it leaves, behind the replies to that.
 *
 * @param {import('./connection.js').Connection} connection
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
      // A listener's send found no room, before this had its turn: that is why it ends, as is still to come.
      return;
    }
    if (inner.readyState === OPEN && kind === ERROR) {
      fail(connection, message, closeCode, code);
    } else {
      leave(connection);
    }
  } finally {
    inner.transport?.part();
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
  const { closing, dropped, options, streams, views } = inner.owner;
  inner.readyState = CLOSING;
  views.delete(inner.sid);
  streams.delete(connection);
  closing.add(connection);
  if (inner.pauses !== 0) {
    // Nobody could resume it any more.
    inner.pauses = 0;
    resumeHeld(connection);
  }
  if (closing.size > Math.max(16, options.maxConnections)) {
    const [oldest] = closing;
    closing.delete(oldest);
    dropped.add(oldest);
    oldest[kInner].transport?.terminate();
  }
}

function fail(connection, message, closeCode, code) {
  const { owner, sid } = connection[kInner];
  leave(connection);
  owner.counters.errors++;
  const error = peerError(message, { code, sid, closeCode });
  emitError(owner.emitter, error, connection);
}

/**
 * What a peer does is not thrown where nobody listens, as with `clientError` of `http.Server`.
 *
 * @param {import('node:events').EventEmitter} emitter
 * @param {Error} error
 * @param {import('./connection.js').Connection} [connection] that it happened on
 */
function emitError(emitter, error, connection) {
  failed(emitter, error, connection);
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
  const { closing, dropped, streams, views } = inner.owner;
  inner.readyState = CLOSED;
  inner.owner.windowBytes -= inner.windowBytes;
  closing.delete(connection);
  dropped.delete(connection);
  views.delete(inner.sid);
  streams.delete(connection);
  inner.release?.();
  const { socket } = inner;
  inner.socket = null;
  try {
    socket?.destroy?.();
  } finally {
    tellClose(connection, ...(terminated.has(connection) ? ['', ABNORMAL_CLOSURE] : [reason, code]));
  }
}

function tellClose(connection, reason, code) {
  const { owner, sid } = connection[kInner];
  closed(owner.emitter, connection, reason, code);
  for (const reader of readersOf(owner, sid)) reader.over(connection);
  try {
    owner.emitter.emit('close', reason, sid, code);
  } finally {
    for (const over of [...owner.ends]) over(connection);
  }
}

/** The iterators that are for this connection. */
function readersOf({ readers }, sid) {
  return [...(readers.get(null) ?? []), ...(readers.get(sid) ?? [])];
}

function readMessage(connection, data, isBinary) {
  const { owner, sid } = connection[kInner];
  for (const reader of readersOf(owner, sid)) {
    if (!isBinary || reader.takesBinary) reader.take(connection, data);
  }
}

module.exports = { deliver, emitError, finish, leave, resumeHeld, terminated };
