'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const net = require('node:net');
const { once } = require('node:events');
const { test } = require('node:test');
const { Base } = require('../..');
const { collect } = require('../support/collect');
const { BINARY, PING } = require('../support/frames');
const { RawClient } = require('../support/raw-client');
const { limit, served } = require('../support/server');

/** How a connection may end. */
const ENDS = [
  (base, { sid }) => base.close(sid),
  (base, { sid }) => base.terminate(sid),
  (_base, client) => client.close(1000),
  (_base, client) => client.socket.end(),
  (_base, client) => client.socket.resetAndDestroy(),
  (_base, client) => client.send({ opcode: 3 }),
];

/** Opens `count` connections one after another, and ends them, each in the next way. */
async function live({ base, events, raw }, count) {
  for (let i = 0; i < count; i++) {
    const client = await raw();
    base.send(client.sid, Buffer.alloc(20_000));
    await client.frame();
    await ENDS[i % ENDS.length](base, client);
    await events.next('close');
    client.destroy();
  }
}

test(
  'descriptors are given back',
  { ...limit, skip: process.platform !== 'linux' && 'only Linux tells' },
  served({ base: { closeTimeout: 50 } }, async (server) => {
    const open = () => fs.readdirSync('/proc/self/fd').length;
    await live(server, 12); // the threads and what they need are there now
    const before = open();
    await live(server, 120);
    // The clients' own are closed in a later turn.
    while (open() > before) await new Promise((resolve) => setTimeout(resolve, 1));
    assert.ok(open() <= before);
  }),
);

/** Resolves when all but a few are garbage: Node itself may hold on to what it used last. */
async function collected(refs, few) {
  assert.ok(refs.length > 10 * few);
  while (refs.filter((ref) => ref.deref() !== undefined).length > few) {
    await new Promise((resolve) => setImmediate(resolve)); // a WeakRef holds until the turn is over
    collect();
  }
}

test('Bases whose connections are over are garbage', limit, async (t) => {
  const refs = [];
  class Watched extends Base {
    constructor(options) {
      super(options);
      refs.push(new WeakRef(this));
    }
  }
  for (let i = 0; i < 25; i++) {
    await served({ Class: Watched, base: { closeTimeout: 50 } }, (server) => live(server, 1))(t);
  }
  await collected(refs, 2);
});

test(
  'connections, sockets and messages that are over are garbage',
  limit,
  served({ base: { closeTimeout: 50 } }, async (server) => {
    const { base, events, accepted } = server;
    const refs = [];
    base.removeAllListeners('binary'); // or the inbox would keep what it hears
    base.on('open', (sid) => refs.push(new WeakRef(base.sockets[sid]), new WeakRef(base.sockets[sid].socket)));
    base.on('binary', (data) => refs.push(new WeakRef(data)));
    for (let i = 0; i < 4; i++) {
      const client = await server.raw();
      await client.send({ opcode: BINARY, payload: 'x' });
      await client.send({ opcode: BINARY, payload: Buffer.alloc(100_000) });
      await client.close(1000);
      await events.next('close');
      await live(server, ENDS.length);
    }
    accepted.clear();
    await collected(refs, 5);
  }),
);

test('a Base with a connection is not garbage, whoever has forgotten it', limit, async (t) => {
  const server = net.createServer();
  t.after(() => server.close());
  const said = new Promise((resolve) => {
    server.once('connection', (socket) => {
      const forgotten = new Base();
      forgotten.on('message', (text, sid) => {
        resolve(text);
        forgotten.terminate(sid);
      });
      forgotten.assignSocket(socket);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = new RawClient({ port: server.address().port, host: '127.0.0.1' }, { upgrade: false });
  t.after(() => client.destroy());
  await client.send({ opcode: PING });
  await client.frame();
  for (let i = 0; i < 20; i++) {
    collect();
    await new Promise((resolve) => setImmediate(resolve));
  }
  await client.text('still there?');
  assert.equal(await said, 'still there?');
});
