'use strict';

const assert = require('node:assert/strict');
const { once } = require('node:events');
const { test } = require('node:test');
const { exchange, limit, served, taken } = require('../support/server');
const { switchingProtocols } = require('../support/upgrade');

test(
  'addresses stay what they were',
  limit,
  served(
    {
      upgrade(request, socket, head, server) {
        const { remoteAddress, remotePort, remoteFamily, localAddress, localPort } = socket;
        server.before = { remoteAddress, remotePort, remoteFamily, localAddress, localPort };
        server.address = socket.address();
        server.accept(request, socket, head);
      },
    },
    async (server) => {
      const { sid } = await server.connect();
      const socket = server.accepted.get(sid);
      const { remoteAddress, remotePort, remoteFamily, localAddress, localPort } = socket;
      assert.deepEqual({ remoteAddress, remotePort, remoteFamily, localAddress, localPort }, server.before);
      assert.deepEqual(socket.address(), server.address);
      assert.equal(remoteAddress, '127.0.0.1');
    },
  ),
);

test(
  'addresses that nobody looked at before are there as well',
  limit,
  taken(async ({ client, socket, server }) => {
    assert.equal(socket.remoteAddress, '127.0.0.1');
    assert.equal(socket.remotePort, client.socket.localPort);
    assert.equal(socket.localAddress, '127.0.0.1');
    assert.equal(socket.localPort, server.at.port);
    assert.deepEqual(socket.address(), { address: '127.0.0.1', family: 'IPv4', port: server.at.port });
  }),
);

test(
  'bytesRead and bytesWritten are those of the wire',
  limit,
  taken(async (it) => {
    const { client, socket, base, sid, events } = it;
    for (const size of [0, 5, 100_000]) {
      await client.text('x'.repeat(size));
      await events.next('message');
      assert.equal(socket.bytesRead, client.socket.bytesWritten);
      base.send(sid, 'y'.repeat(size));
      await client.frame();
      assert.equal(socket.bytesWritten, client.socket.bytesRead);
    }
  }),
);

test(
  'the byte counts outlive the connection',
  limit,
  taken(async ({ client, socket, events }) => {
    await client.close(1000);
    await events.next('close');
    await client.ended();
    assert.equal(socket.bytesRead, client.socket.bytesWritten);
    assert.equal(socket.bytesWritten, client.socket.bytesRead);
  }),
);

test(
  'end() begins the closing handshake',
  limit,
  taken(async ({ socket, client, events, sid, base }) => {
    const gone = once(socket, 'close');
    socket.end();
    const { code } = await client.closeFrame();
    assert.ok(code >= 1000 && code < 1005, `${code} is a code of a regular end`);
    assert.equal(base.connections, 0);
    await client.close(code);
    const [, closed, said] = await events.next('close');
    assert.deepEqual([closed, said], [sid, code]);
    await gone;
  }),
);

test(
  'destroy() terminates',
  limit,
  taken(async ({ socket, client, events, sid, base }) => {
    socket.destroy();
    assert.deepEqual(await events.next('close'), ['', sid, 1006]);
    assert.equal(base.connections, 0);
    await client.ended();
    assert.equal(client.frames.length, 0);
  }),
);

test(
  "destroy(error) terminates, and the error is nobody's uncaught one",
  limit,
  taken(async ({ socket, client, events, sid }) => {
    socket.destroy(new Error('of the application'));
    assert.deepEqual(await events.next('close'), ['', sid, 1006]);
    await client.ended();
  }),
);

test(
  'write() fails through its callback, and writes nothing',
  limit,
  taken(async (it) => {
    const { socket } = it;
    const error = await new Promise((resolve) => socket.write('stray bytes', resolve));
    assert.equal(error.code, 'ERR_WS_SOCKET_TAKEN');
    socket.write('without a callback');
    socket.write('with an encoding', 'latin1');
    await new Promise((resolve) => setImmediate(resolve));
    await exchange(it);
  }),
);

test(
  'end(data) neither throws nor writes the data',
  limit,
  taken(
    async ({ socket, client }) => {
      socket.end('stray bytes');
      await client.ended();
      for (const frame of client.frames) assert.ok(!frame.payload.includes('stray'));
    },
    { base: { closeTimeout: 50 } },
  ),
);

test(
  'resume(), read() and a data listener take nothing away',
  limit,
  taken(async (it) => {
    // On the stream transport the bytes still come by the socket object: others may look on.
    const mayLookOn = it.base.sockets[it.sid].transport === 'stream';
    it.socket.on('data', () => assert.ok(mayLookOn, "not the socket's any more"));
    it.socket.resume();
    assert.equal(it.socket.read(), null);
    await exchange(it);
  }),
);

