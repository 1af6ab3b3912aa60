'use strict';

// WebSockets over TLS that have come by a door: none has a socket, and one that is asked for is as that of `https.createServer`.

const assert = require('node:assert/strict');
const { createHook } = require('node:async_hooks');
const { fork } = require('node:child_process');
const { once } = require('node:events');
const http = require('node:http');
const https = require('node:https');
const net = require('node:net');
const { test } = require('node:test');
const { Server, createSecureServer } = require('../..');
const { countOf, counted, hasDoors } = require('../support/attached');
const { CREATES, PAIR, attachedSecurely, nameOf, turns } = require('../support/front-secure');
const { limit } = require('../support/server');
const { Client } = require('../support/ws-client');

const only = { ...limit, skip: !hasDoors };

/** A WebSocket: its client, and the session that goes on with the next. */
async function visit(url, options) {
  const client = new Client(url, { rejectUnauthorized: false, ...options });
  let session;
  client.ws._req.on('socket', (socket) => socket.on('session', (ticket) => (session = ticket)));
  await client.opened;
  return { client, session: () => session, own: client.ws._socket };
}

/** Whether nobody has made a socket of a request. @param {http.IncomingMessage} req */
const isAlone = (req) => Object.getOwnPropertyDescriptor(req, 'socket').get !== undefined;

/** What a socket says of its TLS, and of its place. @param {import('node:tls').TLSSocket} socket */
function factsOf(socket) {
  return {
    tls: [socket.encrypted, socket.authorized, socket.authorizationError, socket.getProtocol(), socket.alpnProtocol],
    peer: [socket.getPeerCertificate(), socket.getPeerX509Certificate(), socket.getEphemeralKeyInfo()],
    own: [socket.getCertificate().fingerprint256, socket.getX509Certificate().fingerprint256],
    isSessionReused: socket.isSessionReused(),
    place: [socket.remoteAddress, socket.remoteFamily, socket.localAddress, socket.localFamily],
    bytes: [socket.bytesRead, socket.bytesWritten],
    state: [socket.destroyed, socket.readyState, socket.pending, socket.connecting, socket.allowHalfOpen],
    streams: [socket.readable, socket.writable, socket.timeout ?? 0],
  };
}

test('a WebSocket over TLS has no socket of Node’s, unless it is asked for one', only, async (t) => {
  let made = 0;
  const hook = createHook({ init: (_id, type) => (made += /^(TCP|TLS|TCPSERVER)WRAP$/.test(type) ? 1 : 0) });
  t.after(() => hook.disable());
  for (const [create, expected] of [
    [createSecureServer, 0],
    [https.createServer, 2],
  ]) {
    const { server, port } = await attachedSecurely(t, { create });
    const opened = once(server, 'open');
    const client = fork(require.resolve('../support/fixtures/front-client.js'), [String(port), 'wss:']);
    t.after(() => client.kill());
    made = 0;
    hook.enable();
    const [sid, req] = await opened;
    hook.disable();
    assert.equal(made, expected);
    assert.ok(req instanceof http.IncomingMessage);
    assert.equal(isAlone(req), create === createSecureServer);
    assert.equal(server.sockets[sid].transport, create === createSecureServer ? 'socket' : 'stream');
    assert.equal(server.sockets[sid].remoteAddress, '127.0.0.1');
  }
});

for (const version of ['TLSv1.2', 'TLSv1.3']) {
  for (const [how, options] of [
    ['a name', { servername: 'localhost' }],
    ['no name', { servername: '' }],
    ['ALPN', { servername: 'localhost', ALPNProtocols: ['x', 'http/1.1'] }],
  ]) {
    test(`${version}, with ${how}: the socket that is asked for says what a TLSSocket says`, limit, async (t) => {
      const all = [];
      for (const create of CREATES) {
        const { server, httpServer, port, url } = await attachedSecurely(t, { create });
        server.on('message', (text, sid) => server.send(sid, text));
        let session;
        const facts = [];
        for (const isReused of [false, true]) {
          const opened = once(server, 'open');
          const found = await visit(url, { minVersion: version, maxVersion: version, session, ...options });
          const { client, own } = found;
          const [sid, req] = await opened;
          assert.equal(isAlone(req), create === createSecureServer && hasDoors);
          const { socket } = req;
          assert.ok(socket instanceof net.Socket);
          assert.equal(socket, server.sockets[sid].socket);
          assert.deepEqual([own.isSessionReused(), socket.isSessionReused()], [isReused, isReused]);
          assert.deepEqual([socket.localPort, socket.address().port, socket.remotePort], [port, port, own.localPort]);
          assert.equal(socket.server, httpServer);
          assert.deepEqual(socket.getCipher(), own.getCipher());
          // Node.js does not say it of a session of TLS 1.2 that goes on.
          if (!isReused) facts.push(socket.servername);
          facts.push(factsOf(socket));
          client.send('x'.repeat(1_000));
          assert.equal((await client.message()).length, 1_000);
          // It is counted once it was written, which this client may see first.
          while (socket.bytesWritten < 1_000) await turns(1);
          facts.push([socket.bytesRead, socket.bytesWritten]);
          session ??= found.session();
          assert.ok(session);
          client.destroy();
          await once(server, 'close');
        }
        all.push(facts);
      }
      assert.deepEqual(all[1], all[0]);
      const [name, { tls, bytes }] = all[1];
      assert.equal(name, options.servername || false);
      assert.deepEqual(tls, [true, false, null, version, options.ALPNProtocols ? 'http/1.1' : false]);
      assert.ok(bytes.every((count) => count > 100));
    });
  }
}

