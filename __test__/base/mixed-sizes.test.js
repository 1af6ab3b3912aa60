'use strict';

// Large messages may be written at once, from the caller's memory; small ones wait for the end of the tick.

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { limit, served } = require('../support/server');

/** Bytes of messages, small and large by turns; what the kernel takes of a peer that does not read is less than all. */
const SIZES = [10, 10_000, 20, 10_000, 40_000, 30, 100_000, 10_000, 40, 20_000, 8 << 20, 10_000, 50];

for (const reads of [true, false]) {
  test(
    `messages of all sizes leave in the order of the calls, of one tick and of more, to a peer that ${reads ? 'reads' : 'does not read yet'}`,
    limit,
    served({}, async ({ base, raw }) => {
      const client = await raw({ paused: !reads });
      const messages = SIZES.map((size, index) => Buffer.alloc(size, index + 1));
      let ticks = 0;
      for (const message of messages) {
        base.send(client.sid, message);
        if (ticks++ % 5 === 4) await new Promise(setImmediate);
      }
      if (!reads) {
        assert.ok(base.bufferedAmount(client.sid) > 0);
        client.resume();
      }
      for (const message of messages) {
        const { payload } = await client.frame();
        assert.ok(payload.equals(message), `${payload.length} bytes of ${payload[0]} for ${message.length}`);
      }
    }),
  );
}
