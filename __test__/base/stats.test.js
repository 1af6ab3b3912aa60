'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { Base } = require('../..');
const { run } = require('../support/child');
const { limit, served } = require('../support/server');
const { PING, PONG } = require('../support/frames');

const COUNTERS = [
  'connections',
  'streams',
  'closing',
  'messagesReceived',
  'messagesSent',
  'bytesReceived',
  'bytesSent',
  'pingsReceived',
  'pingsSent',
  'pongsReceived',
  'errors',
  'queuedBytes',
  'ioThreadsLed',
  'leaderChanges',
  'ioThreads',
];

test('stats() gives a number for each counter', () => {
  const stats = new Base().stats();
  for (const name of COUNTERS) assert.equal(typeof stats[name], 'number', name);
  for (const name of COUNTERS.slice(0, -1)) assert.equal(stats[name], 0, name);
});

test(
  'the counters count',
  limit,
  served({ base: { closeTimeout: 20_000 } }, async ({ base, events, raw, accepted, transport, carrier }) => {
    const [one, two] = [await raw(), await raw()];
    const stats = base.stats();
    assert.equal(stats.connections, 2);
    assert.equal(stats.streams, carrier === 'socket' ? 0 : 2);
    assert.ok(stats.ioThreads >= (carrier === 'socket' ? 1 : 0));

    await one.text('0123456789');
    await one.send({ opcode: 2, payload: Buffer.alloc(1000) });
    await two.send({ opcode: PING, payload: 'p' });
    await two.send({ opcode: PONG, payload: 'q' });
    await events.next('binary');
    await events.next('pong');
    await two.frame();
    base.send('to both');
    base.send(one.sid, Buffer.alloc(500));
    base.ping(one.sid, 'p');
    await one.inbox.atLeast('frame', 3);
    await two.inbox.atLeast('frame', 2);

    // TLS tells in a later turn that what it was given has been written.
    while (transport !== 'socket' && base.stats().queuedBytes > 0) await new Promise(setImmediate);
    const now = base.stats();
    assert.equal(now.messagesReceived, 2);
    assert.equal(now.messagesSent, 3);
    assert.equal(now.pingsReceived, 1);
    assert.equal(now.pongsReceived, 1);
    assert.equal(now.pingsSent, 1);
    assert.equal(now.queuedBytes, 0);
    assert.ok(now.bytesReceived >= 1010 && now.bytesReceived <= bytes(accepted, 'bytesRead'), `${now.bytesReceived}`);
    assert.ok(now.bytesSent >= 514 && now.bytesSent <= bytes(accepted, 'bytesWritten'), `${now.bytesSent}`);

    base.close(one.sid);
    const closing = base.stats();
    assert.deepEqual([closing.connections, closing.closing], [1, 1]);
    await one.close(1000);
    await events.next('close');
    await two.send({ opcode: 3 });
    await events.next('error');
    assert.equal(base.stats().errors, 1);
    two.destroy();
    await events.next('close');
    const after = base.stats();
    assert.deepEqual([after.connections, after.closing, after.queuedBytes], [0, 0, 0]);
    assert.ok(after.messagesReceived === 2 && after.messagesSent === 3, 'a counter does not forget');
  }),
);

/** The sum over all sockets, of the HTTP part too. */
function bytes(accepted, name) {
  return [...accepted.values()].reduce((sum, socket) => sum + socket[name], 0);
}

const threads = { ...limit, skip: process.platform === 'win32' && 'no I/O threads here' };

test('WEBSOCKETS_IO_THREADS says how many I/O threads there are', threads, async (t) => {
  const child = run(t, 'io-threads.js', [], { env: { WEBSOCKETS_IO_THREADS: '3' } });
  assert.deepEqual(await child.says(), ['ioThreads', 3]);
});

/** What may also become less. */
const GAUGES = new Set([
  'connections',
  'streams',
  'closing',
  'backplaneUp',
  'queuedBytes',
  'ioThreads',
  'ioThreadsLed',
]);

// Of those that are closing 16 are kept where maxConnections is less; the others are dropped at once.
test(
  'the counters never become less, also when closing connections have to make room',
  limit,
  served(
    {
      base: { maxConnections: 100 },
    },
    async ({ base, events, raw }) => {
      let before = base.stats();
      const look = () => {
        const now = base.stats();
        for (const name of Object.keys(now)) {
          if (!GAUGES.has(name))
            assert.ok(now[name] >= before[name], `${name} was ${before[name]} and is ${now[name]}`);
        }
        before = now;
        return now;
      };
      const clients = [];
      for (let i = 0; i < 40; i++) clients.push(await raw());
      base.send('welcome');
      await Promise.all(clients.map((client) => client.text('hello')));
      await events.atLeast('message', 40);
      await Promise.all(clients.map((client) => client.frame()));
      look();
      assert.ok(before.bytesReceived >= 40 * 11 && before.bytesSent >= 40 * 9);

      base.maxConnections = 1;
      base.on('close', look);
      base.close();
      const { closing, connections } = look();
      assert.deepEqual([closing, connections], [40, 0]);
      for (const client of clients) client.destroy();
      await events.atLeast('close', 40);
      assert.equal(look().closing, 0);
    },
  ),
);
