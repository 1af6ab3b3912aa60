'use strict';

// What a server spends on what costs a peer next to nothing, beside ws in the same run.

const assert = require('node:assert/strict');
const { setTimeout: sleep } = require('node:timers/promises');
const { test } = require('node:test');
const { attack, attacked } = require('../support/attacked');

const ATTACK = 3000;
/** Each library has its turn, until the bound holds, but not oftener than so. */
const ROUNDS = 5;

/** @returns {Promise<number>} µs of the processor that a server spends on a message while it is attacked */
async function costOf(t, server, kind) {
  const [before, heardBefore] = await server.ask('spent');
  const peers = await attack(t, server, kind);
  await sleep(ATTACK);
  const [spent, heard] = await server.ask('spent');
  peers.kill('SIGKILL');
  await peers.exited;
  assert.ok(heard > heardBefore, 'nothing was heard');
  return (spent - before) / (heard - heardBefore);
}

test('a message of one byte, compressed: it costs no more than with ws', { timeout: 120_000 }, async (t) => {
  const [ws, ours] = [await attacked(t, { library: 'ws' }), await attacked(t, {})];
  for (let round = 0; round < ROUNDS; round++) {
    const [theirs, cost] = [await costOf(t, ws, 'tiny and compressed'), await costOf(t, ours, 'tiny and compressed')];
    t.diagnostic(`${cost.toFixed(1)} µs, ws ${theirs.toFixed(1)} µs`);
    if (cost <= theirs) return;
  }
  assert.fail('it costs more in each round');
});
