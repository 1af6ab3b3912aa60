'use strict';

const assert = require('node:assert/strict');
const http = require('node:http');
const { once } = require('node:events');
const { test } = require('node:test');
const { WebSocketServer } = require('ws');
const { Base, acceptKey } = require('../..');
const { Inbox } = require('../support/inbox');
const { limit, served } = require('../support/server');
const { BINARY, PING, PONG, TEXT, encode } = require('../support/frames');
const { KEY } = require('../support/raw-client');

/** A Base in the client's role, connected to a `ws` server; `ws` takes masked frames only. */
function asClient(body) {
  return async (t) => {
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
    t.after(() => server.close());
    await once(server, 'listening');
    const base = new Base({ mask: true });
    t.after(() => base.terminate(null));
    const events = new Inbox(base, ['message', 'binary', 'ping', 'pong', 'close', 'error']);
    const request = http.get({
      port: server.address().port,
      host: '127.0.0.1',
      headers: { Connection: 'Upgrade', Upgrade: 'websocket', 'Sec-WebSocket-Version': 13, 'Sec-WebSocket-Key': KEY },
    });
    const [[peer], [response, socket, head]] = await Promise.all([
      once(server, 'connection'),
      once(request, 'upgrade'),
    ]);
    assert.equal(response.headers['sec-websocket-accept'], acceptKey(KEY));
    await body({ base, events, peer, sid: base.assignSocket(socket, { head }) });
  };
}

test(
  "in the client's role it talks with a ws server",
  limit,
  asClient(async ({ base, events, peer, sid }) => {
    assert.equal(base.sockets[sid].mask, true);
    peer.on('message', (data, isBinary) => peer.send(data, { binary: isBinary }));
    for (const size of [0, 1, 5, 126, 65536, 1 << 20]) {
      base.send(sid, 'x'.repeat(size));
      assert.equal((await events.next('message'))[0], 'x'.repeat(size));
      base.send(sid, Buffer.alloc(size, 7));
      assert.deepEqual((await events.next('binary'))[0], Buffer.alloc(size, 7));
    }
    base.ping(sid, 'p');
    assert.deepEqual(await events.next('pong'), ['p', sid, Buffer.from('p')]);
    peer.ping('q');
    assert.deepEqual(await events.next('ping'), ['q', sid, Buffer.from('q')]);
    base.close(sid, 'bye');
    const [code, reason] = await once(peer, 'close');
    assert.deepEqual([code, reason.toString()], [1000, 'bye']);
    assert.deepEqual(await events.next('close'), ['bye', sid, 1000]);
  }),
);

test(
  'a ws server that closes a client',
  limit,
  asClient(async ({ events, peer, sid }) => {
    const closed = once(peer, 'close'); // either end may hear of it first
    peer.close(4001, 'go');
    assert.deepEqual(await events.next('close'), ['go', sid, 4001]);
    const [code] = await closed;
    assert.equal(code, 4001);
  }),
);

test(
  'masked frames: each has its key, and the keys vary',
  limit,
  served({ base: { mask: true } }, async ({ base, raw }) => {
    const client = await raw();
    for (let i = 0; i < 100; i++) base.send(client.sid, `text ${i}`);
    for (let i = 0; i < 100; i++) base.send(Buffer.from(`bytes ${i}`));
    base.ping('p');
    base.close(client.sid, 'bye');
    await client.inbox.atLeast('frame', 202);
    assert.ok(client.frames.every(({ key }) => key !== null));
    const payloads = client.frames.map(({ payload }) => payload.toString());
    assert.deepEqual([payloads[0], payloads[150], payloads[200]], ['text 0', 'bytes 50', 'p']);
    const keys = new Set(client.frames.map(({ key }) => key.toString('hex')));
    assert.ok(keys.size >= 200, `${keys.size} different keys`); // 202 of 2³²: even two alike are rare
  }),
);

test(
  'pongs of a client are masked',
  limit,
  served({ base: { mask: true } }, async ({ raw }) => {
    const client = await raw();
    await client.send({ opcode: PING, payload: 'p', mask: false });
    const { opcode, key, payload } = await client.frame();
    assert.deepEqual([opcode, key.length, payload.toString()], [PONG, 4, 'p']);
  }),
);

test(
  'a Buffer that is sent masked is not changed',
  limit,
  served({ base: { mask: true, maxConnections: 3 } }, async ({ base, raw }) => {
    const clients = [await raw(), await raw()];
    for (const size of [10, 20_000]) {
      const data = Buffer.alloc(size, 'd');
      base.send(data);
      base.send(clients[0].sid, data);
      assert.ok(data.equals(Buffer.alloc(size, 'd')));
      for (const client of [...clients, clients[0]]) assert.ok((await client.frame()).payload.equals(data));
    }
  }),
);

test(
  "in the client's role a masked frame is a protocol error",
  limit,
  served({ base: { mask: true, closeTimeout: 50 } }, async ({ events, raw }) => {
    const client = await raw();
    await client.text('masked');
    const [error] = await events.next('error');
    assert.equal(error.code, 'WS_ERR_UNEXPECTED_MASK');
    assert.equal(error.closeCode, 1002);
    assert.equal((await client.closeFrame()).code, 1002);
  }),
);

test(
  'the frames of a server are not masked',
  limit,
  served({}, async ({ base, raw }) => {
    const client = await raw();
    base.send('x');
    base.send(client.sid, Buffer.alloc(100_000));
    base.ping('p');
    await client.send({ opcode: PING });
    await client.inbox.atLeast('frame', 4);
    assert.ok(client.frames.every(({ key }) => key === null));
  }),
);

for (const mask of [false, true]) {
  test(
    `enforceMasking false takes frames either way (mask: ${mask})`,
    limit,
    served({ base: { mask, enforceMasking: false } }, async ({ events, raw }) => {
      const client = await raw();
      await client.write(
        Buffer.concat([
          encode({ opcode: TEXT, payload: 'masked' }),
          encode({ opcode: TEXT, payload: 'bare', mask: false }),
          encode({ opcode: BINARY, payload: 'masked again' }),
        ]),
      );
      await events.next('binary');
      assert.deepEqual(
        events.list('message').map(([text]) => text),
        ['masked', 'bare'],
      );
      assert.equal(events.list('error').length, 0);
    }),
  );
}

test(
  'enforceMasking true is what holds by itself',
  limit,
  served({ base: { enforceMasking: true, closeTimeout: 50 } }, async ({ events, raw }) => {
    const client = await raw();
    await client.send({ opcode: TEXT, payload: 'bare', mask: false });
    assert.equal((await events.next('error'))[0].code, 'WS_ERR_EXPECTED_MASK');
  }),
);
