'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { WebSocket } = require('ws');
const { limit, served } = require('../support/server');

test(
  'a connection says what it is',
  limit,
  served({ assign: { protocol: 'chat' } }, async ({ base, carrier, connect, accepted }) => {
    const { sid } = await connect();
    const connection = base.sockets[sid];
    assert.equal(connection.sid, sid);
    assert.equal(connection.readyState, WebSocket.OPEN);
    assert.equal(connection.transport, carrier);
    assert.equal(connection.protocol, 'chat');
    assert.equal(connection.mask, false);
    assert.equal(connection.remoteAddress, '127.0.0.1');
    assert.equal(connection.bufferedAmount, 0);
    assert.equal(connection.socket, accepted.get(sid));
    assert.ok('extensions' in connection);
  }),
);

test(
  'the options of assignSocket go before those of the Base',
  limit,
  served({ base: { mask: true }, assign: { mask: false } }, async ({ base, connect }) => {
    const client = await connect();
    assert.equal(base.sockets[client.sid].mask, false);
    base.send(client.sid, 'not masked, or ws would not take it');
    assert.equal(await client.message(), 'not masked, or ws would not take it');
  }),
);

test(
  'what the app keeps with a connection is its own, and stays with it',
  limit,
  served({ assign: { data: 'told at first' } }, async ({ base, events, connect }) => {
    const seen = [];
    base.on('open', (sid) => seen.push(base.sockets[sid].data));
    const client = await connect();
    const connection = base.sockets[client.sid];
    const mine = { name: 'ada' };
    connection.data = mine;
    assert.equal(base.sockets[client.sid].data, mine);
    client.ws.close(1000);
    await events.next('close');
    assert.equal(connection.data, mine);
    assert.deepEqual(seen, ['told at first']);
  }),
);

test(
  'by default that is undefined',
  limit,
  served({}, async ({ base, connect }) => {
    const { sid } = await connect();
    assert.equal(base.sockets[sid].data, undefined);
    assert.ok('data' in base.sockets[sid]);
  }),
);

test(
  'readyState goes from open over closing to closed, as in ws',
  limit,
  served({}, async ({ base, events, connect }) => {
    const seen = [];
    base.on('open', (sid) => seen.push(base.sockets[sid].readyState));
    const { sid } = await connect();
    const connection = base.sockets[sid];
    base.close(sid, 'done');
    seen.push(connection.readyState);
    await events.next('close');
    seen.push(connection.readyState);
    assert.deepEqual(seen, [WebSocket.OPEN, WebSocket.CLOSING, WebSocket.CLOSED]);
  }),
);

test(
  'the socket is released at the end, the address is not forgotten',
  limit,
  served({}, async ({ base, events, connect }) => {
    const client = await connect();
    const connection = base.sockets[client.sid];
    assert.equal(connection.remoteAddress, '127.0.0.1');
    client.ws.close(1000);
    await events.next('close');
    assert.equal(connection.socket, null);
    assert.equal(connection.bufferedAmount, 0);
    assert.equal(connection.remoteAddress, '127.0.0.1');
  }),
);

test(
  'sids are strings that do not repeat and cannot be guessed',
  limit,
  served({ base: { maxConnections: 1 } }, async ({ events, base, connect }) => {
    for (let i = 0; i < 200; i++) {
      const { sid } = await connect();
      assert.equal(base.sockets[sid].sid, sid);
    }
    const sids = events.list('open').map(([sid]) => sid);
    assert.ok(sids.every((sid) => typeof sid === 'string'));
    assert.equal(new Set(sids).size, 200);
    // What the characters that were seen at each place can tell apart is at least 64 bits, less
    // what 200 samples may have missed. A counter shows as places that never change.
    let bits = 0;
    for (let place = 0; place < Math.min(...sids.map((sid) => sid.length)); place++) {
      bits += Math.log2(new Set(sids.map((sid) => sid[place])).size);
    }
    assert.ok(bits >= 60, `${bits.toFixed(1)} bits`);
  }),
);
