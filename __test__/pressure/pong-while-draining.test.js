'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { run } = require('../support/child');
const { served } = require('../support/server');

// Above 64 KiB of waiting output a pong waits until that has left; a ping may come at the very
// moment at which it leaves.
test(
  'the pong to a ping that comes while output drains is not kept for ever',
  { timeout: 20_000 },
  served({}, async ({ base, at }, t) => {
    const message = Buffer.alloc(66_000);
    let over = false;
    t.after(() => (over = true));
    (function speak() {
      for (const sid of base.socketsHistory) {
        if (base.bufferedAmount(sid) < 1_000_000) base.send(sid, message);
      }
      if (!over) setTimeout(speak, Math.random() < 0.5 ? 0 : 1);
    })();
    const child = run(t, 'ping-pong-client.js', [at, 10_000]);
    assert.deepEqual(await child.says(), ['pongs', 10_000]);
    over = true;
  }),
);
