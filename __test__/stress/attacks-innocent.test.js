'use strict';

// Peers that send more than the server can take, and an innocent one that asks every now and then: how long the
// answers take, beside those of ws in the same run.

const assert = require('node:assert/strict');
const { describe, test } = require('node:test');
const { Innocent, attack, attacked, quantile } = require('../support/attacked');

const limit = { timeout: 240_000 };
/** Each server is attacked so many times in turn, for so many ms; what counts is the median. */
const ROUNDS = 3;
const ATTACK = 2000;
/** What a server that is at rest again answers within. */
const AT_REST = 20;

const median = (values) => quantile(values, 0.5);

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

/** @returns {Promise<Record<string, { p50: number, p99: number, unanswered: number }>>} by library */
async function compared(t, libraries, transport, kind, count) {
  const servers = {};
  for (const library of libraries) servers[library] = await attacked(t, { library, transport });
  const rounds = Object.fromEntries(libraries.map((library) => [library, []]));
  for (let i = 0; i < ROUNDS; i++) {
    for (const library of libraries) rounds[library].push(await round(t, servers[library], kind, count));
  }
  const results = Object.entries(rounds).map(([library, all]) => {
    const [p50, p99] = [0.5, 0.99].map((part) => median(all.map((latencies) => quantile(latencies, part))));
    const unanswered = all.flat().filter((latency) => latency === Infinity).length;
    t.diagnostic(`${library}: p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms, ${unanswered} unanswered`);
    return [library, { p50, p99, unanswered }];
  });
  return Object.fromEntries(results);
}

const BOMB = 'text that inflates to 16 MiB';

describe('an innocent peer', () => {
  test(
    `on streams beside a peer whose 16 KiB inflate to 16 MiB: all answered, p99 twice that of ws`,
    limit,
    async (t) => {
      const { ws, websockets } = await compared(t, ['ws', 'websockets'], 'stream', BOMB, 1);
      assert.equal(websockets.unanswered, 0);
      assert.ok(websockets.p99 <= 2 * ws.p99, `${websockets.p99} ms, ws ${ws.p99} ms`);
    },
  );

  test('beside 10 that send BFINAL blocks: p99 of 50 ms', limit, async (t) => {
    const { websockets } = await compared(t, ['websockets'], 'socket', 'BFINAL blocks', 10);
    assert.ok(websockets.p99 <= 50, `${websockets.p99} ms`);
  });

  test('beside one that floods with messages of one byte: no later than by ws', limit, async (t) => {
    const { ws, websockets } = await compared(t, ['ws', 'websockets'], 'socket', '1 byte', 1);
    assert.equal(websockets.unanswered, 0);
    assert.ok(websockets.p50 <= ws.p50, `p50 ${websockets.p50} ms, ws ${ws.p50} ms`);
    assert.ok(websockets.p99 <= ws.p99, `p99 ${websockets.p99} ms, ws ${ws.p99} ms`);
  });
});
