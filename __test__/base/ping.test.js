'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { Base } = require('../..');
const { limit, served } = require('../support/server');
const { PING, PONG, encode } = require('../support/frames');

/** Three clients, and a look at the pings that each got before a last one to all. */
function three(body) {
  return served({}, async ({ base, connectMany, events }) => {
    const clients = await connectMany(3);
    const sids = clients.map(({ sid }) => sid);
    const assertPinged = async (...expected) => {
      base.ping('end of test');
      for (const [i, client] of clients.entries()) {
        await client.inbox.atLeast('ping', expected[i].length + 1);
        assert.deepEqual(client.inbox.list('ping').flat(), [...expected[i], 'end of test']);
      }
    };
    await body({ base, events, sids, assertPinged });
  });
}

test(
  'ping() and ping(data) go to all',
  limit,
  three(async ({ base, assertPinged }) => {
    base.ping();
    base.ping('text');
    base.ping(Buffer.from('bytes'));
    const all = ['', 'text', 'bytes'];
    await assertPinged(all, all, all);
  }),
);

test(
  'ping(sid, data) and ping([sid…], data) go to those',
  limit,
  three(async ({ base, sids, assertPinged }) => {
    base.ping(sids[0], 'one');
    base.ping([sids[0], sids[2]], Buffer.from('two'));
    base.ping([], 'nobody');
    base.ping(null, 'all');
    await assertPinged(['one', 'two', 'all'], ['all'], ['two', 'all']);
  }),
);

test(
  'ping([sid…]) goes to those, with no data',
  limit,
  three(async ({ base, sids, assertPinged }) => {
    base.ping([sids[1], sids[2]]);
    base.ping([]);
    await assertPinged([], [''], ['']);
  }),
);

test(
  'one lone string is data, even one that is a sid',
  limit,
  three(async ({ base, sids, assertPinged }) => {
    base.ping(sids[0]);
    await assertPinged([sids[0]], [sids[0]], [sids[0]]);
  }),
);

test(
  'a sid that nobody has is skipped silently',
  limit,
  three(async ({ base, sids, assertPinged }) => {
    base.ping('nobody', 'x');
    base.ping(['nobody', sids[0]], 'y');
    await assertPinged(['y'], [], []);
  }),
);

test(
  'an explicit undefined as data is a TypeError, as sid it addresses nobody',
  limit,
  three(async ({ base, sids, assertPinged }) => {
    assert.throws(() => base.ping(undefined), TypeError);
    assert.equal(base.ping(undefined, 'x'), base);
    assert.equal(base.ping([undefined], 'x'), base);
    assert.equal(base.stats().pingsSent, 0);
    assert.throws(() => base.ping(sids[0], undefined), TypeError);
    assert.throws(() => base.ping([sids[0]], undefined), TypeError);
    assert.throws(() => base.ping(null, undefined), TypeError);
    await assertPinged([], [], []);
  }),
);

test(
  '125 bytes are the most, 126 are a RangeError, and nothing is sent',
  limit,
  three(async ({ base, sids, assertPinged }) => {
    const most = 'p'.repeat(125);
    base.ping(sids[0], most);
    base.ping(sids[0], '€'.repeat(41));
    for (const data of ['p'.repeat(126), Buffer.alloc(126), '€'.repeat(42)]) {
      assert.throws(() => base.ping(data), RangeError);
      assert.throws(() => base.ping(sids[0], data), RangeError);
      assert.throws(() => base.ping('nobody', data), RangeError);
    }
    await assertPinged([most, '€'.repeat(41)], [], []);
  }),
);

test('ping returns the Base', () => {
  const base = new Base();
  assert.equal(base.ping(), base);
  assert.equal(base.ping('x'), base);
  assert.equal(base.ping('nobody', 'x'), base);
  assert.equal(base.ping(['nobody']), base);
});

