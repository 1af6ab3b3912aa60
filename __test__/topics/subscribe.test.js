'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { Base } = require('../..');
const { limit, served } = require('../support/server');

const LONGEST = 128 * 1024;

/** Three clients, and what a last publication to each topic shows: who subscribes to it. */
function three(body) {
  return served({}, async (server) => {
    const clients = await server.connectMany(3);
    const sids = clients.map(({ sid }) => sid);
    /** Each topic with those who are to get what is published to it, by index. */
    const assertHeard = async (expected) => {
      const heard = clients.map(() => []);
      for (const [topic, indices] of Object.entries(expected)) {
        assert.equal(server.base.publish(topic, topic), indices.length, topic);
        assert.deepEqual(new Set(server.base.subscribers(topic)), new Set(indices.map((i) => sids[i])));
        for (const i of indices) heard[i].push(topic);
      }
      server.base.send('end');
      for (const [i, client] of clients.entries()) {
        await client.inbox.until(() => client.messages.at(-1) === 'end');
        assert.deepEqual(client.messages, [...heard[i], 'end']);
      }
    };
    await body({ ...server, server, clients, sids, assertHeard });
  });
}

test(
  'one sid, several, or null for all that are open; one topic, or several',
  limit,
  three(async ({ base, sids, assertHeard }) => {
    assert.equal(base.subscribe(sids[0], 'one'), base);
    base.subscribe([sids[0], sids[2]], 'some');
    base.subscribe(null, 'all');
    base.subscribe(sids[1], ['a', 'b', 'a']);
    base.subscribe([sids[1], sids[2]], ['c', 'd']);
    base.subscribe([], 'nobody').subscribe(sids[0], []);
    assert.deepEqual(base.topics(), ['one', 'some', 'all', 'a', 'b', 'c', 'd']);
    assert.deepEqual(base.topics(sids[1]), ['all', 'a', 'b', 'c', 'd']);
    assert.deepEqual(base.topics(null), base.topics());
    await assertHeard({ one: [0], some: [0, 2], all: [0, 1, 2], a: [1], b: [1], c: [1, 2], d: [1, 2], nobody: [] });
  }),
);

test(
  'who subscribes twice gets each message once, and leaves at once',
  limit,
  three(async ({ base, sids, assertHeard }) => {
    base.subscribe(sids[0], 't').subscribe([sids[0], sids[0], sids[1]], ['t', 't']);
    assert.equal(base.stats().subscriptions, 2);
    base.unsubscribe(sids[1], 't').unsubscribe(sids[1], 't').unsubscribe(sids[2], 't');
    assert.equal(base.stats().subscriptions, 1);
    await assertHeard({ t: [0] });
  }),
);

test(
  'unsubscribe leaves one topic, several, or all',
  limit,
  three(async ({ base, sids, assertHeard }) => {
    base.subscribe(null, ['a', 'b', 'c']);
    assert.equal(base.unsubscribe(sids[0], 'a'), base);
    base.unsubscribe([sids[1], sids[2]], ['a', 'b', 'unknown']);
    base.unsubscribe(sids[2]);
    base.unsubscribe([], 'c').unsubscribe(sids[1], []);
    assert.deepEqual(base.topics(), ['b', 'c']);
    assert.deepEqual(base.topics(sids[2]), []);
    await assertHeard({ a: [], b: [0], c: [0, 1] });
  }),
);

test(
  'unsubscribe(null) leaves nobody in any topic, and unsubscribe(null, topic) nobody in that one',
  limit,
  three(async ({ base, assertHeard }) => {
    base.subscribe(null, ['a', 'b']).unsubscribe(null, 'a');
    assert.deepEqual(base.topics(), ['b']);
    base.unsubscribe(null).subscribe(null, 'c');
    assert.deepEqual(base.topics(), ['c']);
    await assertHeard({ a: [], b: [], c: [0, 1, 2] });
  }),
);

test(
  'a connection has the same for itself',
  limit,
  three(async ({ base, sids, assertHeard }) => {
    const [first, second] = sids.map((sid) => base.sockets[sid]);
    assert.deepEqual(first.topics, []);
    assert.equal(first.subscribe('a'), first);
    first.subscribe(['b', 'c']);
    second.subscribe('a');
    assert.equal(first.unsubscribe('b'), first);
    assert.deepEqual(first.topics, ['a', 'c']);
    assert.throws(() => first.unsubscribe(undefined), { code: 'ERR_INVALID_ARG_TYPE' });
    second.unsubscribe();
    assert.deepEqual(second.topics, []);
    await assertHeard({ a: [0], b: [], c: [0] });
  }),
);

