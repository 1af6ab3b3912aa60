'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { limit, served } = require('../support/server');

/** Four clients that subscribe to `t`, but for the last, and a look at what each got. */
function four(body, options = {}) {
  return served(options, async (server) => {
    const clients = await server.connectMany(4);
    const sids = clients.map(({ sid }) => sid);
    server.base.subscribe(sids.slice(0, 3), 't');
    const assertGot = async (...expected) => {
      server.base.send('end');
      for (const [i, client] of clients.entries()) {
        await client.inbox.until(() => client.messages.at(-1) === 'end');
        assert.deepEqual(client.messages, [...expected[i], 'end']);
      }
    };
    await body({ ...server, clients, sids, assertGot });
  });
}

test(
  'publish takes what send takes, and returns how many get it',
  limit,
  four(async ({ base, assertGot }) => {
    assert.equal(base.publish('t', 'text'), 3);
    assert.equal(base.publish('t', Buffer.from('buffer')), 3);
    assert.equal(base.publish('t', new Uint16Array([1, 2])), 3);
    assert.equal(base.publish('t', new DataView(new ArrayBuffer(2))), 3);
    assert.equal(base.publish('t', new ArrayBuffer(1)), 3);
    assert.equal(base.publish('t', ''), 3);
    assert.equal(base.publish('unknown', 'x'), 0);
    const got = ['text', Buffer.from('buffer'), Buffer.from([1, 0, 2, 0]), Buffer.alloc(2), Buffer.alloc(1), ''];
    await assertGot(got, got, got, []);
  }),
);

test(
  'the caller may reuse its bytes at once',
  limit,
  four(async ({ base, assertGot }) => {
    const bytes = Buffer.alloc(100_000, 'a');
    base.publish('t', bytes);
    bytes.fill('b');
    base.publish('t', bytes);
    bytes.fill('c');
    const got = [Buffer.alloc(100_000, 'a'), Buffer.alloc(100_000, 'b')];
    await assertGot(got, got, got, []);
  }),
);

test(
  'except: a sid, or several; those who do not subscribe, or are unknown, change nothing',
  limit,
  four(async ({ base, sids, assertGot }) => {
    assert.equal(base.publish('t', 'a', { except: sids[0] }), 2);
    assert.equal(base.publish('t', 'b', { except: [sids[0], sids[1], sids[1]] }), 1);
    assert.equal(base.publish('t', 'c', { except: [sids[3], 'unknown', 'abcdefghijklmnop'] }), 3);
    assert.equal(base.publish('t', 'd', { except: sids }), 0);
    assert.equal(base.publish('t', 'e', { except: [] }), 3);
    assert.equal(base.publish('t', 'f', { except: undefined }), 3);
    await assertGot(['c', 'e', 'f'], ['a', 'c', 'e', 'f'], ['a', 'b', 'c', 'e', 'f'], []);
  }),
);

test(
  'send has except as well, whomever it is for',
  limit,
  four(async ({ base, sids, assertGot }) => {
    base.send(null, 'a', { except: sids[0] });
    base.send(null, 'b', { except: [sids[0], sids[3]] });
    base.send(null, 'c', { except: sids });
    base.send([sids[0], sids[1], sids[2]], 'd', { except: [sids[1]] });
    base.send(sids[0], 'e', { except: sids[0] });
    base.send(sids[0], 'f', { except: sids[1] });
    base.send(null, 'g', { except: 'unknown' });
    assert.equal(base.stats().messagesSent, 3 + 2 + 0 + 2 + 0 + 1 + 4);
    await assertGot(['d', 'f', 'g'], ['a', 'b', 'g'], ['a', 'b', 'd', 'g'], ['a', 'g']);
  }),
);

test(
  'the data and the options are looked at even if nobody subscribes, and nothing is sent by what is wrong',
  limit,
  four(async ({ base, sids, assertGot }) => {
    const before = base.stats();
    for (const topic of ['t', 'nobody']) {
      for (const data of [undefined, null, 1, {}, []])
        assert.throws(() => base.publish(topic, data), { code: 'ERR_INVALID_ARG_TYPE' });
      for (const options of [
        null,
        'x',
        { except: null },
        { except: [1] },
        { except: [undefined] },
        { compress: 1 },
        { local: 'no' },
        { volatile: 0 },
        { fragment: '1' },
      ])
        assert.throws(() => base.publish(topic, 'x', options), { code: 'ERR_INVALID_ARG_TYPE' }, topic);
      assert.throws(() => base.publish(topic, 'x', { fragment: 0 }), { code: 'ERR_OUT_OF_RANGE' });
    }
    for (const except of [null, 1, [1], [undefined]])
      assert.throws(() => base.send(null, 'x', { except }), { code: 'ERR_INVALID_ARG_TYPE' });
    assert.deepEqual(base.stats().publishes, before.publishes);
    base.publish('t', 'fine', { compress: false, local: true, volatile: false, fragment: Infinity });
    assert.equal(base.publish('nobody', 'x', { except: sids }), 0);
    await assertGot(['fine'], ['fine'], ['fine'], []);
  }),
);

test(
  'a message leaves in frames of at most so many bytes, by an option of publish or of the Base',
  limit,
  served({ base: { fragment: 10 } }, async ({ base, raw }) => {
    const clients = [await raw(), await raw()];
    base.subscribe(null, 't');
    base.publish('t', 'x'.repeat(25));
    base.publish('t', 'y'.repeat(25), { fragment: 20 });
    base.publish('t', 'z'.repeat(25), { fragment: Infinity });
    base.publish('t', 'short');
    for (const client of clients) {
      await client.inbox.atLeast('frame', 7);
      const lengths = client.frames.map(({ payload }) => payload.length);
      assert.deepEqual(lengths, [10, 10, 5, 20, 5, 25, 5]);
    }
  }),
);

test(
  'publishing from a message listener reaches all but who said it',
  limit,
  four(async ({ base, clients, events, assertGot }) => {
    base.on('message', (text, sid) => base.publish('t', text, { except: sid }));
    await clients[0].send('hello');
    await events.next('message');
    await clients[3].send('outside');
    await events.next('message');
    await assertGot(['outside'], ['hello', 'outside'], ['hello', 'outside'], []);
  }),
);

test(
  'topics, subscriptions, publications and deliveries are counted',
  limit,
  four(async ({ base, sids, assertGot }) => {
    base.subscribe(sids[3], ['t', 'u']);
    base.publish('t', 'a');
    base.publish('t', 'b', { except: sids[0] });
    base.publish('u', 'c');
    base.publish('nobody', 'd');
    const { topics, subscriptions, publishes, deliveries, skipped, messagesSent } = base.stats();
    assert.deepEqual(
      { topics, subscriptions, publishes, deliveries, skipped, messagesSent },
      { topics: 2, subscriptions: 5, publishes: 4, deliveries: 8, skipped: 0, messagesSent: 8 },
    );
    await assertGot(['a'], ['a', 'b'], ['a', 'b'], ['a', 'b', 'c']);
  }),
);