test(
  'the answer to a ping is a pong event, with its text and its sid',
  limit,
  served({}, async ({ base, events, connect }) => {
    const { sid } = await connect();
    for (const [data, text] of [
      ['text', 'text'],
      [Buffer.from('bytes'), 'bytes'],
      ['', ''],
      ['漢字😀', '漢字😀'],
    ]) {
      base.ping(sid, data);
      assert.deepEqual(await events.next('pong'), [text, sid, Buffer.from(data)]);
    }
    base.ping();
    assert.deepEqual(await events.next('pong'), ['', sid, Buffer.alloc(0)]);
  }),
);

test(
  'a pong that nobody asked for is an event as well',
  limit,
  served({}, async ({ events, connect }) => {
    const client = await connect();
    client.ws.pong('out of the blue');
    assert.deepEqual(await events.next('pong'), ['out of the blue', client.sid, Buffer.from('out of the blue')]);
  }),
);

test(
  'a ping is answered by itself, with the same bytes',
  limit,
  served({}, async ({ events, raw }) => {
    const client = await raw();
    for (const payload of [
      Buffer.alloc(0),
      Buffer.from('hello'),
      Buffer.from([0, 255, 254, 128]),
      Buffer.alloc(125, 7),
    ]) {
      await client.send({ opcode: PING, payload });
      const frame = await client.frame();
      assert.equal(frame.opcode, PONG);
      assert.equal(frame.fin, true);
      assert.deepEqual(frame.payload, payload);
      assert.deepEqual(await events.next('ping'), [payload.toString(), client.sid, payload]);
    }
  }),
);

test(
  'pings and pongs bring their bytes as they came, and text of what is UTF-8 in them',
  limit,
  served({}, async ({ base, events, raw }) => {
    const client = await raw();
    const every = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
    for (const [payload, text] of [
      [every.subarray(0, 125), every.toString('latin1', 0, 125)],
      [every.subarray(131), '\ufffd'.repeat(125)],
      [Buffer.from([0x61, 0xff, 0x62]), 'a\ufffdb'],
      [Buffer.from('\ufeffé'), '\ufeffé'],
    ]) {
      for (const [name, opcode] of Object.entries({ ping: PING, pong: PONG })) {
        await client.send({ opcode, payload });
        const [heard, sid, data] = await events.next(name);
        assert.deepEqual([heard, sid, data], [text, client.sid, payload]);
      }
    }
    base.ping(client.sid, every.subarray(131));
    assert.deepEqual((await client.inbox.atLeast('frame', 5))[4][0].payload, every.subarray(131));
  }),
);

test(
  'what a listener does to the data of a ping is nothing to the next one, nor to the pong',
  limit,
  served({}, async ({ base, events, raw }) => {
    base.on('ping', (_text, _sid, data) => data.fill(0));
    base.on('ping', (text, sid) => base.send(sid, text));
    const client = await raw();
    await client.write(Buffer.concat(['one', 'two'].map((payload) => encode({ opcode: PING, payload }))));
    await events.atLeast('ping', 2);
    await client.inbox.atLeast('frame', 4);
    assert.deepEqual(client.frames.map(({ payload }) => payload.toString()).sort(), ['one', 'one', 'two', 'two']);
  }),
);

test(
  'the ping event comes after the pong has been queued',
  limit,
  served({}, async ({ base, raw }) => {
    base.on('ping', (text, sid) => base.send(sid, `after ${text}`));
    const client = await raw();
    await client.send({ opcode: PING, payload: 'p' });
    assert.equal((await client.frame()).opcode, PONG);
    assert.equal(await client.said(), 'after p');
  }),
);

test(
  'pings are answered where nobody listens to them',
  limit,
  served({}, async ({ base, connect }) => {
    base.removeAllListeners('ping');
    const client = await connect();
    client.ws.ping('p');
    assert.deepEqual(await client.inbox.next('pong'), ['p']);
  }),
);
