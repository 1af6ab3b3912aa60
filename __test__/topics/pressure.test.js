'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { limit, served } = require('../support/server');

// Over a Unix-domain socket the kernel holds some hundred KiB.
const local = { unix: true };
const MiB = 1 << 20;
const deaf = { paused: true };

/** Lets what is under way to the I/O threads be carried out, and what TLS holds be written. */
async function until(test) {
  while (!test()) await new Promise(setImmediate);
}

test(
  'what is published and under way is part of bufferedAmount, and a message larger than that is counted in full',
  limit,
  served(local, async ({ base, raw }) => {
    const [one, two] = [await raw(deaf), await raw(deaf)];
    base.subscribe([one.sid, two.sid], 't');
    base.publish('t', Buffer.alloc(4 * MiB));
    assert.ok(base.bufferedAmount(one.sid) > 2 * MiB);
    assert.ok(base.bufferedAmount(two.sid) > 2 * MiB);
  }),
);

test(
  'a subscriber that does not read is dropped at maxBufferedAmount, and nobody else is',
  limit,
  served({ ...local, base: { maxBufferedAmount: 2 * MiB } }, async ({ base, events, raw }) => {
    const [slow, quick] = [await raw(deaf), await raw()];
    base.subscribe(null, 't');
    let sent = 0;
    while (events.list('error').length === 0) {
      base.publish('t', Buffer.alloc(256 * 1024));
      sent++;
      await quick.inbox.atLeast('frame', sent);
    }
    const [error] = events.list('error')[0];
    assert.deepEqual([error.code, error.sid], ['WS_ERR_BACKPRESSURE', slow.sid]);
    assert.ok(sent >= 8, `${sent} messages of 256 KiB`);
    await events.next('close');
    assert.deepEqual(base.subscribers('t'), [quick.sid]);
    assert.equal(base.publish('t', 'still'), 1);
    await quick.inbox.until(() => quick.frames.at(-1).payload.toString() === 'still');
  }),
);

test(
  'volatile: whoever has much waiting is skipped and counted, and lives on',
  limit,
  served({ ...local, base: { maxBufferedAmount: 2 * MiB } }, async ({ base, events, raw }) => {
    const [slow, quick] = [await raw(deaf), await raw()];
    base.subscribe(null, 't');
    const count = 40;
    for (let i = 0; i < count; i++) {
      const data = Buffer.alloc(256 * 1024, i);
      assert.equal(base.publish('t', data, { volatile: true }), 2, 'a skipped one is among them');
      await quick.inbox.atLeast('frame', i + 1);
      // Windows may say later that what was read has been written.
      await until(() => base.bufferedAmount(quick.sid) === 0);
    }
    await until(() => base.stats().skipped >= count - 8);
    const { skipped } = base.stats();
    assert.equal(events.list('error').length, 0);
    slow.resume();
    await until(() => base.bufferedAmount(slow.sid) === 0);
    base.publish('t', 'end', { volatile: true });
    await slow.inbox.until(() => slow.frames.at(-1)?.payload.toString() === 'end');
    // What it got is what it was not skipped for, in order.
    const got = slow.frames.slice(0, -1).map(({ payload }) => payload[0]);
    assert.equal(got.length, count - skipped);
    assert.deepEqual(
      got,
      [...got].sort((a, b) => a - b),
    );
    assert.equal(base.stats().skipped, skipped);
    base.terminate(slow.sid);
    await events.next('close');
    assert.equal(base.stats().skipped, skipped, 'it is counted still when the connection is over');
  }),
);

test(
  'volatile: a burst of one tick is for those who read it',
  limit,
  served({}, async ({ base, raw }) => {
    const clients = [await raw(), await raw()];
    base.subscribe(null, 't');
    const count = 64;
    for (let i = 0; i < count; i++) base.publish('t', Buffer.alloc(1024, i), { volatile: true });
    base.send('end');
    for (const client of clients) {
      await client.inbox.until(() => client.frames.at(-1)?.payload.toString() === 'end');
      assert.equal(client.frames.length, count + 1);
    }
    assert.equal(base.stats().skipped, 0);
  }),
);

test(
  '200,000 publications of one tick arrive in order, in bounded memory',
  limit,
  served({}, async ({ base, raw }) => {
    const client = await raw();
    base.subscribe(client.sid, ['a', 'b']);
    const count = 200_000;
    const before = process.memoryUsage.rss();
    let most = 0;
    for (let i = 0; i < count; i++) {
      base.publish(i % 3 === 0 ? 'a' : 'b', String(i % 10), i % 1000 === 0 ? { except: 'nobody' } : undefined);
      if (i % 10_000 === 0) most = Math.max(most, process.memoryUsage.rss() - before);
    }
    await client.inbox.atLeast('frame', count);
    assert.ok(client.frames.every(({ payload }, i) => payload.toString() === String(i % 10)));
    assert.ok(most < 48 * MiB, `${(most / MiB).toFixed(1)} MiB more than before`);
  }),
);
