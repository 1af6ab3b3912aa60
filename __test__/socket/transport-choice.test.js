'use strict';

const assert = require('node:assert/strict');
const net = require('node:net');
const tls = require('node:tls');
const { PassThrough } = require('node:stream');
const { once } = require('node:events');
const { test } = require('node:test');
const { Base } = require('../..');
const { RawClient } = require('../support/raw-client');
const { selfSigned } = require('../support/certificate');
const { unixPath } = require('../support/server');
const { LoopBack, OldStream, listen, pair } = require('../support/streams');

const limit = { timeout: 30_000 };
/** There is no socket transport on Windows. */
const posix = { ...limit, skip: process.platform === 'win32' };

const pass = { read: (next) => next(), write: (next) => next() };

/**
 * @param {import('node:test').TestContext} t
 * @param {object} [where] to listen
 * @returns {Promise<{ socket: net.Socket, client: RawClient }>} a socket as a server gets it, and its peer
 */
async function connected(t, where = { port: 0, host: '127.0.0.1' }) {
  const server = net.createServer().listen(where);
  await once(server, 'listening');
  const at = where.path ? where : { port: server.address().port, host: '127.0.0.1' };
  const client = new RawClient(at, { upgrade: false });
  const [socket] = await once(server, 'connection');
  server.close();
  t.after(() => client.destroy());
  return { socket, client };
}

