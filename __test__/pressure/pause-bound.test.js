'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { run } = require('../support/child');
const { served } = require('../support/server');

const MiB = 1 << 20;
const SIZE = 1000;
const TURNS = 1500;
/** 16 MiB may wait for their delivery, and as many more come in while those are delivered. */
const BOUND = 48 * MiB;

test(
  'pause at each message, resume later: what is read and not delivered stays bounded',
  { timeout: 30_000 },
  served({}, async ({ base, events, at }, t) => {
    base.removeAllListeners('message'); // the inbox's
    let heard = 0;
    let most = 0;
    base.on('message', (_text, sid) => {
      heard++;
      base.pause(sid);
      most = Math.max(most, base.stats().bytesReceived - heard * SIZE);
      if (heard === TURNS || most > BOUND) base.terminate(sid);
      else setTimeout(() => base.resume(sid), 1);
    });
    const child = run(t, 'tireless-client.js', [at, SIZE]);
    await events.next('close');
    child.process.kill();
    await child.exited;
    assert.ok(most <= BOUND, `${(most / MiB).toFixed(1)} MiB were read and not delivered`);
    assert.equal(heard, TURNS);
  }),
);
