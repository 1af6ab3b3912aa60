'use strict';

// Peers that make the server's thread work: how late its event loop is at most.

const assert = require('node:assert/strict');
const { setTimeout: sleep } = require('node:timers/promises');
const { describe, test } = require('node:test');
const { Innocent, attack, attacked } = require('../support/attacked');

const limit = { timeout: 120_000 };
const ATTACK = 4000;
/** What else the machine does only adds to a delay: one round within the bound is enough, of so many. */
const ROUNDS = 4;

/**
 * @param {import('node:test').TestContext} t
 * @param {number} bound ms
 * @param {() => Promise<number>} measure
 */
async function within(t, bound, measure) {
  let least = Infinity;
  for (let round = 0; round < ROUNDS && least > bound; round++) {
    const delay = await measure();
    t.diagnostic(`${delay.toFixed()} ms`);
    least = Math.min(least, delay);
  }
  assert.ok(least <= bound, `${least} ms`);
}

/** @returns {Promise<number>} ms, how late the event loop of a server is at most while it is attacked */
async function delayUnder(t, server, ...attackers) {
  await server.ask('watch');
  const peers = await attack(t, server, ...attackers);
  await sleep(ATTACK);
  peers.kill('SIGKILL');
  const [delay] = await server.ask('delay');
  return delay;
}

describe('how late the event loop is', () => {
  const BOMB = 'text that inflates to 16 MiB';
  for (const [count, name] of [
    [1, 'a peer over TLS whose 16 KiB inflate to 16 MiB'],
    [5, '5 of them'],
  ]) {
    test(`${name}: 150 ms, and no later than with ws`, limit, async (t) => {
      const [ws, ours] = [
        await attacked(t, { library: 'ws', transport: 'tls' }),
        await attacked(t, { transport: 'tls' }),
      ];
      await within(t, 150, async () => {
        const [theirs, delay] = [await delayUnder(t, ws, BOMB, count), await delayUnder(t, ours, BOMB, count)];
        t.diagnostic(`ws ${theirs.toFixed()} ms`);
        return delay <= theirs ? delay : Infinity;
      });
    });
  }

  test('10 peers that send BFINAL blocks, and broadcasts meanwhile: 50 ms', limit, async (t) => {
    const server = await attacked(t, { app: 'broadcasts', base: { maxBufferedAmount: 4e6 } });
    const reader = new Innocent(server);
    await reader.client.inbox.next('head');
    await within(t, 50, () => delayUnder(t, server, 'BFINAL blocks', 10));
  });

  test(
    'floods on sockets and on streams at once: a turn of the event loop takes one slice, and not two',
    limit,
    async (t) => {
      const server = await attacked(t, { transport: 'mixed' });
      await within(t, 20, async () => {
        const peers = await attack(t, server, '1 byte', 10);
        const [turn] = await server.ask('turns', ATTACK);
        peers.kill('SIGKILL');
        await peers.exited;
        assert.ok(turn > 2, `a turn of ${turn} ms: it has time left`);
        return turn;
      });
    },
  );

  test('resume(null) after 200 paused peers: 50 ms', limit, async (t) => {
    await within(t, 50, async () => {
      const server = await attacked(t, { app: 'a pause at the first message' });
      await attack(t, server, '1 byte', 200, 1);
      await sleep(ATTACK / 2);
      await server.ask('watch');
      await server.ask('resume');
      await sleep(ATTACK / 2);
      const [delay] = await server.ask('delay');
      const [heard] = await server.ask('heard');
      assert.ok(heard > 0, 'no message was heard');
      return delay;
    });
  });

  for (const transport of ['socket', 'stream', 'tls']) {
    test(`100 peers that flood, and are killed, ${transport}: 200 ms, and it answers`, limit, async (t) => {
      const server = await attacked(t, { transport });
      await within(t, 200, async () => {
        const peers = await attack(t, server, '1 byte', 100);
        await sleep(ATTACK);
        peers.kill('SIGKILL');
        await peers.exited;
        const since = performance.now();
        await server.ask('here');
        return performance.now() - since;
      });
    });
  }
});
