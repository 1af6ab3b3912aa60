'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { appending } = require('../support/extended');
const { limit, served } = require('../support/server');

const PER_MESSAGE_DEFLATE = 'permessage-deflate';
const NO_CONTEXT = `${PER_MESSAGE_DEFLATE}; server_no_context_takeover; client_no_context_takeover`;

/** The ways in which a subscriber may take its messages; each is one in the tests below. */
const KINDS = [
  { what: 'as they are', agreed: undefined, assign: {} },
  { what: 'by streams', agreed: undefined, assign: { transport: 'stream' } },
  { what: 'compressed', agreed: PER_MESSAGE_DEFLATE, assign: {} },
  { what: 'compressed without context', agreed: NO_CONTEXT, assign: {} },
  { what: 'compressed by streams', agreed: PER_MESSAGE_DEFLATE, assign: { transport: 'stream' } },
  { what: 'through an extension', agreed: undefined, assign: { extensions: 'x-mark' }, mark: '!' },
];

/** A client of each kind that subscribes to `t`, and how it is told what it should have got. */
async function everyKind(server) {
  const { base, connect } = server;
  base.extensions = { 'x-mark': { write: appending('!').write } };
  const { assignOptions } = server;
  const clients = [];
  for (const { agreed, assign, mark = '' } of KINDS) {
    server.agreed = agreed;
    server.assignOptions = { ...assignOptions, ...assign };
    const client = await connect();
    clients.push({ client, sid: client.sid, mark });
  }
  base.subscribe(null, 't');
  return clients;
}

/** Waits for the last message of each, and compares. */
async function assertGot(clients, expected) {
  for (const [i, { client, mark }] of clients.entries()) {
    await client.inbox.atLeast('message', expected[i].length);
    const own = expected[i].map((data) => (typeof data === 'string' ? `${data}${mark}` : data));
    assert.deepEqual(client.messages, own, KINDS[i].what);
  }
}

/** Long enough to be compressed. */
const long = (i) => `${i}`.repeat(2000);

test(
  'each kind of subscriber gets what is published and sent, in one order',
  limit,
  served({ base: { perMessageDeflate: { threshold: 100 } } }, async (server) => {
    const clients = await everyKind(server);
    const { base } = server;
    const expected = clients.map(() => []);
    for (let i = 0; i < 60; i++) {
      const data = i % 5 === 0 ? Buffer.from(long(i)) : i % 2 === 0 ? long(i) : `${i}`;
      const { sid } = clients[i % clients.length];
      if (i % 3 === 0) base.publish('t', data);
      if (i % 3 === 1)
        assert.equal(base.publish('t', data, { except: sid, compress: i % 2 === 0 }), clients.length - 1);
      if (i % 3 === 2) base.send(sid, data);
      for (const [j, got] of expected.entries()) {
        const isIts = j === i % clients.length;
        if (i % 3 === 0 || (i % 3 === 2) === isIts) got.push(data);
      }
    }
    await assertGot(clients, expected);
  }),
);

test(
  'each kind of subscriber leaves, and is left out by except, by itself',
  limit,
  served({ base: { perMessageDeflate: { threshold: 100 } } }, async (server) => {
    const clients = await everyKind(server);
    const { base } = server;
    const expected = clients.map(() => []);
    for (const [i, { sid }] of clients.entries()) {
      base.publish('t', `not ${i}`, { except: sid });
      base.send(null, `nor ${i}`, { except: [sid] });
      base.publish('t', 'volatile', { volatile: true });
      base.unsubscribe(sid, 't');
      assert.equal(base.publish('t', long(i)), clients.length - 1);
      base.subscribe(sid, 't');
      for (const [j, got] of expected.entries()) {
        if (j !== i) got.push(`not ${i}`, `nor ${i}`, 'volatile', long(i));
        else got.push('volatile');
      }
    }
    await assertGot(clients, expected);
  }),
);

test(
  'publications to one topic in a row leave as one piece, compressed once for those that take it so',
  {
    ...limit,
    skip:
      !['socket', undefined].includes(process.env.WEBSOCKETS_TEST_TRANSPORT) &&
      'the bytes are counted on the socket transport',
  },
  served({ base: { perMessageDeflate: { threshold: 100 } }, agreed: NO_CONTEXT }, async ({ base, connectMany }) => {
    const clients = await connectMany(3);
    base.subscribe(null, 't');
    const before = base.stats().bytesSent;
    base.publish('t', long(1));
    for (const client of clients) assert.equal(await client.message(), long(1));
    const sent = base.stats().bytesSent - before;
    assert.ok(sent < 3 * 100, `${sent} bytes of 6,000`);
  }),
);
