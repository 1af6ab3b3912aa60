'use strict';

const { CLOSED, kInner } = require('./connection.js');
const turns = require('./turns.js');
const native = require('../native/native.js');
const { nextTick } = require('../util/clock.js');
const { Fifo } = require('../util/fifo.js');

/** @typedef {import('./connection.js').Connection} Connection */

/** What `pauses` of a connection has: one bit of the app's, and above it a count of those who hold it. */
const BY_APP = 1;
const HOLD = 2;

/** Connections that have gone on, and have records that were held. @type {Fifo<Connection>} */
const row = new Fifo();
/** Whether those are about to be delivered. */
let isScheduled = false;

/**
 * Stops reading from a connection, by the app's wish.
 *
 * @param {Connection} connection
 */
function pause(connection) {
  const inner = connection[kInner];
  if (inner.isLost) {
    return;
  }
  inner.pauses |= BY_APP;
  inner.transport?.pause(true);
}

/**
 * Goes on after `pause`, unless something holds the connection as well.
 *
 * @param {Connection} connection
 */
function resume(connection) {
  const inner = connection[kInner];
  if ((inner.pauses & BY_APP) !== 0) {
    inner.pauses &= ~BY_APP;
    goOn(connection);
  }
}

/**
 * Whether the app has paused a connection.
 *
 * @param {import('./connection.js').Connection} connection
 */
function isPaused(connection) {
  return (connection[kInner].pauses & BY_APP) !== 0;
}

/**
 * Stops reading from a connection, whatever the app does meanwhile.
 *
 * @param {Connection} connection
 */
function hold(connection) {
  const inner = connection[kInner];
  if (inner.isLost) {
    return;
  }
  inner.pauses += HOLD;
  inner.transport?.pause(true);
}

/**
 * Undoes one `hold`; goes on unless the app or another holds the connection.
 *
 * @param {Connection} connection
 */
function release(connection) {
  const inner = connection[kInner];
  // The end of a connection has undone all of them.
  if (inner.readyState !== CLOSED && inner.pauses >= HOLD) {
    inner.pauses -= HOLD;
    goOn(connection);
  }
}

/**
 * Undoes every pause and hold: the connection is closing, and nobody could resume it any more.
 *
 * @param {Connection} connection
 */
function releaseAll(connection) {
  const inner = connection[kInner];
  if (inner.pauses !== 0) {
    inner.pauses = 0;
    goOn(connection);
  }
}

/**
 * The connection is lost: what came before that comes next, and then its end, whatever pauses it from now on.
 *
 * @param {Connection} connection
 */
function lose(connection) {
  connection[kInner].isLost = true;
  releaseAll(connection);
}

/**
 * Whether a record has to wait: the connection is paused or held, or records wait already.
 *
 * @param {Connection} connection
 */
function mustWait(connection) {
  const inner = connection[kInner];
  return inner.pauses !== 0 || hasHeld(inner);
}

/**
 * Keeps a record until the connection is resumed. These are few: what Rust has yet to deliver it keeps back itself.
 *
 * @param {Connection} connection
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
 * If the connection is not paused any more: delivers what came meanwhile, after this tick, and only then goes on.
 *
 * @param {Connection} connection
 */
function goOn(connection) {
  const inner = connection[kInner];
  if (inner.pauses !== 0 || inner.scheduled) {
    return;
  }
  if (hasHeld(inner)) {
    inner.scheduled = true;
    row.push(connection);
    if (!isScheduled) {
      isScheduled = true;
      nextTick(deliverRow);
    }
  } else {
    inner.transport?.pause(false);
  }
}

/**
 * Delivers what is held of connections that have gone on, one after the other, for as long as the slice goes: the rest in
 * a later turn of the event loop.
 */
function deliverRow() {
  const isOutermost = native.sliceBegin();
  try {
    for (let connection = row.shift(); connection !== undefined; connection = row.shift()) {
      // In its own asynchronous context, rather than in that of who goes on.
      connection[kInner].runInAsyncScope(deliverHeld, undefined, connection);
      if (native.sliceIsOver()) break;
    }
  } finally {
    if (isOutermost) native.sliceEnd();
    isScheduled = row.length > 0;
    // After a listener that threw, the others have their turn.
    if (isScheduled) turns.later(deliverRow);
    else turns.call();
  }
}

/**
 * Delivers what is held of a connection, one record or more. If some are left, its next turn comes after the others'.
 *
 * @param {Connection} connection
 */
function deliverHeld(connection) {
  const inner = connection[kInner];
  try {
    // A listener may pause again.
    while (hasHeld(inner) && inner.pauses === 0) {
      inner.held?.shift()?.();
      if (native.sliceIsOver()) break;
    }
  } finally {
    inner.scheduled = false;
    goOn(connection);
  }
}

module.exports = { hold, isPaused, keep, lose, mustWait, pause, release, releaseAll, resume };
