'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { run } = require('./support/child');
const { served } = require('./support/server');

const MiB = 1 << 20;
const SIZE = 4096;
const COUNT = (96 * MiB) / SIZE;

test('pause at each message, resume later: no more is read than what may wait, whatever the peer sends', { timeout: 30_000 },
  served({}, async ({ base, events, at }, t) => {
    base.removeAllListeners('message'); // the inbox's
    let heard = 0;
    let most = 0;
    base.on('message', (text, sid) => {
      assert.ok(text.startsWith(`${heard++}.`));
      base.pause(sid);
      most = Math.max(most, base.stats().bytesReceived - heard * SIZE);
      if (heard === 3000) base.terminate(sid);
      else setImmediate(() => base.resume(sid));
    });
    const child = run(t, 'flood-client.js', [at.port, COUNT, SIZE]);
    await events.next('close');
    child.process.kill();
    await child.exited;
    assert.equal(heard, 3000);
    // 16 MiB of records, and what is read before that is noticed.
    assert.ok(most < 24 * MiB, `${(most / MiB).toFixed(1)} MiB were read and not delivered`);
  }));
