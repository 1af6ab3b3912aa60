'use strict';

const shared = require('../../native/shared.js');

/**
 * With this many connections that get the same, this thread may write itself: waking a shard would cost more. See
 * `INLINE_WRITES` in `src/binding/sockets/table.rs`.
 */
const FEW = 4;

/**
 * Whether a frame is what was sent last, to others: a loop over many connections. From the fifth of them on.
 *
 * @param {number} slot of the connection
 * @param {number} how the frame is sent
 * @param {string | ArrayBufferView} data
 * @returns {boolean}
 */
function isRepeated(slot, how, data) {
  const { sent } = shared;
  if (slot === sent.slot) {
    // Answers to one peer, most often. To keep each of them would cost more than all else here.
    if (sent.data !== undefined) sent.data = undefined;
    return false;
  }
  sent.slot = slot;
  if (data !== sent.data || how !== sent.how) {
    sent.data = data;
    sent.how = how;
    sent.times = 1;
    return false;
  }
  sent.times++;
  return sent.times > FEW;
}

/** The tick is over: nothing is kept that was sent in it. */
function forget() {
  shared.sent.data = undefined;
}

module.exports = { forget, isRepeated };
