'use strict';

// glibc keeps the memory of large Buffers for the next ones: were it given back to the system after each
// collection, most of the time for such a message would be that of new pages.

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { run } = require('../support/child');
const { MiB } = require('../support/memory');
const { limit, DRIVEN_BY } = require('../support/server');
const { Client } = require('../support/ws-client');
const { thisPlatform } = require('../../lib/native/platform');

/** As many as V8 collects several times over. */
const [FIRST, ALL] = [200, 600];

const isGlibc = /^linux-(x64|arm64)-gnu$/.test(thisPlatform().name) && process.versions.bun === undefined;
test('large Buffers get the memory of those before', {
  ...limit,
  skip: !isGlibc && 'Buffers are not of glibc',
}, async (t) => {
  const child = run(t, 'large-messages.js', [DRIVEN_BY]);
  const [, port] = await child.says();
  const client = new Client(`ws://127.0.0.1:${port}/`);
  await client.opened;
  const message = Buffer.alloc(MiB, 7);
  const faults = [];
  for (let count = 0; count < ALL; count++) {
    client.ws.send(message);
    const [, sum, length] = await child.says();
    assert.equal(length, MiB);
    faults.push(sum);
  }
  client.ws.terminate();
  const each = (faults[ALL - 1] - faults[FIRST - 1]) / (ALL - FIRST);
  t.diagnostic(`${each.toFixed(1)} page faults a message, of ${MiB / 4096} pages`);
  assert.ok(each < 32, `${each} page faults a message`);
});
