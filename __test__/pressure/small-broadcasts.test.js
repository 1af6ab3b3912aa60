'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { Base } = require('../..');
const { run } = require('../support/child');
const { CLOSE } = require('../support/frames');
const { limit, served } = require('../support/server');
const { OldStream, listen } = require('../support/streams');

const MiB = 1 << 20;
const COUNT = 700_000;

// What a command costs is counted, and small frames that wait for a stream share their memory.
test(
  '700,000 broadcasts of one character in one tick: all arrive, in order, in bounded memory',
  limit,
  served({}, async ({ base, events, at }, t) => {
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
    // 11 as a rule; where others have the processor that the I/O thread needs, all of the commands may wait.
    assert.ok(most < 96 * MiB, `${(most / MiB).toFixed(1)} MiB more than before`);
  }),
);

/** Frames of one tick, small and large ones among each other, and how the peer hears them. */
const mixed = Array.from({ length: 3000 }, (_, i) => `${i}`.padEnd(i % 7 === 0 ? 3000 : i % 5 === 0 ? 1022 : 4, '.'));

test(
  'small frames among large ones of one tick arrive in order',
  limit,
  served({}, async ({ base, raw }) => {
    const client = await raw();
    for (const text of mixed) base.send(client.sid, text);
    await client.inbox.atLeast('frame', mixed.length);
    assert.deepEqual(
      client.frames.map(({ payload }) => payload.toString()),
      mixed,
    );
  }),
);

test(
  'the same for a peer that does not read at first, and with a close frame behind them',
  limit,
  served({ unix: true }, async ({ base, events, raw }) => {
    const client = await raw({ paused: true });
    base.send(client.sid, 'x'.repeat(MiB));
    await new Promise(setImmediate);
    for (const text of mixed) base.send(client.sid, text);
    await new Promise(setImmediate);
    for (const text of mixed) base.send(text);
    const bytes = mixed.reduce((sum, { length }) => sum + length + (length < 126 ? 2 : 4), 0);
    const queued = base.bufferedAmount(client.sid);
    assert.ok(queued > 2 * bytes && queued <= 2 * bytes + MiB + 10, `${queued}`);
    base.close(client.sid, 'behind it all');
    client.resume();
    await client.inbox.atLeast('frame', 2 * mixed.length + 2);
    const heard = client.frames.map(({ payload }) => payload.toString());
    assert.deepEqual(heard.slice(1, -1), [...mixed, ...mixed]);
    assert.equal(client.frames.at(-1).opcode, CLOSE);
    await client.close(1000, 'behind it all');
    assert.deepEqual(await events.next('close'), ['behind it all', client.sid, 1000]);
  }),
);

/** A stream that never takes more. */
class Full extends OldStream {
  write() {
    return false;
  }
}

// Each of them is kept by itself there, and costs more than its one byte.
for (const [where, stream, assignOptions] of [
  ['an old-style stream that takes no more', () => new Full(), {}],
  ['an extension that keeps them', () => new OldStream(), { extensions: ['x-deaf'] }],
]) {
  test(`frames of one character for ${where}: maxBufferedAmount counts what they cost`, {
    timeout: 30_000,
  }, async () => {
    const base = new Base({ maxBufferedAmount: MiB });
    base.extensions = { 'x-deaf': { write() {} } };
    const events = listen(base);
    const sid = base.assignSocket(stream(), assignOptions);
    base.send(sid, 'x'.repeat(100)); // the first is taken, or in the extension's hands
    let sent = 0;
    while (events.list('error').length === 0 && sent < 1_000_000) {
      base.send(sid, 'x');
      if (++sent % 1000 === 0) await new Promise(setImmediate);
    }
    assert.ok(sent > 1000 && sent < 4000, `${sent} frames were taken`);
    assert.equal(events.list('error')[0][0].code, 'WS_ERR_BACKPRESSURE');
    assert.deepEqual(await events.next('close'), ['', sid, 1006]);
  });
}