/** @returns {Promise<{ socket: tls.TLSSocket, client: tls.TLSSocket }>} the shaking of hands done */
async function secured(t) {
  const { key, cert } = selfSigned();
  const server = tls.createServer({ key, cert }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = tls.connect({ port: server.address().port, host: '127.0.0.1', servername: 'localhost', ca: cert });
  const [[socket]] = await Promise.all([once(server, 'secureConnection'), once(client, 'secureConnect')]);
  server.close();
  t.after(() => client.destroy());
  return { socket, client };
}

/** Asserts that the connection works, says which transport it has, and ends. */
async function assertCarried(base, events, sid, client, transport) {
  const connection = base.sockets[sid];
  assert.equal(connection.transport, transport);
  assert.throws(() => {
    connection.transport = 'other';
  }, TypeError);
  base.send(sid, 'hello');
  assert.equal(await client.said(), 'hello');
  await client.text('and back');
  assert.deepEqual(await events.next('message'), ['and back', sid]);
  base.terminate(sid);
  await events.next('close');
  assert.equal(connection.transport, transport, 'known when it is over, too');
}

for (const [what, options, transport] of [
  ['nothing asked', {}, 'socket'],
  ["transport: 'socket'", { transport: 'socket' }, 'socket'],
  ["transport: 'stream'", { transport: 'stream' }, 'stream'],
  ['transport: undefined', { transport: undefined }, 'socket'],
  ['extensions', { extensions: ['x-a'] }, 'stream'],
  ['no extensions', { extensions: [] }, 'socket'],
  ["extensions and transport: 'stream'", { extensions: ['x-a'], transport: 'stream' }, 'stream'],
]) {
  for (const where of [{ port: 0, host: '127.0.0.1' }, { path: unixPath() }]) {
    test(`${where.path ? 'a Unix-domain' : 'a TCP'} socket, ${what}: ${transport}`, posix, async (t) => {
      const { socket, client } = await connected(t, where);
      const base = new Base();
      base.extensions = { 'x-a': pass };
      const events = listen(base);
      const sid = base.assignSocket(socket, options);
      const threads = base.stats().ioThreads;
      assert.equal(typeof threads, 'number');
      await assertCarried(base, events, sid, client, transport);
    });
  }
}

for (const [what, options] of [
  ['nothing asked', {}],
  ["transport: 'stream'", { transport: 'stream' }],
  ['extensions', { extensions: 'x-a' }],
]) {
  test(`streams that are no sockets, ${what}: stream`, limit, () => {
    const base = new Base();
    base.extensions = { 'x-a': pass };
    for (const stream of [new LoopBack(), new OldStream(), new PassThrough(), pair()[0]]) {
      const sid = base.assignSocket(stream, options);
      assert.equal(base.sockets[sid].transport, 'stream');
    }
    base.terminate(null);
  });
}

test('a TLS socket: stream', limit, async (t) => {
  const { socket, client } = await secured(t);
  const base = new Base();
  const sid = base.assignSocket(socket);
  assert.equal(base.sockets[sid].transport, 'stream');
  base.send('x');
  assert.deepEqual((await once(client, 'data'))[0], Buffer.from([0x81, 1, 0x78]));
  const closed = once(base, 'close');
  base.terminate(sid);
  await closed;
});

test('a socket that is not connected yet: stream, and what is sent leaves when it is', limit, async (t) => {
  const server = net.createServer().listen(0, '127.0.0.1');
  t.after(() => server.close());
  await once(server, 'listening');
  const socket = net.connect(server.address().port, '127.0.0.1');
  const base = new Base();
  const sid = base.assignSocket(socket);
  assert.equal(base.sockets[sid].transport, 'stream');
  base.send('early');
  const [peer] = await once(server, 'connection');
  assert.deepEqual((await once(peer, 'data'))[0], Buffer.concat([Buffer.from([0x81, 5]), Buffer.from('early')]));
  peer.destroy();
  await once(base, 'close');
});

test('a socket whose handle has no descriptor: stream', posix, async (t) => {
  const { socket, client } = await connected(t);
  Object.defineProperty(socket._handle, 'fd', { value: -1 });
  const base = new Base();
  const events = listen(base);
  const sid = base.assignSocket(socket);
  await assertCarried(base, events, sid, client, 'stream');
});

/** Asserts that the demand is refused for that reason, and that nothing has changed by it. */
function assertRefused(socket, options, reason) {
  const base = new Base({ maxConnections: 1 });
  base.extensions = { 'x-a': pass };
  const oldest = base.assignSocket(new LoopBack());
  const events = listen(base);
  const before = [socket.eventNames(), socket.write, socket.end, socket.destroyed, socket.readableFlowing];
  assert.throws(
    () => base.assignSocket(socket, { transport: 'socket', ...options }),
    (error) => error.constructor === Error && error.code === 'ERR_WS_UNSUPPORTED_SOCKET' && reason.test(error.message),
  );
  assert.deepEqual([socket.eventNames(), socket.write, socket.end, socket.destroyed, socket.readableFlowing], before);
  assert.deepEqual([...base.socketsHistory], [oldest], 'nobody was evicted');
  assert.deepEqual(events.all, []);
  const sid = base.assignSocket(socket, { ...options, transport: 'stream' });
  assert.equal(base.sockets[sid].transport, 'stream', 'and the socket can be assigned still');
  base.terminate(null);
}

test("transport: 'socket' of a TLS socket is refused", limit, async (t) => {
  const { socket } = await secured(t);
  assertRefused(socket, {}, /TLS/);
});

const windows = { ...limit, skip: process.platform !== 'win32' && 'it is not refused here' };

test("transport: 'socket' of a TCP socket is refused on Windows", windows, async (t) => {
  const { socket } = await connected(t);
  assertRefused(socket, {}, /this system has no socket transport/);
});

test("transport: 'socket' of streams that are no sockets is refused", limit, () => {
  for (const stream of [new LoopBack(), new PassThrough(), pair()[0]]) assertRefused(stream, {}, /no net\.Socket/);
});

test("transport: 'socket' with extensions is refused", limit, async (t) => {
  const { socket } = await connected(t);
  assertRefused(socket, { extensions: ['x-a'] }, /extensions/);
});

test("transport: 'socket' of a socket that is not connected is refused", limit, async (t) => {
  const server = net.createServer().listen(0, '127.0.0.1');
  t.after(() => server.close());
  await once(server, 'listening');
  const socket = net.connect(server.address().port, '127.0.0.1');
  assertRefused(socket, {}, /not connected/);
});

test('any other transport is a TypeError that names the option', limit, () => {
  const base = new Base();
  for (const transport of ['', 'Socket', 'tls', null, 5, {}, true]) {
    const stream = new LoopBack();
    assert.throws(() => base.assignSocket(stream, { transport }), {
      name: 'TypeError',
      code: 'ERR_INVALID_ARG_TYPE',
      message: /transport/,
    });
    assert.equal(base.connections, 0);
    base.terminate(base.assignSocket(stream));
  }
});

test('a stream that is over already is no connection of either transport, and no error', limit, async () => {
  const [near] = pair();
  near.destroy();
  const base = new Base();
  const events = listen(base);
  const sid = base.assignSocket(near, { transport: 'stream' });
  assert.deepEqual(await events.next('close'), ['', sid, 1006]);
});

test('a socket taken by one transport is not to be had by the other', posix, async (t) => {
  for (const transport of ['socket', 'stream']) {
    const { socket } = await connected(t);
    const base = new Base();
    const sid = base.assignSocket(socket, { transport });
    for (const other of ['socket', 'stream']) {
      assert.throws(() => base.assignSocket(socket, { transport: other }), { code: 'ERR_WS_SOCKET_TAKEN' });
    }
    const closed = once(base, 'close');
    base.terminate(sid);
    await closed;
  }
});

test('both transports in one Base: stats, sockets and broadcasts are of all', posix, async (t) => {
  const [one, two] = [await connected(t), await connected(t)];
  const base = new Base();
  const events = listen(base);
  const sids = [base.assignSocket(one.socket), base.assignSocket(two.socket, { transport: 'stream' })];
  assert.deepEqual(
    sids.map((sid) => base.sockets[sid].transport),
    ['socket', 'stream'],
  );
  base.send('to both');
  base.ping('p');
  for (const { client } of [one, two]) {
    assert.equal(await client.said(), 'to both');
    assert.equal(await client.said(), 'p');
    await client.text('from both');
  }
  await events.atLeast('message', 2);
  const { connections, messagesSent, messagesReceived, bytesSent, bytesReceived } = base.stats();
  assert.deepEqual(
    { connections, messagesSent, messagesReceived, bytesSent, bytesReceived },
    {
      connections: 2,
      messagesSent: 2,
      messagesReceived: 2,
      bytesSent: 2 * (9 + 3),
      bytesReceived: 2 * (6 + 9),
    },
  );
  base.terminate(null);
  await events.atLeast('close', 2);
});