test(
  'subscribe, unsubscribe and publish of one tick hold in the order of the calls',
  limit,
  three(async ({ base, sids, clients }) => {
    base.publish('t', 'before');
    base.subscribe(sids[0], 't');
    base.publish('t', '1');
    base.unsubscribe(sids[0], 't');
    base.publish('t', 'between');
    base.subscribe(sids, 't');
    base.publish('t', '2');
    base.unsubscribe(sids[1]).subscribe(sids[1], 't');
    base.publish('t', '3');
    base.send('end');
    const expected = [
      ['1', '2', '3', 'end'],
      ['2', '3', 'end'],
      ['2', '3', 'end'],
    ];
    for (const [i, client] of clients.entries()) {
      await client.inbox.until(() => client.messages.at(-1) === 'end');
      assert.deepEqual(client.messages, expected[i]);
    }
  }),
);

test(
  'a name is any well-formed string of 1 byte to 128 KiB, and means itself alone',
  limit,
  three(async ({ base, sids, assertHeard }) => {
    const names = ['a', 'A', 'a/b', 'a/*', '#', '+', '__proto__', 'constructor', '\0', 'é', 'e\u0301', '😀', ' '];
    const longest = ['x'.repeat(LONGEST), 'é'.repeat(LONGEST / 2)];
    base.subscribe(sids[0], [...names, ...longest]);
    base.subscribe(sids[1], 'a');
    const expected = names.map((name) => [name, name === 'a' ? [0, 1] : [0]]);
    await assertHeard(Object.fromEntries([...expected, ...longest.map((name) => [name, [0]])]));
  }),
);

test(
  'any other name is a TypeError, and nothing has changed then',
  limit,
  three(async ({ base, sids, assertHeard }) => {
    const connection = base.sockets[sids[0]];
    const tooLong = ['x'.repeat(LONGEST + 1), 'é'.repeat(LONGEST / 2 + 1), 'x'.repeat(3 * LONGEST)];
    base.subscribe(sids[0], 'kept');
    for (const bad of ['', '\ud800', 'a\udc00b', ...tooLong, undefined, null, 1, {}, Buffer.from('a'), ['a', '']]) {
      const error = { name: 'TypeError', code: 'ERR_INVALID_ARG_TYPE', message: /^The "topic" argument must be/ };
      assert.throws(() => base.subscribe(sids[0], bad), error);
      assert.throws(() => base.unsubscribe(sids[0], bad), error);
      assert.throws(() => base.publish(bad, 'x'), error);
      assert.throws(() => base.subscribers(bad), error);
      assert.throws(() => connection.subscribe(bad), error);
      assert.throws(() => connection.unsubscribe(bad), error);
    }
    assert.throws(() => base.subscribe(sids[0], ['fine', '']), { name: 'TypeError' });
    assert.throws(() => base.publish(['kept'], 'x'), { name: 'TypeError' }, 'publish takes one');
    assert.throws(() => base.unsubscribe(), { name: 'TypeError' });
    assert.throws(() => base.subscribe(7, 'x'), { name: 'TypeError' });
    for (const bad of [1, {}, [sids[0]]]) assert.throws(() => base.topics(bad), { name: 'TypeError' });
    assert.deepEqual(base.topics(), ['kept']);
    await assertHeard({ kept: [0], fine: [] });
  }),
);

test(
  'unknown sids are skipped; one that is undefined reaches nobody',
  limit,
  three(async ({ base, sids, assertHeard }) => {
    const unknown = 'abcdefghijklmnop';
    base.subscribe([unknown, sids[1]], 't').subscribe(unknown, 't').subscribe(undefined, 't');
    base.unsubscribe(undefined, 't').unsubscribe(undefined).unsubscribe(unknown);
    assert.deepEqual([base.topics(unknown), base.topics(undefined)], [[], []]);
    await assertHeard({ t: [1] });
  }),
);

test(
  'a sid of another Base is one that nobody has',
  limit,
  served({}, async ({ base, connect }) => {
    const { sid } = await connect();
    const other = new Base();
    other.subscribe(sid, 't');
    assert.deepEqual([other.topics(), base.topics()], [[], []]);
    base.subscribe(sid, 't');
    assert.equal(other.publish('t', 'x'), 0);
  }),
);

test(
  'what is returned is a copy',
  limit,
  three(async ({ base, sids, assertHeard }) => {
    base.subscribe(null, ['a', 'b']);
    base.topics().length = 0;
    base.topics(sids[0]).length = 0;
    base.subscribers('a').length = 0;
    base.sockets[sids[0]].topics.length = 0;
    assert.deepEqual(base.subscribers('a'), sids);
    await assertHeard({ a: [0, 1, 2], b: [0, 1, 2] });
  }),
);
