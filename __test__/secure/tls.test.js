'use strict';

// The TLS of `createSecureServer`: versions, names, clients' certificates, sessions, and what becomes of those that fail.

const assert = require('node:assert/strict');
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

/** What a request hears of its own socket. */
const telling = (read) => (req, res) => res.end(JSON.stringify(read(req.socket)));
const told = async (server, options) =>
  JSON.parse((await fetched(server, { agent: false, ...options })).body.toString());

/** How a handshake fails: what the server reports, and the client. */
async function failing(t, server, options) {
  const failed = once(server, 'tlsClientError');
  const client = dialed(t, server, options);
  let code = null;
  client.on('error', (error) => (code = error.code));
  const closed = new Promise((resolve) => client.on('close', resolve));
  const [[reported]] = await Promise.all([failed, closed]);
  return { server: reported.code, client: code };
}

test('it is a https.Server, whose TLS is that of Rust', limit, async (t) => {
  const server = await secured(t);
  assert.ok(server instanceof https.Server);
  assert.deepEqual(server.tls, { provider: 'rustls', reason: null });
});

test('what Rust cannot do is done by Node.js, and is said', limit, async (t) => {
  const pair = selfSigned();
  for (const [options, reason] of [
    [{ ciphers: 'AES128-SHA' }, /"ciphers"/],
    [{ minVersion: 'TLSv1.1' }, /"minVersion" is TLSv1.1/],
    [{ ecdhCurve: 'P-384' }, /"ecdhCurve"/],
    [{ sigalgs: 'ECDSA+SHA256' }, /"sigalgs"/],
    [{ key: [pair.key, pair.key], cert: [pair.cert, pair.cert] }, /more than one/],
    [{ key: undefined, cert: undefined }, /no certificate/],
  ]) {
    const server = createSecureServer({ ...pair, ...options });
    assert.equal(server.tls.provider, 'node');
    assert.match(server.tls.reason, reason);
  }
  const server = await secured(
    t,
    { ...pair, ecdhCurve: 'P-384' },
    telling((socket) => socket.encrypted),
  );
  assert.equal(await told(server), true);
});

test('an app that takes part in the handshakes by an event has those of Node.js', limit, async (t) => {
  const server = await secured(
    t,
    {},
    telling((socket) => socket instanceof tls.TLSSocket),
  );
  assert.equal(await told(server), false);
  server.on('keylog', () => {});
  assert.match(server.tls.reason, /'keylog'/);
  assert.equal(await told(server), true);
});

test('options that https refuses are refused', limit, () => {
  assert.throws(() => createSecureServer({ key: 'no key', cert: 'no certificate' }));
  assert.throws(() => createSecureServer({ ...selfSigned(), maxHandshakes: 0 }), { code: 'ERR_OUT_OF_RANGE' });
});

for (const [version, cipher] of [
  ['TLSv1.2', 'ECDHE-ECDSA-AES256-GCM-SHA384'],
  ['TLSv1.3', 'TLS_AES_256_GCM_SHA384'],
]) {
  test(`${version} is spoken`, limit, async (t) => {
    const server = await secured(
      t,
      {},
      telling((socket) => [socket.getProtocol(), socket.getCipher().name]),
    );
    const client = dialed(t, server, { minVersion: version, maxVersion: version });
    await once(client, 'secureConnect');
    assert.deepEqual([client.getProtocol(), client.getCipher().name], [version, cipher]);
    client.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    await comes(client, new RegExp(`\\["${version}","${cipher}"\\]$`));
  });
}

