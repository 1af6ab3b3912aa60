'use strict';

// Peers that make the server's thread work: how late its event loop is at most.

const assert = require('node:assert/strict');
const { setTimeout: sleep } = require('node:timers/promises');
const { describe, test } = require('node:test');
const { Innocent, attack, attacked } = require('../support/attacked');

const limit = { timeout: 120_000 };
const ATTACK = 4000;

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
  test(`a peer over TLS whose 16 KiB inflate to 16 MiB: as one message, and not as with ws`, limit, async (t) => {
    const [ws, ours] = [
      await attacked(t, { library: 'ws', transport: 'tls' }),
      await attacked(t, { transport: 'tls' }),
    ];
    await ours.ask('watch');
    const once = await attack(t, ours, BOMB, 1, 1);
    await sleep(ATTACK / 4);
    once.kill('SIGKILL');
    const [own] = await ours.ask('delay');
    const [theirs, delay] = [await delayUnder(t, ws, BOMB, 1), await delayUnder(t, ours, BOMB, 1)];
    t.diagnostic(`${delay.toFixed()} ms, one message ${own.toFixed()} ms, ws ${theirs.toFixed()} ms`);
    assert.ok(delay <= 150 + own, `${delay} ms, ${own} ms of them of one message`);
    assert.ok(delay <= theirs, `${delay} ms, ws ${theirs} ms`);
  });

  test('10 peers that send BFINAL blocks, and broadcasts meanwhile: 50 ms', limit, async (t) => {
    const server = await attacked(t, { app: 'broadcasts', base: { maxBufferedAmount: 4e6 } });
    const reader = new Innocent(server);
    await reader.client.inbox.next('head');
    const delay = await delayUnder(t, server, 'BFINAL blocks', 10);
    t.diagnostic(`${delay.toFixed()} ms`);
    assert.ok(delay <= 50, `${delay} ms`);
  });

  test('resume(null) after 200 paused peers: 50 ms', limit, async (t) => {
    const server = await attacked(t, { app: 'a pause at the first message' });
    await attack(t, server, '1 byte', 200, 1);
    await sleep(ATTACK / 2);
    await server.ask('watch');
    await server.ask('resume');
    await sleep(ATTACK / 2);
    const [delay] = await server.ask('delay');
    t.diagnostic(`${delay.toFixed()} ms, ${await server.ask('heard')} messages heard`);
    assert.ok(delay <= 50, `${delay} ms`);
  });

  for (const transport of ['socket', 'stream', 'tls']) {
    test(`100 peers that flood, and are killed, ${transport}: 200 ms, and it answers`, limit, async (t) => {
      const server = await attacked(t, { transport });
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
  }
});
