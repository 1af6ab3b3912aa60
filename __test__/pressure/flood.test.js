'use strict';

const assert = require('node:assert/strict');
const { once } = require('node:events');
const { test } = require('node:test');
const { run } = require('../support/child');
const { TestServer, limit } = require('../support/server');

const MiB = 1 << 20;
const COUNT = 100_000;
const SIZE = 4096;

/** Nothing of JavaScript runs for so long. */
function block(ms) {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

test('400 MiB while JavaScript is blocked for a second: all of it comes, in order, in bounded memory', {
  timeout: 120_000,
}, async (t) => {
  const server = await new TestServer().listen();
  t.after(() => server.http.close());
  const { base } = server;
  base.removeAllListeners('message'); // or the inbox would keep what it hears
  let heard = 0;
  let most = 0;
  base.on('message', (text) => {
    // Not by assert.equal: the message of a failure would be 400 MiB as well.
    if (!text.startsWith(`${heard}.`) || text.length !== SIZE) assert.fail(`number ${heard} was ${text.slice(0, 10)}`);
    if (heard++ % 1000 === 0) most = Math.max(most, process.memoryUsage.rss());
  });
  const child = run(t, 'flood-client.js', [server.at, COUNT, SIZE]);
  await child.says();
  const before = process.memoryUsage.rss();
  await once(base, 'message');
  block(1000);
  most = Math.max(most, process.memoryUsage.rss());
  assert.equal((await server.events.next('close'))[2], 1000);
  assert.equal(heard, COUNT);
  assert.ok(most - before < 160 * MiB, `${(most - before) / MiB} MiB more than before`);
});

test('while JavaScript is blocked, one peer is read no further than its share', limit, async (t) => {
  const server = await new TestServer().listen();
  t.after(() => server.http.close());
  const { base } = server;
  base.removeAllListeners('message');
  const child = run(t, 'flood-client.js', [server.at, COUNT, SIZE]);
  await child.says();
  await once(base, 'message');
  const before = base.stats().bytesReceived;
  block(300);
  const read = base.stats().bytesReceived - before;
  assert.ok(read < 2 * MiB, `${read / MiB} MiB were read meanwhile`);
  base.terminate(null);
  await server.events.next('close');
});

test('timers run while a flood comes in', { timeout: 60_000 }, async (t) => {
  const server = await new TestServer().listen();
  t.after(() => server.http.close());
  const { base } = server;
  base.removeAllListeners('message');
  let heard = 0;
  let ticks = 0;
  base.on('message', () => heard++);
  const timer = setInterval(() => ticks++, 1);
  t.after(() => clearInterval(timer));
  run(t, 'flood-client.js', [server.at, COUNT, 100]);
  await server.events.next('close');
  clearInterval(timer);
  assert.equal(heard, COUNT);
  assert.ok(ticks > 5, `${ticks} ticks while ${COUNT} messages came in`);
});
