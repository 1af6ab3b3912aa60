'use strict';

const { OPEN, kInner } = require('./connection.js');
const { nextTick, now, setImmediate } = require('../util/clock.js');
const { Fifo } = require('../util/fifo.js');

/** What `pauses` of a connection has: one bit of the app's, and above it a count of those who hold it. */
const BY_APP = 1;
const HOLD = 2;

/** How long, in ms, held records may be delivered before the event loop gets its turn. */
const SLICE = 10;

/**
 * Stops reading from a connection, by the app's wish.
 *
 * @param {import('./connection.js').Connection} connection
 */
function pause(connection) {
  const inner = connection[kInner];
  inner.pauses |= BY_APP;
  inner.transport?.pause(true);
}

/**
 * Goes on after `pause`, unless something holds the connection as well.
 *
 * @param {import('./connection.js').Connection} connection
 */
function resume(connection) {
  const inner = connection[kInner];
  if ((inner.pauses & BY_APP) !== 0) {
    inner.pauses &= ~BY_APP;
    goOn(connection);
  }
}

/**
 * Stops reading from a connection, whatever the app does meanwhile.
 *
 * @param {import('./connection.js').Connection} connection
 */
function hold(connection) {
  const inner = connection[kInner];
  inner.pauses += HOLD;
  inner.transport?.pause(true);
}

/**
 * Undoes one `hold`; goes on unless the app or another holds the connection.
 *
 * @param {import('./connection.js').Connection} connection
 */
function release(connection) {
  const inner = connection[kInner];
  // The end of a connection has undone all of them.
  if (inner.readyState === OPEN && inner.pauses >= HOLD) {
    inner.pauses -= HOLD;
    goOn(connection);
  }
}

/**
 * Undoes every pause and hold: the connection is closing, and nobody could resume it any more.
 *
 * @param {import('./connection.js').Connection} connection
 */
function releaseAll(connection) {
  const inner = connection[kInner];
  if (inner.pauses !== 0) {
    inner.pauses = 0;
    goOn(connection);
  }
}

/**
 * Whether a record has to wait: the connection is paused or held, or records wait already.
 *
 * @param {import('./connection.js').Connection} connection
 */
function mustWait(connection) {
  const inner = connection[kInner];
  return inner.pauses !== 0 || hasHeld(inner);
}

/**
 * Keeps a record until the connection is resumed.
 *
 * @param {import('./connection.js').Connection} connection
 * @param {() => void} deliver delivers it
 */
function keep(connection, deliver) {
  const inner = connection[kInner];
  inner.held ??= new Fifo();
  inner.held.push(deliver);
  goOn(connection);
}

/** @param {{ held: Fifo<() => void> | null }} inner @returns {boolean} whether records wait */
function hasHeld({ held }) {
  return held !== null && held.length > 0;
}

/**
 * If the connection is not paused any more: delivers what came meanwhile, after this tick, and only then reads on.
 *
 * @param {import('./connection.js').Connection} connection
 */
function goOn(connection) {
  const inner = connection[kInner];
  if (inner.pauses !== 0 || inner.scheduled) {
    return;
  }
  if (hasHeld(inner)) {
    inner.scheduled = true;
    nextTick(enterHeld, connection);
  } else {
    inner.transport?.pause(false);
  }
}

/**
 * Delivers what waits, in the connection's asynchronous context rather than in that of who goes on.
 *
 * @param {import('./connection.js').Connection} connection
 */
function enterHeld(connection) {
  connection[kInner].runInAsyncScope(deliverHeld, undefined, connection);
}

/**
 * Delivers what waits, for a slice of time.
 *
 * @param {import('./connection.js').Connection} connection
 */
function deliverHeld(connection) {
  const inner = connection[kInner];
  const until = now() + SLICE;
  let late = false;
  try {
    // A listener may pause again.
    while (hasHeld(inner) && inner.pauses === 0 && !late) {
      inner.held?.shift()?.();
      late = now() >= until;
    }
  } finally {
    inner.scheduled = false;
    if (late && hasHeld(inner) && inner.pauses === 0) {
      inner.scheduled = true;
      setImmediate(enterHeld, connection);
    } else {
      // After a listener that threw, the rest has its turn.
      goOn(connection);
    }
  }
}

module.exports = { hold, keep, mustWait, pause, release, releaseAll, resume };