test(
  'pause() and resume() hold the WebSocket back, and isPaused() says so',
  limit,
  taken(async (it) => {
    const { server, client, events, socket, sid } = it;
    assert.equal(socket.isPaused(), false);
    assert.equal(socket.pause(), socket);
    assert.equal(socket.isPaused(), true);
    await client.text('held back');
    const other = await server.raw();
    await other.text('not held back');
    assert.deepEqual(await events.next('message'), ['not held back', other.sid]);
    assert.equal(socket.resume(), socket);
    assert.equal(socket.isPaused(), false);
    assert.deepEqual(await events.next('message'), ['held back', sid]);
    await exchange(it);
  }),
);

test(
  'a data listener, and pipe(), undo no pause',
  limit,
  taken(async (it) => {
    const { base, client, server, events, socket, sid } = it;
    base.pause(sid);
    assert.equal(socket.isPaused(), true);
    socket.on('data', () => {});
    await client.text('held back');
    const other = await server.raw();
    await other.text('not held back');
    assert.deepEqual(await events.next('message'), ['not held back', other.sid]);
    base.resume(sid);
    assert.deepEqual(await events.next('message'), ['held back', sid]);
  }),
);

test(
  'the state is that of an open socket, and then of a destroyed one',
  limit,
  taken(async ({ base, socket, events, sid }) => {
    const { connecting, destroyed, pending, readyState, readable, writable } = socket;
    const open = { connecting: false, destroyed: false, pending: false, readyState: 'open' };
    assert.deepEqual(
      { connecting, destroyed, pending, readyState, readable, writable },
      { ...open, readable: true, writable: true },
    );
    base.terminate(sid);
    await events.next('close');
    assert.deepEqual([socket.connecting, socket.destroyed, socket.pending], [false, true, true]);
    assert.equal(socket.readyState, 'closed');
    assert.equal(socket.bufferSize, undefined);
    assert.equal(socket.writableLength, 0);
  }),
);

test(
  'writableLength and bufferSize say what waits for the peer',
  limit,
  served({}, async ({ base, raw, events, accepted }) => {
    const client = await raw();
    const { sid } = client;
    const socket = accepted.get(sid);
    client.pause();
    assert.deepEqual([socket.writableLength, socket.bufferSize], [0, 0]);
    while (base.bufferedAmount(sid) < 1 << 20) base.send(sid, Buffer.alloc(1 << 20));
    assert.ok(socket.writableLength > 0);
    assert.equal(socket.bufferSize, socket.writableLength);
    client.resume();
    while (base.bufferedAmount(sid) > 0) await events.next('drain');
    assert.deepEqual([socket.writableLength, socket.bufferSize], [0, 0]);
  }),
);

test(
  'destroySoon() begins the closing handshake',
  limit,
  taken(async ({ socket, client, events, sid }) => {
    socket.destroySoon();
    assert.deepEqual(await client.closeFrame(), { code: 1000, reason: '' });
    await client.close(1000);
    assert.deepEqual(await events.next('close'), ['', sid, 1000]);
    assert.equal(socket.destroyed, true);
  }),
);

test(
  'the socket emits close when the WebSocket is at its end',
  limit,
  taken(async ({ base, socket, client, sid }) => {
    const gone = once(socket, 'close');
    base.close(sid);
    await client.closeFrame();
    await client.close(1000);
    await gone;
    assert.equal(socket.destroyed, true);
  }),
);

test(
  'nobody uses the socket after its end in vain',
  limit,
  taken(async ({ socket, client, events }) => {
    await client.close(1000);
    await events.next('close');
    socket.setNoDelay(true);
    socket.setKeepAlive(true);
    socket.ref();
    socket.unref();
    socket.end();
    socket.destroy();
    const error = await new Promise((resolve) => socket.write('late', resolve));
    assert.ok(error instanceof Error);
    assert.equal(socket.remoteAddress, '127.0.0.1');
  }),
);

test(
  'listeners of the application stay: close of the socket comes once',
  limit,
  served(
    {
      upgrade(request, socket, head, server) {
        server.closes = 0;
        socket.on('close', () => server.closes++);
        socket.write(switchingProtocols(request));
        server.assign(request, socket, { head });
      },
    },
    async (server) => {
      const client = await server.raw();
      const gone = once(server.accepted.get(client.sid), 'close');
      server.base.terminate(client.sid);
      await gone;
      await server.events.next('close');
      assert.equal(server.closes, 1);
    },
  ),
);
