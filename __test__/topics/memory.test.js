'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { collect } = require('../support/collect');
const { inMiB } = require('../support/memory');
const { limit, served } = require('../support/server');

const COUNT = 100_000;
const MiB = 1 << 20;

/** A round of all of them, in each way to subscribe and to leave. @param {number} number */
async function round({ base, connections }, number) {
  for (let i = 0; i < COUNT; i++) connections[i % 4].subscribe(`${number}/${i}`);
  assert.deepEqual([base.topics().length, base.stats().subscriptions], [COUNT, COUNT]);
  assert.equal(base.publish(`${number}/${COUNT - 1}`, 'x'), 1);
  for (let i = 0; i < COUNT; i++) {
    if (i % 4 < 2) connections[i % 4].unsubscribe(`${number}/${i}`);
  }
  for (const connection of connections.slice(2)) connection.unsubscribe();
  assert.deepEqual([base.topics().length, base.stats().subscriptions], [0, 0]);
  // All of it has been carried out when that has come back.
  base.send(`${number}`);
  await connections.last.inbox.until(() => connections.last.messages.at(-1) === `${number}`);
}

test(
  '100,000 topics, subscribed to and left again and again, leave nothing',
  limit,
  served({}, async (server) => {
    const { base, connectMany } = server;
    const clients = await connectMany(4);
    const connections = Object.assign(
      clients.map(({ sid }) => base.sockets[sid]),
      { last: clients[3] },
    );
    const held = [];
    for (let i = 0; i < 6; i++) {
      await round({ base, connections }, i);
      collect();
      held.push(process.memoryUsage());
    }
    // The memory of the largest number of topics is there after the first. A topic that was kept would be 600 bytes.
    const heap = held.at(-1).heapUsed - held[1].heapUsed;
    assert.ok(heap < 4 * MiB, `${inMiB(heap)} more of the heap`);
    // What is resident goes up and down with the collector's own pages.
    const resident = held.map(({ rss }) => rss);
    const rss = Math.min(...resident.slice(3)) - Math.max(...resident.slice(0, 3));
    assert.ok(rss < 16 * MiB, `${inMiB(rss)} more resident`);
  }),
);
