'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { run } = require('../support/child');
const { limit, served } = require('../support/server');

const TOTAL = 3000;
const BUSY_MICROSECONDS = 300;

/** Nothing else runs for so long. */
function work() {
  const end = process.hrtime.bigint() + BigInt(BUSY_MICROSECONDS * 1000);
  while (process.hrtime.bigint() < end);
}

// Each client sends its next message once it has its answer: few wait at any time, and there is no
// time at which none does. The delivery of messages is to end nevertheless, after some 10 ms, which
// at 300 µs a message are not even 50 of them.
for (const [what, again] of [
  ['setImmediate', setImmediate],
  ['a timer', (turn) => setTimeout(turn, 1)],
]) {
  test(
    `${what} has its turn while there is always one more message`,
    limit,
    served(
      {
        base: { maxConnections: Infinity },
      },
      async ({ base, at }, t) => {
        base.removeAllListeners('message'); // the inbox's
        let heard = 0;
        let before = 0;
        let most = 0;
        base.on('message', (_text, sid) => {
          heard++;
          work();
          base.send(sid, 'something');
        });
        let over = false;
        t.after(() => (over = true));
        (function turn() {
          most = Math.max(most, heard - before);
          before = heard;
          if (!over) again(turn);
        })();
        const child = run(t, 'ask-again-client.js', [at, 32, TOTAL]);
        assert.deepEqual(await child.says(), ['answered']);
        over = true;
        assert.equal(heard, TOTAL);
        assert.ok(most > 0 && most < 250, `${most} messages between two turns`);
        child.process.kill();
        await child.exited;
      },
    ),
  );
}
