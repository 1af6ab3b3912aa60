'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { Base } = require('../..');
const { limit, served } = require('../support/server');
const { CLOSE } = require('../support/frames');

test(
  'close(sid, reason): the peer and the event say 1000 and the reason',
  limit,
  served({}, async ({ base, events, connect }) => {
    const client = await connect();
    assert.equal(base.close(client.sid, 'bye'), base);
    assert.deepEqual(await client.closed(), { code: 1000, reason: 'bye' });
    assert.deepEqual(await events.next('close'), ['bye', client.sid, 1000]);
  }),
);

test(
  'close(sid): 1000 and no reason',
  limit,
  served({}, async ({ base, events, connect }) => {
    const client = await connect();
    base.close(client.sid);
    assert.deepEqual(await client.closed(), { code: 1000, reason: '' });
    assert.deepEqual(await events.next('close'), ['', client.sid, 1000]);
  }),
);

test(
  'a reason may be a Buffer',
  limit,
  served({}, async ({ base, events, connect }) => {
    const client = await connect();
    base.close(client.sid, Buffer.from('grüße'));
    assert.deepEqual(await client.closed(), { code: 1000, reason: 'grüße' });
    assert.deepEqual(await events.next('close'), ['grüße', client.sid, 1000]);
  }),
);

test(
  'close([sid…], reason) closes those, and nobody else',
  limit,
  served({}, async ({ base, events, connectMany }) => {
    const clients = await connectMany(3);
    const sids = clients.map(({ sid }) => sid);
    base.close([sids[0], 'nobody', sids[2]], 'two of you');
    assert.deepEqual([...base.socketsHistory], [sids[1]]);
    await events.atLeast('close', 2);
    assert.deepEqual(
      events
        .list('close')
        .map(([, sid]) => sid)
        .sort(),
      [sids[0], sids[2]].sort(),
    );
    base.send('still here');
    assert.equal(await clients[1].message(), 'still here');
  }),
);

test(
  'close() closes all with 1001',
  limit,
  served({}, async ({ base, events, connectMany }) => {
    const clients = await connectMany(3);
    assert.equal(base.close(), base);
    assert.equal(base.connections, 0);
    for (const client of clients) assert.equal((await client.closed()).code, 1001);
    await events.atLeast('close', 3);
    assert.deepEqual(
      events.list('close').map(([, , code]) => code),
      [1001, 1001, 1001],
    );
  }),
);

test(
  'close(null, code, reason) closes all with that',
  limit,
  served({}, async ({ base, connectMany }) => {
    const clients = await connectMany(3);
    base.close(null, 4000, 'all of you');
    for (const client of clients) assert.deepEqual(await client.closed(), { code: 4000, reason: 'all of you' });
  }),
);

test(
  'close([]) and close of a sid that nobody has close nothing',
  limit,
  served({}, async ({ base, connect, events }) => {
    const client = await connect();
    assert.equal(base.close([]), base);
    assert.equal(base.close([], 'x'), base);
    assert.equal(base.close('nobody'), base);
    assert.equal(base.close('nobody', 'x'), base);
    assert.equal(base.connections, 1);
    base.send('open');
    assert.equal(await client.message(), 'open');
    assert.equal(events.list('close').length, 0);
  }),
);

test(
  'an explicit undefined as sid addresses nobody',
  limit,
  served({}, async ({ base, connect }) => {
    const client = await connect();
    assert.equal(base.close(undefined), base);
    assert.equal(base.close(undefined, 'x'), base);
    assert.equal(base.close(undefined, 1000, 'x').close([undefined]), base);
    assert.equal(base.connections, 1);
    base.send('open');
    assert.equal(await client.message(), 'open');
  }),
);

test(
  'a reason of 123 bytes is the longest',
  limit,
  served({}, async ({ base, connectMany }) => {
    const [one, two] = await connectMany(2);
    base.close(one.sid, 'r'.repeat(123));
    base.close(two.sid, '€'.repeat(41));
    assert.equal((await one.closed()).reason, 'r'.repeat(123));
    assert.equal((await two.closed()).reason, '€'.repeat(41));
  }),
);

test(
  'a reason that does not fit or is not UTF-8 throws, and nothing is closed',
  limit,
  served({}, async ({ base, connect, events }) => {
    const client = await connect();
    for (const sid of [client.sid, [client.sid], null]) {
      for (const reason of ['r'.repeat(124), Buffer.alloc(124, 'r'), `${'€'.repeat(41)}r`]) {
        assert.throws(() => base.close(sid, reason), RangeError);
        assert.throws(() => base.close(sid, 1000, reason), RangeError);
      }
      for (const reason of [Buffer.from([0xff]), Buffer.from([0xc3]), Buffer.from([0xed, 0xa0, 0x80])]) {
        assert.throws(() => base.close(sid, reason), TypeError);
        assert.throws(() => base.close(sid, 4000, reason), TypeError);
      }
      assert.throws(() => base.close(sid, {}), TypeError);
    }
    assert.equal(base.connections, 1);
    base.send('open');
    assert.equal(await client.message(), 'open');
    assert.equal(events.list('close').length, 0);
  }),
);

test(
  'from close on the sid is gone, and close again does nothing',
  limit,
  served({}, async ({ base, events, raw }) => {
    const client = await raw();
    base.close(client.sid, 'first');
    assert.equal(base.connections, 0);
    assert.equal(base.sockets[client.sid], undefined);
    assert.deepEqual([...base.socketsHistory], []);
    base.close(client.sid, 'second');
    base.close();
    base.send('not to you');
    base.ping('nor this');
    assert.deepEqual(await client.closeFrame(), { code: 1000, reason: 'first' });
    await client.close(1000, 'yes');
    assert.deepEqual(await events.next('close'), ['yes', client.sid, 1000]);
    await client.ended();
    assert.equal(client.frames.length, 1);
  }),
);

test(
  'what was sent before close arrives before it',
  limit,
  served({}, async ({ base, connect }) => {
    const client = await connect();
    const large = Buffer.alloc(4 << 20, 1);
    base.send(client.sid, large);
    base.send('text');
    base.close(client.sid, 'done');
    assert.deepEqual(await client.closed(), { code: 1000, reason: 'done' });
    assert.equal(client.messages.length, 2);
    assert.ok(large.equals(client.messages[0]));
    assert.equal(client.messages[1], 'text');
  }),
);

test('close and send on a Base without connections', () => {
  const base = new Base();
  assert.equal(base.close(), base);
  assert.equal(base.close(null, 'x'), base);
  base.terminate(null);
  base.terminate('nobody');
  assert.equal(base.connections, 0);
});

test(
  'a close frame is not masked, not fragmented, and the last frame',
  limit,
  served({}, async ({ base, raw }) => {
    const client = await raw();
    base.close(client.sid);
    const frame = await client.frame();
    assert.equal(frame.opcode, CLOSE);
    assert.equal(frame.fin, true);
    assert.equal(frame.key, null);
    await client.close(1000);
    await client.ended();
    assert.equal(client.frames.length, 1);
  }),
);
