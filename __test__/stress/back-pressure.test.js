'use strict';

// A peer that does not read, and a pause under a flood: what the server process has in memory at most.
// They run on all three transports.

const assert = require('node:assert/strict');
const { describe, test } = require('node:test');
const { MiB } = require('../support/memory');
const { TRANSPORTS, pressed, reportWithin } = require('../support/pressed');

const limit = { timeout: 120_000 };
const MAX = 32 * MiB;

/** What is queued once, what the last growth of its memory needs beside it, and what V8 keeps. */
const UNREAD = 2 * MAX + 32 * MiB;

describe('a peer that does not read', () => {
  for (const transport of TRANSPORTS) {
    for (const size of [100, 5000, 1 << 20]) {
      test(`${transport}, messages of ${size} bytes: dropped at maxBufferedAmount, others go on`, limit, async (t) => {
        const { server, clients } = await pressed(t, { transport, base: { maxBufferedAmount: MAX } });
        await clients.ask('connect', 'deaf', 'deaf', 1);
        await server.ask('opened', 1);
        await clients.ask('connect', 'fast', 'fast', 3);
        await server.ask('opened', 4);
        await server.ask('measure');
        const [sent, most] = await server.ask('press', size);
        t.diagnostic(`${sent} messages, bufferedAmount ${most} at most`);
        assert.ok(most > 0.9 * MAX && most < MAX + size + 14, `${most} bytes were queued`);
        await server.ask('closed', 1);
        await clients.ask('expect', 'fast', 10, 100);
        await server.ask('broadcast', 0, 10, 100, 1);
        await clients.says('fast heard');
        await server.ask('written');
        const { dropped, closed, connections } = await reportWithin(t, server, UNREAD);
        assert.deepEqual({ dropped, closed, connections }, { dropped: 1, closed: { 1006: 1 }, connections: 3 });
      });
    }
  }
});

const FLOODING = 40;
const SIZE = 16_384;
const COUNT = 400;

/** 16 MiB that wait when the pauses take hold, as much again that comes in meanwhile, and V8's. */
const PAUSED = 64 * MiB;
/** With all of that still held, as much once more under way. */
const RESUMED = 128 * MiB;

describe('pause(sid) at the first message of each client under a flood', () => {
  for (const transport of TRANSPORTS) {
    test(`${transport}: bounded memory, others go on, and after resume all comes, in order`, limit, async (t) => {
      const { server, clients } = await pressed(t, { transport, size: SIZE, pauses: true });
      await clients.ask('connect', 'flood', 'fast', FLOODING);
      await server.ask('opened', FLOODING);
      await server.ask('measure');
      await clients.ask('flood', 'flood', COUNT, SIZE);
      await server.ask('heard', FLOODING);
      for (const group of ['others', 'flood']) await clients.ask('expect', group, 100, 100);
      await clients.ask('connect', 'others', 'fast', 3);
      await server.ask('opened', FLOODING + 3);
      await server.ask('broadcast', 0, 100, 100, 1);
      await Promise.all([clients.says('others heard'), clients.says('flood heard')]);
      const { messages } = await reportWithin(t, server, PAUSED);
      assert.equal(messages, FLOODING);
      await server.ask('resume');
      await server.ask('heard', FLOODING * COUNT);
      await reportWithin(t, server, RESUMED);
    });
  }
});
