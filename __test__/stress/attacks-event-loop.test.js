'use strict';

// Peers that make the server's thread work: how late its event loop is at most.

const assert = require('node:assert/strict');
const { setTimeout: sleep } = require('node:timers/promises');
const { test } = require('node:test');
const { attack, attacked } = require('../support/attacked');

const limit = { timeout: 120_000 };
const ATTACK = 4000;

test('100 peers that flood, and are killed: 200 ms, and the event loop answers', limit, async (t) => {
  const server = await attacked(t, {});
  const peers = await attack(t, server, '1 byte', 100);
  await sleep(ATTACK);
  peers.kill('SIGKILL');
  await peers.exited;
  const since = performance.now();
  await server.ask('here');
  const delay = performance.now() - since;
  t.diagnostic(`${delay.toFixed()} ms`);
  assert.ok(delay <= 200, `${delay} ms`);
});
