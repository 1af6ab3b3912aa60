'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { run } = require('./support/child');
const { RawClient } = require('./support/raw-client');
const { PING, encode } = require('./support/frames');

// What hung were two threads of one process, each of which held the lock that the other one waited
// for. It is a process of its own here: it is killed where it hangs.

/** Pings as fast as they are taken, and reads without looking. */
function pingOn(t, port) {
  const client = new RawClient({ port, host: '127.0.0.1' }, { paused: true });
  client.socket.resume();
  const pings = Buffer.concat(new Array(20).fill(encode({ opcode: PING, payload: 'p' })));
  let over = false;
  const write = () => {
    if (over) return;
    if (client.socket.write(pings)) setImmediate(write);
    else client.socket.once('drain', write);
  };
  write();
  t.after(() => {
    over = true;
    client.destroy();
  });
}

test('pings that come while output drains do not stop the JavaScript thread', { timeout: 20_000 }, async (t) => {
  const child = run(t, 'drains-under-pings.js', [10_000, 10_000]);
  const [, port] = await child.says();
  for (let i = 0; i < 2; i++) pingOn(t, port);
  assert.deepEqual(await child.says(), ['done']);
});

test('a worker is terminated while its peers send messages and pings', { timeout: 20_000 }, async (t) => {
  const child = run(t, 'worker-pings.js', [4]);
  assert.deepEqual(await child.exited, { code: 0, signal: null }, child.stderr);
  assert.equal(child.lines.length, 4);
});
