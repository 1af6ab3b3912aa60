'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { Base } = require('../..');
const { limit, served } = require('../support/server');
const { encode, TEXT } = require('../support/frames');

test('plain properties can be written at any time', () => {
  const base = new Base();
  const extensions = {};
  Object.assign(base, { mask: true, timeout: 7, maxConnections: 2, extensions });
  assert.equal(base.mask, true);
  assert.equal(base.timeout, 7);
  assert.equal(base.maxConnections, 2);
  assert.equal(base.extensions, extensions);
  base.url = 'ws://example.com:467/grinch';
  assert.equal(base.url.href, 'ws://example.com:467/grinch/');
});

test(
  'mask holds for sockets assigned from then on',
  limit,
  served({}, async ({ base, events, connect, raw }) => {
    const before = await connect();
    base.mask = true;
    const after = await raw();
    assert.equal(base.sockets[before.sid].mask, false);
    assert.equal(base.sockets[after.sid].mask, true);

    base.send('x');
    assert.equal(await before.message(), 'x');
    const frame = await after.frame();
    assert.equal(frame.key.length, 4);
    assert.equal(frame.payload.toString(), 'x');

    await before.send('masked');
    assert.deepEqual(await events.next('message'), ['masked', before.sid]);
    await after.write(encode({ opcode: TEXT, payload: 'bare', mask: false }));
    assert.deepEqual(await events.next('message'), ['bare', after.sid]);
  }),
);

test(
  'timeout holds for sockets assigned from then on',
  limit,
  served({}, async ({ base, events, connect }) => {
    const before = await connect();
    base.timeout = 50;
    const after = await connect();
    assert.deepEqual(await events.next('close'), ['timeout', after.sid, 1001]);
    assert.deepEqual([...base.socketsHistory], [before.sid]);
    assert.equal(before.inbox.list('close').length, 0);
  }),
);

test(
  'maxConnections holds at the next assign, not before',
  limit,
  served({}, async ({ base, events, connectMany, connect }) => {
    const [first, second, third] = await connectMany(3);
    base.maxConnections = 2;
    assert.equal(base.connections, 3);
    const fourth = await connect();
    assert.deepEqual([...base.socketsHistory], [third.sid, fourth.sid]);
    const closes = await events.atLeast('close', 2);
    assert.deepEqual(
      new Map(closes.map(([reason, sid, code]) => [sid, [reason, code]])),
      new Map([
        [first.sid, ['maxConnections reached.', 1013]],
        [second.sid, ['maxConnections reached.', 1013]],
      ]),
    );
  }),
);

test(
  'the views follow what happens',
  limit,
  served({}, async ({ base, connect, events }) => {
    const one = await connect();
    const two = await connect();
    assert.equal(base.connections, 2);
    assert.deepEqual(Object.keys(base.sockets).sort(), [one.sid, two.sid].sort());
    assert.deepEqual([...base.socketsHistory], [one.sid, two.sid]);
    assert.ok(Array.isArray(base.socketsHistory));

    one.ws.close();
    await events.next('close');
    assert.equal(base.connections, 1);
    assert.deepEqual(Object.keys(base.sockets), [two.sid]);
    assert.deepEqual([...base.socketsHistory], [two.sid]);
  }),
);

/** Runs what a read-only view may answer by silence or by a TypeError. */
function attempt(change) {
  try {
    change();
  } catch (error) {
    assert.ok(error instanceof TypeError, error.stack);
  }
}

test(
  'the views cannot be written',
  limit,
  served({}, async ({ base, connect }) => {
    const { sid } = await connect();
    const connection = base.sockets[sid];
    attempt(() => (base.connections = 7));
    attempt(() => (base.sockets = {}));
    attempt(() => (base.socketsHistory = []));
    attempt(() => (base.sockets.intruder = {}));
    attempt(() => delete base.sockets[sid]);
    attempt(() => (base.sockets[sid] = null));
    attempt(() => base.socketsHistory.push('intruder'));
    attempt(() => (base.socketsHistory.length = 0));
    assert.equal(base.connections, 1);
    assert.deepEqual(Object.keys(base.sockets), [sid]);
    assert.equal(base.sockets[sid], connection);
    assert.deepEqual([...base.socketsHistory], [sid]);
  }),
);

test('sockets is an object as others are', () => {
  const { sockets } = new Base();
  // biome-ignore lint/suspicious/noPrototypeBuiltins: code of 2013 does.
  assert.equal(sockets.hasOwnProperty('nobody'), false);
  assert.ok(sockets instanceof Object);
  assert.deepEqual(sockets, {});
  const before = Object.keys(Object.prototype);
  attempt(() => Object.setPrototypeOf(sockets, null));
  assert.equal(sockets.nobody, undefined);
  assert.deepEqual(Object.keys(Object.prototype), before);
});

test('a look-up by a name that every object has finds no connection', () => {
  const base = new Base();
  for (const name of ['constructor', '__proto__', 'toString', 'hasOwnProperty']) {
    assert.ok(!Object.hasOwn(base.sockets, name), name);
    assert.equal(base.send(name, 'x'), base);
    assert.equal(base.close(name), base);
  }
});
