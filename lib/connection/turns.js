'use strict';

const native = require('../native/native.js');
const shared = require('../native/shared.js');
const { setImmediate } = require('../util/clock.js');
const { Fifo } = require('../util/fifo.js');

// All that is delivered in a turn of the event loop has one slice of time together, which Rust measures: records of
// sockets, pieces of streams, and what was held. What there was no time for comes in a later turn, by this.

/** Who has more to deliver, in the order in which they said so. @type {Fifo<() => void>} */
const row = rowOfAll();

/** @returns {Fifo<() => void>} one for all copies of this JavaScript */
function rowOfAll() {
  shared.row ??= new Fifo();
  return /** @type {Fifo<() => void>} */ (shared.row);
}

/** @param {() => void} deliver is called in a later turn of the event loop */
function later(deliver) {
  row.push(deliver);
  call();
}

/** Has the next turn of the event loop begin a slice. */
function call() {
  if (!shared.isTurnCalled) {
    shared.isTurnCalled = true;
    setImmediate(turn);
  }
}

/** A turn of the event loop: each has its own, and who was the first comes last in the next. */
function turn() {
  shared.isTurnCalled = false;
  native.sliceRenew();
  let count = row.length;
  if (count > 1) {
    row.push(/** @type {() => void} */ (row.shift()));
  }
  try {
    for (; count > 0; count--) {
      row.shift()?.();
    }
  } finally {
    // After a listener that threw, the others have their turn.
    if (row.length > 0) call();
  }
}

module.exports = { call, later };
