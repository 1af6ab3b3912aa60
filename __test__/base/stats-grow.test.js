'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { limit, served } = require('../support/server');

/** What may also become less. */
const GAUGES = new Set(['connections', 'streams', 'closing', 'queuedBytes', 'ioThreads']);

// Of those that are closing 16 are kept where maxConnections is less; the others are dropped at once.
test(
  'the counters never become less, also when closing connections have to make room',
  limit,
  served(
    {
      base: { maxConnections: 100 },
    },
    async ({ base, events, raw }) => {
      let before = base.stats();
      const look = () => {
        const now = base.stats();
        for (const name of Object.keys(now)) {
          if (!GAUGES.has(name))
            assert.ok(now[name] >= before[name], `${name} was ${before[name]} and is ${now[name]}`);
        }
        before = now;
        return now;
      };
      const clients = [];
      for (let i = 0; i < 40; i++) clients.push(await raw());
      base.send('welcome');
      await Promise.all(clients.map((client) => client.text('hello')));
      await events.atLeast('message', 40);
      await Promise.all(clients.map((client) => client.frame()));
      look();
      assert.ok(before.bytesReceived >= 40 * 11 && before.bytesSent >= 40 * 9);

      base.maxConnections = 1;
      base.on('close', look);
      base.close();
      const { closing, connections } = look();
      assert.deepEqual([closing, connections], [40, 0]);
      for (const client of clients) client.destroy();
      await events.atLeast('close', 40);
      assert.equal(look().closing, 0);
    },
  ),
);
