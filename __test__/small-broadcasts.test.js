'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { run } = require('./support/child');
const { served } = require('./support/server');

const MiB = 1 << 20;
const COUNT = 700_000;

// What a command costs is counted, not only the one byte that it carries.
test('700,000 broadcasts of one character in one tick: all arrive, in order, in bounded memory', { timeout: 30_000 }, served({ transport: 'socket' },
  async ({ base, events, at }, t) => {
    const child = run(t, 'broadcast-checker.js', [at, COUNT]);
    assert.deepEqual(await child.says(), ['open']);
    const before = process.memoryUsage.rss();
    let most = 0;
    for (let i = 0; i < COUNT; i++) {
      base.send(String(i % 10));
      if (i % 10_000 === 0) most = Math.max(most, process.memoryUsage.rss() - before);
    }
    assert.deepEqual(await child.says(), ['heard', COUNT]);
    assert.equal(events.list('error').length, 0);
    assert.ok(most < 48 * MiB, `${(most / MiB).toFixed(1)} MiB more than before`);
  }));
