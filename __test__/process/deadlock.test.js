'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { run } = require('../support/child');
const { RawClient } = require('../support/raw-client');
const { PING, encode } = require('../support/frames');

// What hung were two threads of one process, each of which held the lock that the other one waited
// for. It is a process of its own here: it is killed where it hangs.

/** Reads without looking, and pings a hundred times whenever something comes. */
function pingOn(t, port) {
  const client = new RawClient({ port, host: '127.0.0.1' }, { paused: true });
  t.after(() => client.destroy());
  const pings = Buffer.concat(new Array(100).fill(encode({ opcode: PING, payload: 'p' })));
  client.socket.on('data', () => client.socket.write(pings));
}

test('pings that come while output drains do not stop the JavaScript thread', { timeout: 90_000 }, async (t) => {
  const child = run(t, 'drains-under-pings.js', [10_000, 10_000]);
  const [, port] = await child.says();
  for (let i = 0; i < 2; i++) pingOn(t, port);
  assert.deepEqual(await child.says(), ['done']);
});

test('a worker is terminated while its peers send messages and pings', { timeout: 90_000 }, async (t) => {
  const child = run(t, 'worker-pings.js', [4]);
  assert.deepEqual(await child.exited, { code: 0, signal: null }, child.stderr);
  assert.equal(child.lines.length, 4);
});