test('versions and cipher suites that are not safe are refused by an alert', limit, async (t) => {
  const server = await secured(t);
  // As OpenSSL 3 says it, and as 4 does.
  const refusal = /^ERR_SSL_SSL(V3|\/TLS)_ALERT_HANDSHAKE_FAILURE$/;
  const old = await failing(t, server, { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' });
  assert.equal(old.server, 'ERR_SSL_UNSUPPORTED_PROTOCOL');
  assert.match(old.client, refusal);
  const cbc = await failing(t, server, { maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES128-SHA' });
  assert.equal(cbc.server, 'ERR_SSL_NO_SHARED_CIPHER');
  assert.match(cbc.client, refusal);
  const only13 = await secured(t, { minVersion: 'TLSv1.3' });
  assert.equal((await failing(t, only13, { maxVersion: 'TLSv1.2' })).server, 'ERR_SSL_UNSUPPORTED_PROTOCOL');
});

test('a request of plain HTTP, and nonsense, are reported, and the server goes on', limit, async (t) => {
  const server = await secured(t);
  for (const [bytes, code] of [
    ['GET / HTTP/1.1\r\nHost: a\r\n\r\n', 'ERR_SSL_HTTP_REQUEST'],
    [randomBytes(64).fill(0xff, 0, 5), 'ERR_SSL_WRONG_VERSION_NUMBER'],
  ]) {
    const failed = once(server, 'tlsClientError');
    const client = net.connect(server.address().port, '127.0.0.1');
    client.on('error', () => {}).resume();
    client.write(bytes);
    const [error, socket] = await failed;
    assert.equal(error.code, code);
    assert.equal(typeof socket.destroy, 'function');
    if (!client.closed) await new Promise((resolve) => client.on('close', resolve));
  }
  assert.equal((await fetched(server)).body.toString(), 'answer');
});

test('a peer that goes during the handshake, or takes too long, is reported', limit, async (t) => {
  const server = await secured(t, { handshakeTimeout: 50 });
  const failed = once(server, 'tlsClientError');
  net.connect(server.address().port, '127.0.0.1').end();
  assert.deepEqual([(await failed)[0].code, (await failed)[0].message], ['ECONNRESET', 'socket hang up']);
  const late = once(server, 'tlsClientError');
  const client = net.connect(server.address().port, '127.0.0.1');
  client.on('error', () => {}).resume();
  const closed = new Promise((resolve) => client.on('close', resolve));
  assert.equal((await late)[0].code, 'ERR_TLS_HANDSHAKE_TIMEOUT');
  await closed;
});

test('no more handshakes are under way than maxHandshakes', limit, async (t) => {
  const server = await secured(t, { maxHandshakes: 2 });
  const silent = [];
  for (let index = 0; index < 2; index++) {
    const accepted = once(server, 'connection');
    silent.push(net.connect(server.address().port, '127.0.0.1'));
    await accepted;
  }
  t.after(() => silent.forEach((one) => one.destroy()));
  const dropped = once(server, 'drop');
  const client = net.connect(server.address().port, '127.0.0.1');
  client.on('error', () => {}).resume();
  const closed = new Promise((resolve) => client.on('close', resolve));
  assert.equal((await dropped)[0].localPort, server.address().port);
  await closed;
  const gone = once(server, 'tlsClientError');
  silent.pop().destroy();
  await gone;
  assert.equal((await fetched(server)).body.toString(), 'answer');
});

test('ALPN is agreed on, or refused by an alert', limit, async (t) => {
  const server = await secured(
    t,
    { ALPNProtocols: ['b', 'c'] },
    telling((socket) => socket.alpnProtocol),
  );
  const client = dialed(t, server, { ALPNProtocols: ['a', 'c'] });
  await once(client, 'secureConnect');
  assert.equal(client.alpnProtocol, 'c');
  client.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  await comes(client, /"c"$/);
  assert.deepEqual(await failing(t, server, { ALPNProtocols: ['x'] }), {
    server: 'ERR_SSL_NO_APPLICATION_PROTOCOL',
    client: 'ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL',
  });
});

test('a key that is encrypted is decrypted by its passphrase', limit, async (t) => {
  const { privateKey, cert } = issue();
  const key = privateKey.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'secret' });
  const server = await secured(t, { key, cert, passphrase: 'secret' });
  assert.equal(server.tls.provider, 'rustls');
  assert.equal((await fetched(server)).body.toString(), 'answer');
});

test('names have their own certificates', limit, async (t) => {
  const [one, two, wild] = ['one.test', 'two.test', '*.wild.test'].map((name) => issue({ name }));
  const own = async (server, servername) => {
    const client = dialed(t, server, { servername });
    await once(client, 'secureConnect');
    client.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    const [, name] = await comes(client, /"([^"]*)"$/);
    return [client.getPeerCertificate().subject.CN, name];
  };
  const heard = telling((socket) => socket.getCertificate().subject.CN);

  const added = await secured(t, {}, heard);
  added.addContext('one.test', { key: one.key, cert: one.cert });
  added.addContext('*.wild.test', createSecureContext({ key: wild.key, cert: wild.cert }));
  assert.deepEqual(await own(added, 'one.test'), ['one.test', 'one.test']);
  assert.deepEqual(await own(added, 'a.wild.test'), ['*.wild.test', '*.wild.test']);
  assert.deepEqual(await own(added, 'other.test'), ['localhost', 'localhost']);

  const asked = [];
  const contexts = {
    'one.test': createSecureContext({ key: one.key, cert: one.cert }),
    // Node's says nothing of what it is made of: its TLS does these connections.
    'two.test': tls.createSecureContext({ key: two.key, cert: two.cert }),
  };
  const SNICallback = (name, callback) => {
    asked.push(name);
    setImmediate(callback, null, contexts[name]);
  };
  const called = await secured(t, { SNICallback }, heard);
  assert.deepEqual(await own(called, 'one.test'), ['one.test', 'one.test']);
  assert.deepEqual(await own(called, 'two.test'), ['two.test', 'two.test']);
  assert.deepEqual(await own(called, 'other.test'), ['localhost', 'localhost']);
  assert.deepEqual([...new Set(asked)], ['one.test', 'two.test', 'other.test']);
});

test('a name that the app refuses ends the connection', limit, async (t) => {
  const server = await secured(t, { SNICallback: (_name, callback) => callback(new Error('no such name')) });
  const failed = once(server, 'tlsClientError');
  const client = dialed(t, server, { servername: 'x.test' });
  const closed = new Promise((resolve) => client.on('close', resolve));
  assert.equal((await failed)[0].message, 'no such name');
  await closed;
});

test('the certificate is replaced, and no connection is dropped', limit, async (t) => {
  const [before, after] = [issue({ name: 'before' }), issue({ name: 'after' })];
  const server = await secured(t, { key: before.key, cert: before.cert });
  const old = dialed(t, server);
  await once(old, 'secureConnect');
  server.setSecureContext({ key: after.key, cert: after.cert });
  assert.equal(server.tls.provider, 'rustls');
  const fresh = dialed(t, server);
  await once(fresh, 'secureConnect');
  const names = [old, fresh].map((client) => client.getPeerCertificate().subject.CN);
  assert.deepEqual(names, ['before', 'after']);
  old.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  await comes(old, /answer/);
});

test('the certificate is replaced again and again under load, and nobody hears of it', limit, async (t) => {
  const pairs = [selfSigned(), selfSigned()];
  const server = await secured(t, pairs[0]);
  let isOver = false;
  let count = 0;
  const ask = async (options) => {
    while (!isOver) {
      assert.equal((await fetched(server, options)).body.toString(), 'answer');
      count++;
    }
  };
  const agent = new https.Agent({ keepAlive: true });
  t.after(() => agent.destroy());
  const all = [...new Array(8).fill({ agent }), ...new Array(8).fill({ agent: false })].map(ask);
  for (let round = 1; round <= 20; round++) {
    server.setSecureContext(pairs[round % 2]);
    const before = count;
    while (count < before + 16) await new Promise(setImmediate);
  }
  isOver = true;
  await Promise.all(all);
  assert.equal(server.tls.provider, 'rustls');
});

for (const maxVersion of ['TLSv1.2', 'TLSv1.3']) {
  test(`sessions of ${maxVersion} go on, also at a server with the same ticket keys`, limit, async (t) => {
    const pair = selfSigned();
    const listener = telling((socket) => socket.isSessionReused());
    const [one, two, other] = [
      await secured(t, pair, listener),
      await secured(t, pair, listener),
      await secured(t, pair, listener),
    ];
    two.setTicketKeys(one.getTicketKeys());
    const ask = async (server, session) => {
      const client = dialed(t, server, { session, maxVersion });
      const ticket = new Promise((resolve) => client.once('session', resolve));
      await once(client, 'secureConnect');
      client.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
      const [, isReused] = await comes(client, /(true|false)$/);
      assert.equal(client.isSessionReused(), isReused === 'true');
      return { isReused, session: session ?? (await ticket) };
    };
    const { session, isReused } = await ask(one);
    assert.equal(isReused, 'false');
    assert.equal((await ask(one, session)).isReused, 'true');
    assert.equal((await ask(two, session)).isReused, 'true');
    assert.equal((await ask(other, session)).isReused, 'false');
  });
}

test('the end is close_notify, then FIN', limit, async (t) => {
  const server = await secured(t, {}, (_req, res) => res.writeHead(200, { Connection: 'close' }).end('last'));
  const chunks = [];
  const proxy = net.createServer((near) => {
    const far = net.connect(server.address().port, '127.0.0.1');
    near.on('error', () => far.destroy()).pipe(far);
    far.on('error', () => near.destroy()).pipe(near);
    far.on('data', (chunk) => chunks.push(chunk));
  });
  proxy.listen(0, '127.0.0.1');
  t.after(() => proxy.close());
  await once(proxy, 'listening');
  const client = dialed(t, proxy, { maxVersion: 'TLSv1.2' });
  client.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  await once(client, 'end');
  // An alert is a record of type 21 (RFC 5246 §6.2.1), here with a nonce and a tag.
  const bytes = Buffer.concat(chunks);
  assert.equal(bytes[bytes.length - (5 + 8 + 2 + 16)], 21);
});

for (const [how, options] of [
  ['', {}],
  [', where a name is awaited', { SNICallback: (_name, callback) => callback(null) }],
]) {
  test(`a message that is cut into records of one byte is bounded${how}`, limit, async (t) => {
    const server = await secured(t, options);
    const heard = once(server, 'tlsClientError');
    const client = net.connect(server.address().port, '127.0.0.1');
    t.after(() => client.destroy());
    client.on('error', () => {});
    const message = Buffer.concat([Buffer.of(1, 0, 0xff, 0), randomBytes(0xff00)]);
    client.write(Buffer.concat([...message].map((byte) => Buffer.of(22, 3, 1, 0, 1, byte))));
    const [error] = await heard;
    assert.equal(error.code, 'ERR_SSL_EXCESSIVE_MESSAGE_SIZE');
  });
}