for (const create of CREATES) {
  /** @param {string} title @param {(found: Awaited<ReturnType<typeof attachedSecurely>>) => Promise<void>} body */
  const both = (title, body) =>
    test(`${nameOf(create)}: ${title}`, limit, async (t) => body(await attachedSecurely(t, { create })));

  both('a connection has one socket, whoever asks for it', async ({ server, httpServer, url }) => {
    const heard = new Promise((resolve) => {
      server.on('open', (sid, req) => {
        const connection = server.sockets[sid];
        const { socket } = connection;
        resolve([socket, req.socket, req.connection, req.client, connection.socket, socket.encrypted]);
      });
    });
    const { client, own } = await visit(url);
    const [socket, ...others] = await heard;
    assert.deepEqual(
      others.map((other) => other === socket || other),
      [true, true, true, true, true],
    );
    assert.equal(socket.remotePort, own.localPort);
    assert.equal(await countOf(httpServer), 1);
    const over = once(server, 'close');
    const closed = new Promise((resolve) => socket.on('close', resolve));
    socket.destroy();
    await Promise.all([over, closed]);
    assert.equal((await client.closed()).code, 1006);
    assert.equal(socket.remoteAddress, '127.0.0.1');
    await counted(httpServer, 0);
  });

  both('asked for before the decision, it says the same', async ({ server, httpServer, url }) => {
    const before = new Promise((resolve) => {
      server.shouldAccept = ({ socket }) => {
        resolve({ socket, facts: factsOf(socket), cipher: socket.getCipher(), server: socket.server });
        return true;
      };
    });
    const opened = once(server, 'open');
    server.on('message', (text, sid) => server.send(sid, text));
    const { client, own } = await visit(url, { servername: 'localhost' });
    const { socket, facts, ...of } = await before;
    assert.deepEqual(
      [facts.tls, facts.own[0], facts.place, facts.isSessionReused],
      [
        [true, false, null, 'TLSv1.3', false],
        own.getPeerCertificate().fingerprint256,
        ['127.0.0.1', 'IPv4', '127.0.0.1', 'IPv4'],
        false,
      ],
    );
    assert.deepEqual(of, { cipher: own.getCipher(), server: httpServer });
    assert.deepEqual([socket.servername, socket.remotePort], ['localhost', own.localPort]);
    assert.equal((await opened)[1].socket, socket);
    client.send('there');
    assert.equal(await client.message(), 'there');
    assert.equal(await countOf(httpServer), 1);
    client.destroy();
    await counted(httpServer, 0);
  });
}

test('asked for after the end, it knows the peer, and is over', only, async (t) => {
  const { server, httpServer, url } = await attachedSecurely(t);
  const opened = once(server, 'open');
  const { client } = await visit(url);
  const [, req] = await opened;
  client.ws.close();
  await once(server, 'close');
  const { socket } = req;
  assert.deepEqual([socket.destroyed, socket.remoteAddress, socket.encrypted], [true, '127.0.0.1', true]);
  assert.deepEqual([socket.getProtocol(), socket.getCipher(), socket.alpnProtocol], [null, null, false]);
  assert.deepEqual([socket.getCertificate(), socket.getPeerCertificate()], [{}, {}]);
  assert.throws(() => server.assignSocket(socket), { code: 'ERR_WS_SOCKET_TAKEN' });
  await counted(httpServer, 0);
});

test('one that was asked for before the end says the same after it', limit, async (t) => {
  const { server, url } = await attachedSecurely(t);
  const opened = once(server, 'open');
  const { client, own } = await visit(url);
  const { socket } = (await opened)[1];
  const before = [socket.getProtocol(), socket.getCipher(), socket.getCertificate().fingerprint256, own.localPort];
  client.ws.close();
  await once(server, 'close');
  const after = [socket.getProtocol(), socket.getCipher(), socket.getCertificate().fingerprint256, socket.remotePort];
  assert.deepEqual(after, before);
});

test('with keepSocket: false a connection over TLS counts no more once it is open', only, async (t) => {
  const { server, httpServer, url } = await attachedSecurely(t, { options: { keepSocket: false } });
  const opened = once(server, 'open');
  const { client } = await visit(url);
  const [sid, req] = await opened;
  assert.equal(server.sockets[sid].socket, null);
  assert.equal(await countOf(httpServer), 0);
  assert.deepEqual([req.socket.destroyed, req.socket.encrypted], [true, true]);
  client.send('there');
  assert.equal((await once(server, 'message'))[0], 'there');
  client.destroy();
});

test('Server.listen(port, { tls }) accepts by a door', only, async (t) => {
  const server = new Server();
  t.after(() => server.close());
  await new Promise((resolve) => server.listen(0, '127.0.0.1', { tls: PAIR }, resolve));
  const opened = once(server, 'open');
  const { client } = await visit(`wss://127.0.0.1:${server.address().port}/`);
  const [sid, req] = await opened;
  assert.equal(isAlone(req), true);
  assert.deepEqual([server.sockets[sid].transport, req.socket.encrypted], ['socket', true]);
  client.destroy();
});
