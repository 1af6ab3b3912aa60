'use strict';

// WebSockets through `createSecureServer`: a shard carries them, from the upgrade on and what came with it. What holds of
// any transport is in the other folders, which a run with WEBSOCKETS_TEST_TRANSPORT=secure goes through.

const assert = require('node:assert/strict');
const { once } = require('node:events');
const net = require('node:net');
const { test } = require('node:test');
const tls = require('node:tls');
const { Base, Server, createSecureServer } = require('../..');
const { selfSigned } = require('../support/certificate');
const { BINARY, TEXT, encode } = require('../support/frames');
const { secured } = require('../support/https');
const { Inbox } = require('../support/inbox');
const { limit, served } = require('../support/server');
const { Client } = require('../support/ws-client');

const secure = (options, body) => served({ transport: 'secure', ...options }, body);

test(
  'a shard carries them',
  limit,
  secure({}, async ({ base, connect, accepted }) => {
    const { sid } = await connect();
    assert.equal(base.sockets[sid].transport, 'socket');
    const socket = accepted.get(sid);
    assert.equal(socket.encrypted, true);
    assert.equal(socket.getProtocol(), 'TLSv1.3');
    assert.equal(socket.remoteAddress, '127.0.0.1');
  }),
);

for (const behind of [0, 1, 2, 3, 7, 50]) {
  test(
    `${behind} frames behind the request, in its record and in others, come in order`,
    limit,
    secure({}, async ({ base, events, raw }) => {
      const texts = Array.from({ length: 60 }, (_, index) => `${index}`);
      const frames = texts.map((payload) => encode({ opcode: TEXT, payload }));
      const client = await raw({ head: Buffer.concat(frames.slice(0, behind)) });
      for (const frame of frames.slice(behind)) client.write(frame);
      await events.atLeast('message', texts.length);
      assert.deepEqual(
        events.list('message').map(([text]) => text),
        texts,
      );
      base.send(client.sid, 'back');
      assert.equal(await client.said(), 'back');
    }),
  );
}

test(
  'a frame may be cut anywhere by the change',
  limit,
  secure({}, async ({ events, raw }) => {
    const frame = encode({ opcode: BINARY, payload: Buffer.alloc(40, 1) });
    for (let cut = 0; cut <= frame.length; cut += 3) {
      const client = await raw({ head: frame.subarray(0, cut) });
      await client.write(frame.subarray(cut));
      const [data, sid] = await events.next('binary');
      assert.deepEqual([data.length, sid], [40, client.sid]);
    }
  }),
);

test(
  'what is sent before the change has ended leaves after the response, in order',
  limit,
  secure({}, async ({ base, connect }) => {
    base.on('open', (sid) => {
      for (let index = 0; index < 20; index++) base.send(sid, `${index}`);
      base.send([sid], 'to some');
      base.send('to all');
    });
    const client = await connect();
    await client.inbox.atLeast('message', 22);
    const expected = [...Array.from({ length: 20 }, (_, index) => `${index}`), 'to some', 'to all'];
    assert.deepEqual(client.messages, expected);
  }),
);

test(
  'long messages pass in both directions',
  limit,
  secure({}, async ({ base, events, connect }) => {
    const client = await connect();
    const long = 'é'.repeat(2 << 20);
    client.send(long);
    assert.equal((await events.next('message'))[0], long);
    const data = Buffer.alloc(9 << 20, 7);
    base.send(client.sid, data);
    const [got] = await client.inbox.next('message');
    assert.ok(Buffer.compare(Buffer.from(got), data) === 0);
  }),
);

test(
  'a write is tried before a send is refused, once the connection has begun',
  limit,
  secure({ base: { maxBufferedAmount: 4096 } }, async ({ base, events, connect }) => {
    const client = await connect();
    client.send('it has begun');
    await events.next('message');
    for (let index = 0; index < 50; index++) base.send(client.sid, 'x'.repeat(2000));
    await client.inbox.atLeast('message', 50);
    assert.equal(events.list('error').length, 0);
  }),
);

test(
  'a peer that goes during the change has its open and its close',
  limit,
  secure({}, async ({ events, request, assigned }) => {
    for (let index = 0; index < 20; index++) {
      const opened = once(assigned, `/?${index}`);
      const client = request(`/?${index}`);
      client.on('error', () => {});
      const [sid] = await opened;
      client.socket.wire.resetAndDestroy();
      const [, closed, code] = await events.next('close');
      assert.deepEqual([closed, code], [sid, 1006]);
    }
  }),
);

test(
  'a connection goes on without its socket',
  limit,
  secure({ assign: { keepSocket: false } }, async (server) => {
    const { base, events, connect, accepted } = server;
    const client = await connect();
    const socket = accepted.get(client.sid);
    if (!socket.closed) await once(socket, 'close');
    client.send('there');
    await events.next('message');
    base.send(client.sid, 'back');
    await client.inbox.atLeast('message', 1);
    const count = await new Promise((resolve) => server.http.getConnections((_error, found) => resolve(found)));
    assert.equal(count, 0);
  }),
);

test('a connection that a shard has lost before it is assigned is opened and closed', limit, async (t) => {
  const base = new Base();
  const server = await secured(t);
  const heard = [];
  for (const name of ['open', 'close', 'error']) base.on(name, (...args) => heard.push([name, args.at(-2)]));
  const upgraded = once(server, 'upgrade');
  const client = net.connect(server.address().port, '127.0.0.1').on('error', () => {});
  const over = tls.connect({ socket: client, rejectUnauthorized: false }).on('error', () => {});
  over.write('GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
  const [, socket] = await upgraded;
  client.resetAndDestroy();
  // This thread is blocked until the shard knows.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 300);
  const closed = once(base, 'close');
  base.assignSocket(socket);
  await closed;
  assert.deepEqual(
    heard.map(([name]) => name),
    ['open', 'close'],
  );
});

test('Server.listen has an option `tls`', limit, async (t) => {
  const { key, cert } = selfSigned();
  for (const args of [[0, '127.0.0.1', { tls: { key, cert } }], [{ port: 0, host: '127.0.0.1', tls: { key, cert } }]]) {
    const server = new Server();
    t.after(() => server.close());
    const events = new Inbox(server, ['open', 'message']);
    const listening = new Promise((resolve) => server.listen(...args, resolve));
    await listening;
    const client = new Client(`wss://127.0.0.1:${server.address().port}/`, { ca: cert, servername: 'localhost' });
    t.after(() => client.destroy());
    await client.opened;
    const [sid] = await events.next('open');
    assert.equal(server.sockets[sid].transport, 'socket');
    client.send('there');
    assert.equal((await events.next('message'))[0], 'there');
  }
  const server = new Server();
  assert.throws(() => server.listen(0, { tls: { key: 'none', cert } }));
  assert.throws(() => server.listen(0, { tls: true }), { code: 'ERR_INVALID_ARG_TYPE' });
  assert.equal(server.address(), null);
});

test('a name of the certificate is checked by the client as ever', limit, async (t) => {
  const pair = selfSigned();
  const server = createSecureServer(pair).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const client = tls.connect({ port: server.address().port, ca: pair.cert, servername: 'localhost' });
  await once(client, 'secureConnect');
  assert.equal(client.authorized, true);
  client.destroy();
});
