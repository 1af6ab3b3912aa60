'use strict';

/**
 * A hundred messages to and fro: time in which what was to come from others would have come.
 *
 * @param {{ base: import('../..').Base }} server
 * @param {import('./ws-client').Client} other one that has no part in the test
 */
async function whileOthersTalk({ base }, other) {
  for (let i = 0; i < 100; i++) {
    base.send(other.sid, 'ping');
    await other.message();
    const heard = new Promise((resolve) => base.once('message', resolve));
    await other.send('pong');
    const text = await heard;
    if (text !== 'pong') throw new Error(`another than ${other.sid} said ${text}`);
  }
}

module.exports = { whileOthersTalk };
