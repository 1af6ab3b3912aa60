'use strict';

const { OPEN, kInner } = require('./connection.js');
const { resumeHeld } = require('./deliver.js');

/** What `pauses` of a connection has: one bit of the app's, and a count above it of those who hold it. */
const BY_APP = 1;
const HOLD = 2;

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
 * Goes on after `pause`, unless it is held as well.
 *
 * @param {import('./connection.js').Connection} connection
 */
function resume(connection) {
  const inner = connection[kInner];
  if ((inner.pauses & BY_APP) !== 0) {
    inner.pauses &= ~BY_APP;
    resumeHeld(connection);
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
 * Undoes one `hold`; goes on unless the app or another holds it back.
 *
 * @param {import('./connection.js').Connection} connection
 */
function letGo(connection) {
  const inner = connection[kInner];
  // The end of a connection has undone all of them.
  if (inner.readyState === OPEN && inner.pauses >= HOLD) {
    inner.pauses -= HOLD;
    resumeHeld(connection);
  }
}

module.exports = { hold, letGo, pause, resume };
