'use strict';

// What an app of `createSecureServer` hears of, and may do in its callbacks: as with `https.createServer`.

const assert = require('node:assert/strict');
const { AsyncLocalStorage } = require('node:async_hooks');
const { randomBytes } = require('node:crypto');
const { once } = require('node:events');
const https = require('node:https');
const net = require('node:net');
const { test } = require('node:test');
const tls = require('node:tls');
const { createSecureContext, createSecureServer } = require('../..');
const { issue, selfSigned } = require('../support/certificate');
const { comes, dialed, fetched, secured } = require('../support/https');
const { limit } = require('../support/server');

test('an SNICallback may be null', limit, async (t) => {
  const server = await secured(t, { SNICallback: null });
  assert.equal((await fetched(server, { servername: 'a.test' })).body.toString(), 'answer');
});

/** What goes wrong in an SNICallback, and what the app hears of it. */
const CALLBACKS = {
  'that throws': [() => assert.fail('no such name'), 'no such name'],
  'that passes an error': [(_name, callback) => callback(new Error('no such name')), 'no such name'],
  'that calls back twice': [
    (_name, callback) => {
      callback(null);
      callback(null);
    },
    'Callback called multiple times',
  ],
};

for (const [title, [SNICallback, message]] of Object.entries(CALLBACKS)) {
  test(`an SNICallback ${title} ends this connection alone`, limit, async (t) => {
    const server = await secured(t, { SNICallback });
    const failed = once(server, 'tlsClientError');
    const client = dialed(t, server, { servername: 'a.test' });
    const closed = new Promise((resolve) => client.on('close', resolve));
    assert.equal((await failed)[0].message, message);
    await closed;
    assert.equal((await fetched(server, { agent: false })).body.toString(), 'answer');
  });
}

test('a context that replaces another leaves what is not of contexts as it was', limit, async (t) => {
  const pair = selfSigned();
  const called = await secured(t, { ...pair, ALPNCallback: () => 'foo/1' });
  const brief = await secured(t, { ...pair, handshakeTimeout: 50 });
  for (const server of [called, brief]) server.setSecureContext(pair);
  assert.equal(called.tls.provider, 'node');
  const failed = once(brief, 'tlsClientError');
  const silent = net.connect(brief.address().port, '127.0.0.1').on('error', () => {});
  t.after(() => silent.destroy());
  assert.equal((await failed)[0].code, 'ERR_TLS_HANDSHAKE_TIMEOUT');
});

test('other keys of tickets hold for names as well', limit, async (t) => {
  const context = createSecureContext(selfSigned());
  const server = await secured(t, { SNICallback: (_name, callback) => callback(null, context) });
  const ask = async (session) => {
    const client = dialed(t, server, { servername: 'a.test', session });
    const ticket = new Promise((resolve) => client.once('session', resolve));
    client.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    await comes(client, /answer/);
    return session === undefined ? ticket : client.isSessionReused();
  };
  const session = await ask();
  assert.equal(await ask(session), true);
  server.setTicketKeys(randomBytes(48));
  assert.equal(await ask(session), false);
});

test('options that Rust does not know leave the TLS to Node.js', limit, () => {
  const values = { certificateCompression: [], pskIdentityHint: 'hint' };
  for (const name of ['allowPartialTrustChain', 'certificateCompression', 'pskIdentityHint', 'anythingElse']) {
    const server = createSecureServer({ ...selfSigned(), [name]: values[name] ?? true });
    assert.deepEqual(server.tls, { provider: 'node', reason: `it has the option "${name}"` });
  }
  const usual = { allowPartialTrustChain: false, keepAliveTimeout: 1000, noDelay: true, passphrase: null };
  assert.equal(createSecureServer({ ...selfSigned(), ...usual }).tls.provider, 'rustls');
});

for (const create of [https.createServer, createSecureServer]) {
  test(`${create.name}: the chain of a certificate may lie in ca`, limit, async (t) => {
    const root = issue({ name: 'root', isAuthority: true });
    const between = issue({ name: 'between', isAuthority: true, issuer: root });
    const { key, cert } = issue({ issuer: between });
    const server = await secured(t, { key, cert, ca: [root.cert, between.cert] }, undefined, create);
    const client = tls.connect({ port: server.address().port, servername: 'localhost', ca: root.cert });
    t.after(() => client.destroy());
    await once(client, 'secureConnect');
    assert.equal(client.authorized, true);
  });

  test(`${create.name}: what is written is called back when the app destroys the socket`, limit, async (t) => {
    const server = await secured(t, {}, undefined, create);
    const connected = once(server, 'secureConnection');
    const client = dialed(t, server);
    client.pause();
    const [socket] = await connected;
    const called = [Buffer.alloc(64 << 20), Buffer.of(1)].map(
      (bytes) => new Promise((resolve) => socket.write(bytes, (error) => resolve(error?.code ?? null))),
    );
    socket.on('error', () => {});
    setImmediate(() => socket.destroy());
    // As Node.js says it up to 24, and since 26.
    assert.match((await Promise.all(called))[1], /^(ERR_STREAM_DESTROYED|ECANCELED)$/);
  });

  test(`${create.name}: a connection that breaks has no end`, limit, async (t) => {
    const server = await secured(t, {}, undefined, create);
    const connected = once(server, 'secureConnection');
    const client = net.connect(server.address().port, '127.0.0.1');
    const over = tls.connect({ socket: client, rejectUnauthorized: false }).on('error', () => {});
    const [socket] = await connected;
    const heard = [];
    for (const name of ['end', 'error']) socket.on(name, () => heard.push(name));
    const closed = new Promise((resolve) => socket.once('close', resolve));
    over.pause();
    client.pause();
    socket.resume();
    socket.write(Buffer.alloc(64 << 20));
    client.resetAndDestroy();
    await closed;
    assert.deepEqual(heard, ['error']);
  });
}

test('what a listener keeps for a connection is not what others find', limit, async (t) => {
  const storage = new AsyncLocalStorage();
  const found = [];
  const enter = () => {
    found.push(storage.getStore());
    storage.enterWith({});
  };
  const SNICallback = (_name, callback) => {
    enter();
    callback(null);
  };
  const server = await secured(t, { SNICallback });
  const clients = Array.from({ length: 20 }, () => dialed(t, server, { servername: 'a.test' }));
  await Promise.all(clients.map((client) => once(client, 'secureConnect')));
  assert.deepEqual(found, new Array(20).fill(undefined));
});
