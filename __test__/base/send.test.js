'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { Base } = require('../..');
const { limit, served } = require('../support/server');

/** Three clients, their sids, and a look at who got what before a last broadcast. */
function three(body) {
  return served({}, async ({ base, connectMany, events }) => {
    const clients = await connectMany(3);
    const sids = clients.map(({ sid }) => sid);
    const assertGot = async (...expected) => {
      base.send('end of test');
      for (const [i, client] of clients.entries()) {
        await client.inbox.atLeast('message', expected[i].length + 1);
        assert.deepEqual(client.messages, [...expected[i], 'end of test']);
      }
    };
    await body({ base, events, clients, sids, assertGot });
  });
}

test(
  'send(data) goes to all',
  limit,
  three(async ({ base, assertGot }) => {
    base.send('x');
    base.send(Buffer.from('y'));
    const all = ['x', Buffer.from('y')];
    await assertGot(all, all, all);
  }),
);

test(
  'send(null, data) goes to all',
  limit,
  three(async ({ base, assertGot }) => {
    base.send(null, 'x');
    await assertGot(['x'], ['x'], ['x']);
  }),
);

test(
  'send(sid, data) goes to one',
  limit,
  three(async ({ base, sids, assertGot }) => {
    base.send(sids[1], 'x');
    await assertGot([], ['x'], []);
  }),
);

test(
  'send([sid…], data) goes to several',
  limit,
  three(async ({ base, sids, assertGot }) => {
    base.send([sids[2], sids[0]], 'x');
    base.send([sids[1]], Buffer.from('y'));
    await assertGot(['x'], [Buffer.from('y')], ['x']);
  }),
);

test(
  'send([], data) goes to nobody',
  limit,
  three(async ({ base, assertGot }) => {
    base.send([], 'x');
    await assertGot([], [], []);
  }),
);

test(
  'a sid that stands twice in an array is served once',
  limit,
  three(async ({ base, sids, assertGot }) => {
    base.send([sids[1], sids[0], sids[1], sids[1]], 'x');
    assert.equal(base.stats().messagesSent, 2);
    base.send([sids[2], sids[2]], Buffer.from('y'));
    assert.equal(base.stats().messagesSent, 3);
    await assertGot(['x'], ['x'], [Buffer.from('y')]);
  }),
);

test(
  'options are the third argument',
  limit,
  three(async ({ base, sids, assertGot }) => {
    base.send(null, 'a', { compress: false });
    base.send(sids[0], 'b', { compress: false });
    base.send([sids[0], sids[2]], 'c', {});
    await assertGot(['a', 'b', 'c'], ['a'], ['a', 'c']);
  }),
);

test(
  'a sid that nobody has is skipped silently, alone and among others',
  limit,
  three(async ({ base, sids, assertGot }) => {
    base.send('nobody', 'x');
    base.send('', 'x');
    base.send(['nobody', sids[1], 'no one'], 'y');
    await assertGot([], ['y'], []);
  }),
);

test(
  'a sid that is closed is skipped silently',
  limit,
  three(async ({ base, sids, clients, events }) => {
    base.close(sids[0], 'enough');
    base.send(sids[0], 'too late');
    base.send([sids[0], sids[1]], 'x');
    base.send('y');
    assert.deepEqual(await events.next('close'), ['enough', sids[0], 1000]);
    base.send(sids[0], 'much too late');
    assert.deepEqual((await clients[1].inbox.atLeast('message', 2)).flat(), ['x', 'y']);
    assert.deepEqual((await clients[2].inbox.atLeast('message', 1)).flat(), ['y']);
    assert.deepEqual(clients[0].messages, []);
  }),
);

test(
  'a sid as the only argument is data',
  limit,
  three(async ({ base, sids, assertGot }) => {
    base.send(sids[0]);
    await assertGot([sids[0]], [sids[0]], [sids[0]]);
  }),
);

test(
  'an explicit undefined as data is a TypeError, as sid it addresses nobody',
  limit,
  three(async ({ base, sids, assertGot }) => {
    assert.throws(() => base.send(undefined), TypeError);
    assert.equal(base.send(undefined, 'secret'), base);
    assert.equal(base.send(undefined, 'secret', {}), base);
    assert.equal(base.stats().messagesSent, 0);
    base.send([undefined, sids[1], undefined], 'found');
    assert.throws(() => base.send(sids[0], undefined), TypeError);
    assert.throws(() => base.send([sids[0]], undefined), TypeError);
    assert.throws(() => base.send(null, undefined), TypeError);
    assert.throws(() => base.send(undefined, undefined), TypeError);
    assert.throws(() => base.send(), TypeError);
    await assertGot([], ['found'], []);
  }),
);

test('send returns the Base, whoever it goes to', () => {
  const base = new Base();
  assert.equal(base.send('x'), base);
  assert.equal(base.send('nobody', 'x'), base);
  assert.equal(base.send([], 'x'), base);
  assert.equal(base.send(null, Buffer.alloc(1)), base);
});

test(
  'sends to all, to one and to several arrive in the order of the calls',
  limit,
  three(async ({ base, sids, assertGot }) => {
    const expected = [[], [], []];
    for (let i = 0; i < 300; i++) {
      const who = i % 4 === 0 ? [0, 1, 2] : i % 4 === 1 ? [i % 3] : [i % 3, (i + 1) % 3];
      if (i % 4 === 0) base.send(`${i}`);
      else if (i % 4 === 1) base.send(sids[i % 3], `${i}`);
      else
        base.send(
          who.map((n) => sids[n]),
          `${i}`,
        );
      for (const n of who) expected[n].push(`${i}`);
    }
    await assertGot(...expected);
  }),
);

test(
  'a connection that opens after a broadcast does not get it',
  limit,
  served({}, async ({ base, connect }) => {
    const first = await connect();
    base.send('before');
    const second = await connect();
    base.send('after');
    assert.equal(await second.message(), 'after');
    await first.inbox.atLeast('message', 2);
    assert.deepEqual(first.messages, ['before', 'after']);
  }),
);
