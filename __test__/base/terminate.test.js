'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { limit, served } = require('../support/server');

test(
  'terminate(sid): no close frame, the connection ends, close follows with 1006',
  limit,
  served({}, async ({ base, events, raw }) => {
    const client = await raw();
    base.terminate(client.sid);
    assert.equal(base.connections, 0);
    assert.equal(base.sockets[client.sid], undefined);
    assert.deepEqual([...base.socketsHistory], []);
    assert.deepEqual(await events.next('close'), ['', client.sid, 1006]);
    await client.ended();
    assert.equal(client.frames.length, 0);
  }),
);

test(
  'the ws client sees 1006 as well',
  limit,
  served({}, async ({ base, connect }) => {
    const client = await connect();
    base.terminate(client.sid);
    assert.deepEqual(await client.closed(), { code: 1006, reason: '' });
  }),
);

test(
  'terminate([sid…]) ends those, and nobody else',
  limit,
  served({}, async ({ base, events, connectMany }) => {
    const clients = await connectMany(3);
    const sids = clients.map(({ sid }) => sid);
    base.terminate([sids[0], 'nobody', sids[1]]);
    assert.deepEqual([...base.socketsHistory], [sids[2]]);
    await events.atLeast('close', 2);
    base.send('still here');
    assert.equal(await clients[2].message(), 'still here');
    assert.equal(events.list('close').length, 2);
  }),
);

test(
  'terminate(null) ends all',
  limit,
  served({}, async ({ base, events, connectMany }) => {
    const clients = await connectMany(3);
    base.terminate(null);
    assert.equal(base.connections, 0);
    await events.atLeast('close', 3);
    for (const client of clients) assert.equal((await client.closed()).code, 1006);
  }),
);

test(
  'terminate([]) and terminate of a sid that nobody has end nothing',
  limit,
  served({}, async ({ base, connect }) => {
    const client = await connect();
    base.terminate([]);
    base.terminate('nobody');
    base.terminate(['nobody']);
    base.send('open');
    assert.equal(await client.message(), 'open');
  }),
);

test(
  'an explicit undefined addresses nobody, and no argument at all is a TypeError',
  limit,
  served({}, async ({ base, connect }) => {
    const client = await connect();
    assert.equal(base.terminate(undefined), base);
    assert.throws(() => base.terminate(), TypeError);
    assert.equal(base.connections, 1);
    base.send('open');
    assert.equal(await client.message(), 'open');
  }),
);

test(
  'terminate drops what a peer does not read',
  limit,
  served({ unix: true }, async ({ base, events, raw }) => {
    const client = await raw({ paused: true });
    base.send(client.sid, Buffer.alloc(16 << 20));
    assert.ok(base.bufferedAmount(client.sid) > 0);
    base.terminate(client.sid);
    assert.deepEqual(await events.next('close'), ['', client.sid, 1006]);
  }),
);
