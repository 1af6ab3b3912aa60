'use strict';

// JavaScript is blocked for ten seconds while many clients write. It runs on all three transports.

const assert = require('node:assert/strict');
const { describe, test } = require('node:test');
const { MiB } = require('../support/memory');
const { RawClient } = require('../support/raw-client');
const { TRANSPORTS, pressed, reportWithin } = require('../support/pressed');

const CLIENTS = 40;
const BLOCKED = 10_000;
/** More than this without an answer, and a thread of the other env has waited for the blocked one. */
const PATIENCE = BLOCKED / 2;

/** 16 MiB that wait, as much again that comes in while those are delivered, and strings for V8. */
const BOUND = 96 * MiB;

/**
 * Messages by their size, how many of them each client writes, and options. The large ones are more
 * than the kernel takes, so that bytes of each client wait when the block ends: nobody is idle, though
 * by the clock each of them has been.
 */
const KINDS = { 'of 16 KiB': [16_384, 400, { timeout: 9000 }], 'of one byte': [1, 40_000, {}] };

/** Echoes from another env, one after another, for as long as `goesOn`. */
async function talk(port, goesOn) {
  const client = new RawClient({ port, host: '127.0.0.1' });
  await client.inbox.next('head');
  const gaps = [];
  while (goesOn()) {
    const before = performance.now();
    await client.text('there?');
    assert.equal(await client.said(), 'there?');
    gaps.push(performance.now() - before);
  }
  client.destroy();
  return gaps;
}

describe('blocked for ten seconds under a flood', { concurrency: true }, () => {
  for (const transport of TRANSPORTS) {
    for (const [what, [size, count, base]] of Object.entries(KINDS)) {
      test(`${transport}, messages ${what}: bounded memory, all of it comes in order, another env goes on`, {
        timeout: 180_000,
      }, async (t) => {
        const { server, clients } = await pressed(t, { transport, size, base });
        const [port] = await server.ask('elsewhere');
        await clients.ask('connect', 'flood', 'fast', CLIENTS);
        await server.ask('opened', CLIENTS);
        await server.ask('measure');
        await clients.ask('flood', 'flood', count, size);
        await server.ask('heard', 1);
        await server.ask('block', BLOCKED);
        let isBlocked = true;
        const released = server.says('released').then(() => (isBlocked = false));
        const gaps = await talk(port, () => isBlocked);
        await released;
        await server.ask('heard', CLIENTS * count);
        t.diagnostic(`${gaps.length} echoes from another env meanwhile, ${Math.max(...gaps).toFixed()} ms at most`);
        assert.ok(gaps.length > 100, `${gaps.length} echoes in ${BLOCKED} ms`);
        assert.ok(Math.max(...gaps) < PATIENCE, `${Math.max(...gaps)} ms`);
        const report = await reportWithin(t, server, BOUND);
        assert.deepEqual([report.connections, report.messages, report.closed], [CLIENTS, CLIENTS * count, {}]);
      });
    }
  }
});
