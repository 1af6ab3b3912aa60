'use strict';

// Peers that send more than the server can take, and an innocent one that asks every now and then: how long the
// answers take, beside those of ws in the same run.

const assert = require('node:assert/strict');
const { describe, test } = require('node:test');
const { Innocent, attack, attacked, quantile } = require('../support/attacked');

const limit = { timeout: 300_000 };
/** Each server is attacked in turn, for so many ms, until the bound holds, but not oftener than so. What else the
 *  machine does only adds to how long an answer takes, so what counts is the least of the rounds. */
const ROUNDS = 5;
const ATTACK = 2000;
/** What a server that is at rest again answers within. */
const AT_REST = 20;

/** One attack on a server, and what an innocent peer has of it. */
async function round(t, server, kind, count) {
  const innocent = new Innocent(server);
  await innocent.client.inbox.next('head');
  const attackers = await attack(t, server, kind, count);
  const latencies = await innocent.listen(ATTACK);
  attackers.kill('SIGKILL');
  await attackers.exited;
  innocent.client.destroy();
  await atRest(server);
  return latencies;
}

/** Resolves once the server has done with what the attackers left behind: the other one is next. */
async function atRest(server) {
  for (const innocent = new Innocent(server); ; ) {
    const [latency] = await innocent.listen(1);
    if (latency < AT_REST) return innocent.client.destroy();
  }
}

/**
 * @param {(results: Record<string, { p50: number, p99: number }>) => boolean} holds
 * @returns {Promise<void>} rejected if it does not hold after the last round, or an answer of ours did not come
 */
async function compared(t, libraries, transport, kind, count, holds) {
  const servers = {};
  for (const library of libraries) servers[library] = await attacked(t, { library, transport });
  const results = Object.fromEntries(libraries.map((library) => [library, { p50: Infinity, p99: Infinity }]));
  for (let i = 0; i < ROUNDS; i++) {
    for (const library of libraries) {
      const latencies = await round(t, servers[library], kind, count);
      const [p50, p99] = [0.5, 0.99].map((part) => quantile(latencies, part));
      t.diagnostic(`${library}: p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms`);
      const least = results[library];
      results[library] = { p50: Math.min(least.p50, p50), p99: Math.min(least.p99, p99) };
      if (library === 'websockets') assert.ok(!latencies.includes(Infinity), 'an answer did not come');
    }
    if (holds(results)) return;
  }
  assert.fail(JSON.stringify(results));
}

const BOMB = 'text that inflates to 16 MiB';

describe('an innocent peer', () => {
  test(
    `on streams beside a peer whose 16 KiB inflate to 16 MiB: all answered, p99 twice that of ws`,
    limit,
    async (t) => {
      await compared(t, ['ws', 'websockets'], 'stream', BOMB, 1, ({ ws, websockets }) => websockets.p99 <= 2 * ws.p99);
    },
  );

  test('beside 10 such on one I/O thread: all answered, no later than by ws', limit, async (t) => {
    await compared(t, ['ws', 'websockets'], 'socket', BOMB, 10, ({ ws, websockets }) => {
      return websockets.p50 <= ws.p50 && websockets.p99 <= ws.p99;
    });
  });

  test('beside 10 that send BFINAL blocks: p99 of 50 ms', limit, async (t) => {
    await compared(t, ['websockets'], 'socket', 'BFINAL blocks', 10, ({ websockets }) => websockets.p99 <= 50);
  });

  test('beside one that floods with messages of one byte: no later than by ws', limit, async (t) => {
    await compared(t, ['ws', 'websockets'], 'socket', '1 byte', 1, ({ ws, websockets }) => {
      return websockets.p50 <= ws.p50 && websockets.p99 <= ws.p99;
    });
  });
});
