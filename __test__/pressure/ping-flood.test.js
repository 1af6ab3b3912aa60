'use strict';

const assert = require('node:assert/strict');
const { once } = require('node:events');
const { Duplex } = require('node:stream');
const { test } = require('node:test');
const { Base } = require('../..');
const { run } = require('../support/child');
const { PING, encode } = require('../support/frames');
const { TestServer, limit, served } = require('../support/server');

// What a flood of pings makes us queue and hold where no limit ends it: `protocol/control-frames.test.js` has the limit.

const KiB = 1024;
const MiB = KiB * KiB;
/** Past this only the latest ping is answered, and the pongs to what was read before come on top. */
const QUEUED = 64 * KiB + 128 * KiB;
/** Events that wait, and as much again for what is being delivered of them. */
const GROWN = 96 * MiB;

/** Nothing of JavaScript runs for so long. */
function block(ms) {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

/** A server that is flooded by another process, and what that costs. */
async function flooded(t, { options, size, deaf }) {
  const server = await new TestServer({ ...options, base: { maxControlFrames: Infinity } }).listen();
  t.after(() => server.http.close());
  const { base } = server;
  base.removeAllListeners('ping'); // or the inbox would keep what it hears
  const seen = { pings: 0, queued: 0, grown: 0 };
  const before = process.memoryUsage.rss();
  const look = (sid) => {
    seen.queued = Math.max(seen.queued, base.bufferedAmount(sid));
    seen.grown = Math.max(seen.grown, process.memoryUsage.rss() - before);
  };
  base.on('ping', (_text, sid) => seen.pings++ % 1000 === 0 && look(sid));
  const child = run(t, 'ping-flood-client.js', [server.at, size, deaf]);
  await child.says();
  /** @param {number} more how many pings are still to come */
  const pings = async (more) => {
    const due = seen.pings + more;
    while (seen.pings < due) await once(base, 'ping');
  };
  return { server, seen, look, pings, stop: () => child.process.kill('SIGKILL') };
}

for (const size of [0, 125]) {
  for (const [name, deaf] of [
    ['reads', false],
    ['never reads', true],
  ]) {
    for (const [how, options] of [
      ['', {}],
      [', with permessage-deflate', { agreed: 'permessage-deflate' }],
    ]) {
      test(`a peer that pings with ${size} bytes, as fast as it can, and ${name}${how}: bounded pongs, bounded memory`, {
        timeout: 60_000,
      }, async (t) => {
        const { server, seen, pings, stop } = await flooded(t, { options, size, deaf });
        await pings(300_000);
        stop();
        assert.ok(seen.queued <= QUEUED, `${seen.queued} bytes of pongs`);
        assert.ok(seen.grown < GROWN, `${seen.grown / MiB} MiB more than before`);
        t.diagnostic(
          `at most ${(seen.queued / KiB).toFixed(0)} KiB of pongs queued, ${(seen.grown / MiB).toFixed(0)} MiB more than before`,
        );
        assert.equal((await server.events.next('close'))[2], 1006);
      });
    }
  }
}

for (const deaf of [false, true]) {
  test(`while JavaScript is blocked for two seconds, by a peer that ${deaf ? 'never reads' : 'reads'}: the same, and others go on`, {
    timeout: 60_000,
  }, async (t) => {
    const { server, seen, look, pings, stop } = await flooded(t, { size: 10, deaf });
    await pings(1000);
    const [sid] = server.base.socketsHistory;
    block(2000);
    look(sid);
    const other = await server.connect();
    other.ws.send('still there');
    assert.deepEqual(await server.events.next('message'), ['still there', other.sid]);
    stop();
    assert.ok(seen.queued <= QUEUED, `${seen.queued} bytes of pongs`);
    assert.ok(seen.grown < GROWN, `${seen.grown / MiB} MiB more than before`);
    t.diagnostic(
      `at most ${(seen.queued / KiB).toFixed(0)} KiB of pongs queued, ${(seen.grown / MiB).toFixed(0)} MiB more than before`,
    );
    assert.equal((await server.events.next('close'))[1], sid);
    other.destroy();
    await server.events.next('close');
  });
}

test('a stream that brings a MiB of pings at once, and takes nothing: bounded pongs', limit, async (t) => {
  const base = new Base({ maxControlFrames: Infinity });
  const sid = base.assignSocket(new Duplex({ read() {}, write() {} }));
  t.after(() => base.terminate(sid));
  const pings = new Array(8 * KiB).fill(encode({ opcode: PING, payload: 'x'.repeat(122) }));
  let heard = 0;
  await new Promise((resolve) => {
    base.on('ping', () => ++heard === pings.length && resolve());
    base.sockets[sid].socket.push(Buffer.concat(pings));
  });
  assert.ok(base.bufferedAmount(sid) <= QUEUED, `${base.bufferedAmount(sid)} bytes of pongs`);
  assert.ok(base.bufferedAmount(sid) > 64 * KiB, 'and not none');
});

// Above 64 KiB of waiting output a pong waits until that has left; a ping may come at the very
// moment at which it leaves.
test(
  'the pong to a ping that comes while output drains is not kept for ever',
  limit,
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
