'use strict';

// What changes on a server while Rust accepts its connections over TLS holds for whoever comes next.

const assert = require('node:assert/strict');
const { once } = require('node:events');
const https = require('node:https');
const { test } = require('node:test');
const tls = require('node:tls');
const { Server, createSecureServer } = require('../..');
const native = require('../../lib/native/native');
const { attachedSecurely, PAIR } = require('../support/front-secure');
const { hasDoors } = require('../support/attached');
const { comes, dialed } = require('../support/https');
const { limit } = require('../support/server');
const { Client } = require('../support/ws-client');

const only = { ...limit, skip: hasDoors ? false : 'this system has no doors' };
const TRUST = { ca: PAIR.cert, servername: 'localhost' };

/** A plain request. @param {number} port @returns {Promise<number | string>} its status, or the code of what went wrong */
function get(port) {
  return new Promise((resolve) => {
    https
      .get({ port, host: '127.0.0.1', agent: false, ...TRUST }, (res) => resolve(res.resume().statusCode))
      .on('error', ({ code }) => resolve(code));
  });
}

/**
 * Whether sockets of Node's are made for those who open a WebSocket.
 *
 * @param {import('node:test').TestContext} t
 * @returns {{ made: number }} grows
 */
function lending(t) {
  const counted = { made: 0 };
  const { lendArrived } = native;
  t.mock.method(native, 'lendArrived', (...args) => {
    counted.made++;
    return lendArrived(...args);
  });
  return counted;
}

/** @param {string} url @param {import('node:test').TestContext} t */
async function opening(url, t) {
  const client = new Client(url, TRUST);
  t.after(() => client.destroy());
  await client.opened;
  return client;
}

for (const create of [https.createServer, createSecureServer]) {
  const by = create === createSecureServer ? 'createSecureServer' : 'https.createServer';
  test(`${by}: who comes once certificates are asked for has to show one`, limit, async (t) => {
    const { httpServer, port, url } = await attachedSecurely(t, { create });
    assert.equal(await get(port), 200);
    Object.assign(httpServer, { requestCert: true, rejectUnauthorized: true });
    assert.equal(httpServer.requestCert, true);
    for (let n = 0; n < 3; n++) assert.notEqual(await get(port), 200);
    const client = new Client(url, TRUST);
    await assert.rejects(client.opened);
    client.destroy();
    Object.assign(httpServer, { requestCert: false });
    assert.equal(await get(port), 200);
    await opening(url, t);
  });
}

test('who was secured before Rust could not any more is served', only, async (t) => {
  const { httpServer, port } = await attachedSecurely(t);
  const client = dialed(t, httpServer, { maxVersion: 'TLSv1.2' });
  await once(client, 'secureConnect');
  httpServer.setSecureContext({ ...PAIR, ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256' });
  assert.equal(httpServer.tls.provider, 'node');
  client.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  await comes(client, /plain/);
  assert.equal(await get(port), 200);
});

test('a Server that comes late has its WebSockets without sockets', only, async (t) => {
  const counted = lending(t);
  const httpServer = createSecureServer(PAIR, (_req, res) => res.end()).listen(0, '127.0.0.1');
  t.after(() => httpServer.close());
  await once(httpServer, 'listening');
  const url = `wss://127.0.0.1:${httpServer.address().port}/`;
  const early = new Client(url, TRUST);
  await assert.rejects(early.opened);
  early.destroy();
  assert.equal(counted.made, 1);
  const server = new Server().listen(httpServer);
  t.after(() => server.close());
  await opening(url, t);
  assert.equal(counted.made, 1);
  // So has one whose upgrades were the app's for a while.
  const ignored = () => {};
  httpServer.on('upgrade', ignored);
  await opening(url, t);
  await opening(url, t);
  assert.equal(counted.made, 3);
  httpServer.off('upgrade', ignored);
  await opening(url, t);
  assert.equal(counted.made, 3);
});

test('one that is dropped late is none of the server’s next door', only, async (t) => {
  const { httpServer, server, port, url } = await attachedSecurely(t);
  const { settleArrived } = native;
  const settled = [];
  t.mock.method(native, 'settleArrived', (door, number) => {
    settled.push([door, number, httpServer.listening]);
    return settleArrived(door, number);
  });
  // With TLS 1.2 the server is done before the client is.
  const silent = tls.connect({ port, host: '127.0.0.1', maxVersion: 'TLSv1.2', ...TRUST });
  t.after(() => silent.destroy());
  await once(silent, 'secureConnect');
  const again = new Promise((resolve) => {
    httpServer.once('close', () => httpServer.listen(port, '127.0.0.1', resolve));
  });
  httpServer.close();
  httpServer.closeAllConnections();
  await again;
  await new Promise((resolve) => setImmediate(resolve));
  assert.ok(settled.every(([, , isListening]) => !isListening));
  await opening(url, t);
  assert.equal(server.connections, 1);
});

test('for one more than there may be nothing is encrypted, and it is dropped', only, async (t) => {
  const { httpServer, url } = await attachedSecurely(t);
  let raw = 0;
  const { openArrivedRaw } = native;
  t.mock.method(native, 'openArrivedRaw', (...args) => {
    raw++;
    return openArrivedRaw(...args);
  });
  await opening(url, t);
  httpServer.maxConnections = 1;
  const dropped = once(httpServer, 'drop');
  const client = new Client(url, TRUST);
  await assert.rejects(client.opened);
  client.destroy();
  const [{ remoteAddress }] = await dropped;
  assert.deepEqual([remoteAddress, raw], ['127.0.0.1', 0]);
});

test('who hears of a connection whose TLS has begun may destroy it', only, async (t) => {
  const { httpServer, port } = await attachedSecurely(t);
  const client = tls.connect({ port, host: '127.0.0.1', ...TRUST });
  t.after(() => client.destroy());
  await once(client, 'secureConnect');
  const failed = once(httpServer, 'tlsClientError');
  httpServer.prependListener('connection', (socket) => socket.destroy());
  client.on('error', () => {});
  client.write('GET / HTTP/1.1\r\n\r\n');
  const [error] = await failed;
  assert.deepEqual([error.code, error.message], ['ECONNRESET', 'socket hang up']);
});

test('a socket that cannot be made is one of TLS all the same', only, async (t) => {
  const { server, url } = await attachedSecurely(t, {
    options: {
      shouldAccept({ socket }) {
        seen.push([socket.destroyed, socket.encrypted, socket.getProtocol(), socket.getCipher()]);
        return true;
      },
    },
  });
  const seen = [];
  server.on('error', () => {});
  t.mock.method(native, 'lendArrived', () => {
    throw Object.assign(new Error('no more'), { code: 'EMFILE' });
  });
  const client = new Client(url, TRUST);
  await assert.rejects(client.opened);
  client.destroy();
  assert.deepEqual(seen, [[true, true, null, null]]);
});
