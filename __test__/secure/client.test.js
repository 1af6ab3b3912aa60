'use strict';

// A `Client` over wss: whose TLS a shard does, beside servers of `node:https`, of OpenSSL and our own; and what it leaves to
// Node's TLS. Whom it trusts is in client-chains.test.js.

const assert = require('node:assert/strict');
const { execFileSync, spawn } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const https = require('node:https');
const net = require('node:net');
const os = require('node:os');
const path = require('node:path');
const { test } = require('node:test');
const tls = require('node:tls');
const { Client, Server, Upgrade, acceptKey, createSecureServer } = require('../..');
const native = require('../../lib/native/native');
const { issue, selfSigned } = require('../support/certificate');
const { TEXT, encode } = require('../support/frames');
const { secured } = require('../support/https');
const { Inbox } = require('../support/inbox');
const { limit } = require('../support/server');

const EVENTS = ['open', 'message', 'close', 'error', 'reconnecting', 'giveup'];
const VERSIONS = ['TLSv1.2', 'TLSv1.3'];
const pair = selfSigned();

/** Where there is no TLS of clients in Rust, all of this goes by Node's. */
const carrier = native.openSecured === undefined ? 'stream' : 'socket';
const here = { ...limit, skip: native.openSecured === undefined && 'no TLS of clients in Rust' };

/** A Client and all that it says; what it has open is gone when the test ends. */
function make(t, options) {
  const client = new Client({ ca: pair.cert, ...options });
  t.after(() => client.terminate(null));
  return { client, events: new Inbox(client, EVENTS) };
}

/** A server of WebSockets that says what it hears. */
async function echoing(t, options, create) {
  const server = await secured(t, { ...pair, ...options }, undefined, create);
  const base = new Server();
  base.listen(server);
  base.on('message', (text, sid) => base.send(sid, text));
  t.after(() => base.terminate(null));
  return { server, base, url: `wss://127.0.0.1:${server.address().port}` };
}

/** A server of bytes, which counts its connections. */
async function plain(t, connected) {
  const server = net.createServer((socket) => {
    server.count++;
    socket.on('error', () => {});
    t.after(() => socket.destroy());
    connected(socket);
  });
  server.count = 0;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  return { server, url: `wss://127.0.0.1:${server.address().port}` };
}

/** @returns {Promise<Error>} what comes of the same by Node's TLS */
function failureByNode(url, options) {
  return new Promise((resolve) => Upgrade.createUpgradeRequest(url, { ca: pair.cert, ...options }, resolve));
}

for (const create of [https.createServer, createSecureServer]) {
  for (const version of VERSIONS) {
    test(`${create.name}: ${version}, carried by a shard`, limit, async (t) => {
      const { url } = await echoing(t, { minVersion: version, maxVersion: version }, create);
      const { client, events } = make(t, { url, maxPayload: 4_000_000 });
      client.open();
      const [sid, { socket }] = await events.next('open');
      assert.equal(client.sockets[sid].transport, carrier);
      assert.deepEqual([socket.encrypted, socket.authorized, socket.getProtocol()], [true, true, version]);
      assert.equal(socket.getPeerCertificate().subject.CN, 'localhost');
      assert.equal(socket.getPeerCertificate(true).issuerCertificate.subject.CN, 'localhost');
      for (const text of ['a', 'b'.repeat(20_000), 'c'.repeat(3_000_000)]) {
        client.send(sid, text);
        assert.equal((await events.next('message'))[0], text);
      }
      client.close(sid, 4000, 'enough');
      assert.deepEqual(await events.next('close'), ['enough', sid, 4000]);
    });

    test(`${create.name}: sessions of ${version} go on`, here, async (t) => {
      const { url } = await echoing(t, { minVersion: version, maxVersion: version }, create);
      const { client, events } = make(t, { url });
      for (const isReused of [false, true, true]) {
        client.open();
        const [sid, { socket }] = await events.next('open');
        assert.equal(socket.isSessionReused(), isReused);
        // The tickets come before that.
        client.send(sid, 'a');
        await events.next('message');
        client.close(sid);
        await events.next('close');
      }
    });
  }

  test(`${create.name}: the name of the server is asked for, an address is not`, limit, async (t) => {
    const names = [];
    const { server, url } = await echoing(t, {}, create);
    server.on('secureConnection', ({ servername }) => names.push(servername));
    const lookup = (_name, { all }, done) =>
      all ? done(null, [{ address: '127.0.0.1', family: 4 }]) : done(null, '127.0.0.1', 4);
    const { client, events } = make(t, { lookup });
    for (const [place, options] of [
      [url, {}],
      [url.replace('127.0.0.1', 'localhost'), {}],
      [url, { servername: 'localhost' }],
    ]) {
      client.open(place, options);
      const [sid] = await events.next('open');
      assert.equal(client.sockets[sid].transport, carrier);
    }
    assert.deepEqual(names, [false, 'localhost', 'localhost']);
  });
}

for (const version of VERSIONS) {
  test(`OpenSSL: ${version}`, here, async (t) => {
    try {
      execFileSync('openssl', ['version'], { stdio: 'ignore' });
    } catch {
      t.skip('there is no openssl');
      return;
    }
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'websockets-'));
    t.after(() => fs.rmSync(folder, { recursive: true }));
    fs.writeFileSync(path.join(folder, 'pem'), pair.key + pair.cert);
    const { server, url } = await plain(t, () => {});
    const { port } = server.address();
    server.close();
    await once(server, 'close');
    const only = version === 'TLSv1.2' ? '-tls1_2' : '-tls1_3';
    const args = [
      's_server',
      '-quiet',
      '-accept',
      `${port}`,
      '-cert',
      path.join(folder, 'pem'),
      only,
      '-alpn',
      'http/1.1',
    ];
    const peer = spawn('openssl', args, { stdio: ['pipe', 'pipe', 'ignore'] });
    t.after(() => peer.kill());
    const { client, events } = make(t, { url, reconnect: { minDelay: 10, maxDelay: 50, maxRetries: 200 } });
    client.on('error', () => {});
    client.open();
    let request = '';
    while (!request.endsWith('\r\n\r\n')) request += (await once(peer.stdout, 'data'))[0];
    const [, key] = /^sec-websocket-key: (.*)\r$/im.exec(request);
    peer.stdin.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${acceptKey(key)}\r\n\r\n`,
    );
    const [sid, { socket }] = await events.next('open');
    assert.deepEqual([client.sockets[sid].transport, socket.getProtocol()], ['socket', version]);
    peer.stdin.write(encode({ opcode: TEXT, payload: 'from OpenSSL', mask: false }));
    assert.equal((await events.next('message'))[0], 'from OpenSSL');
    client.send(sid, 'to it');
    assert.equal((await once(peer.stdout, 'data'))[0].length, 2 + 4 + 5);
  });
}

test('a client proves who it is', limit, async (t) => {
  const authority = issue({ name: 'authority', isAuthority: true });
  const { key, cert } = issue({ name: 'client', issuer: authority });
  for (const version of VERSIONS) {
    const options = { requestCert: true, ca: authority.cert, minVersion: version, maxVersion: version };
    const { server, url } = await echoing(t, options, https.createServer);
    const { client, events } = make(t, { url });
    const asked = once(server, 'secureConnection');
    client.open({ key, cert });
    const [sid, { socket }] = await events.next('open');
    assert.equal(client.sockets[sid].transport, carrier);
    assert.equal(socket.getCertificate().subject.CN, 'client');
    const [accepted] = await asked;
    assert.deepEqual([accepted.authorized, accepted.getPeerCertificate().subject.CN], [true, 'client']);
    client.open();
    const [error] = await events.next('error');
    assert.match(error.code, /ALERT|EPROTO|ECONNRESET/);
  }
});

test('no request is sent to a server with another name', limit, async (t) => {
  for (const create of [https.createServer, createSecureServer]) {
    const { server, url } = await echoing(t, {}, create);
    let requests = 0;
    server.on('upgrade', () => requests++);
    server.on('request', () => requests++);
    const { client, events } = make(t);
    client.open(url, { servername: 'example.test' });
    const [error] = await events.next('error');
    assert.deepEqual([error.code, error.host], ['ERR_TLS_CERT_ALTNAME_INVALID', 'example.test']);
    client.open(url);
    await events.next('open');
    assert.equal(requests, 1);
  }
});

test('an app may look at the certificate itself, and is shown what Node.js shows', limit, async (t) => {
  const authority = issue({ name: 'authority', isAuthority: true });
  const { url } = await echoing(t, issue({ issuer: authority }), https.createServer);
  const { client, events } = make(t, { ca: authority.cert });
  let verdict;
  const seen = [];
  const checkServerIdentity = (...args) => {
    seen.push(args);
    return verdict;
  };
  client.open(url, { checkServerIdentity, servername: 'example.test' });
  const [sid, { socket }] = await events.next('open');
  assert.equal(client.sockets[sid].transport, carrier);
  await new Promise((resolve) => {
    const shown = (error, upgraded) => resolve(error ?? upgraded.destroy());
    Upgrade.createUpgradeRequest(url, { ca: authority.cert, checkServerIdentity, servername: 'example.test' }, shown);
  });
  const [[name, certificate], [nameByNode, byNode]] = seen;
  const chainOf = ({ fingerprint256, subject, issuerCertificate }) => [fingerprint256, subject.CN, issuerCertificate];
  for (let [one, other] = [certificate, byNode]; ; [one, other] = [one.issuerCertificate, other.issuerCertificate]) {
    assert.deepEqual(chainOf(one).slice(0, 2), chainOf(other).slice(0, 2));
    if (other.issuerCertificate === other) {
      assert.equal(one.issuerCertificate, one);
      break;
    }
  }
  assert.deepEqual([name, nameByNode], ['example.test', 'example.test']);
  assert.equal(socket.getPeerCertificate(true).issuerCertificate.subject.CN, 'authority');
  assert.equal(socket.getPeerCertificate().issuerCertificate, undefined);
  // Also with a session that goes on.
  client.send(sid, 'a');
  await events.next('message');
  for (verdict of [new Error('not this one'), 'nor that']) {
    client.open(url, { checkServerIdentity, servername: 'example.test' });
    assert.equal((await events.next('error'))[0].message, String(verdict.message ?? verdict));
  }
  const failing = () => {
    throw new Error('it fails');
  };
  client.open(url, { checkServerIdentity: failing, servername: 'example.test' });
  assert.equal((await events.next('error'))[0].message, 'it fails');
});

test('nor to one that is not trusted; the error is that of Node.js', limit, async (t) => {
  const authority = issue({ name: 'authority', isAuthority: true });
  const stranger = issue({ name: 'authority', isAuthority: true });
  for (const [server, ca, code] of [
    [pair, stranger.cert, 'DEPTH_ZERO_SELF_SIGNED_CERT'],
    [issue({ issuer: authority }), stranger.cert, 'CERT_SIGNATURE_FAILURE'],
    [issue({ issuer: authority }), undefined, 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
  ]) {
    const { server: listening, url } = await echoing(t, server, https.createServer);
    listening.on('upgrade', () => assert.fail('a request'));
    const { client, events } = make(t, { ca });
    for (let round = 0; round < 2; round++) {
      client.open(url);
      assert.equal((await events.next('error'))[0].code, code);
      assert.equal((await failureByNode(url, { ca })).code, code);
    }
  }
});

test('what Rust cannot speak goes by the TLS of Node.js, and at once the next time', here, async (t) => {
  const ciphers = 'ECDHE-ECDSA-AES128-SHA256';
  const { server, url } = await echoing(t, { ciphers, maxVersion: 'TLSv1.2' }, https.createServer);
  let count = 0;
  server.on('connection', () => count++);
  const { client, events } = make(t, { url });
  for (const connections of [2, 3]) {
    client.open();
    const [sid] = await events.next('open');
    assert.equal(client.sockets[sid].transport, 'stream');
    assert.equal(count, connections);
  }
});

test('a server without a common version is an error, as with Node.js', limit, async (t) => {
  const { url } = await echoing(t, { maxVersion: 'TLSv1.2' }, https.createServer);
  const { client, events } = make(t, { url, minVersion: 'TLSv1.3' });
  client.open();
  const [error] = await events.next('error');
  assert.equal(error.code, (await failureByNode(url, { minVersion: 'TLSv1.3' })).code);
});

test('so is one that speaks plain HTTP', limit, async (t) => {
  const { url } = await plain(t, (socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
  const { client, events } = make(t, { url });
  client.open();
  const [error] = await events.next('error');
  assert.equal(error.code, (await failureByNode(url)).code);
});

for (const how of ['end', 'resetAndDestroy']) {
  test(`a server that goes before the handshake is done is an error, once: ${how}`, limit, async (t) => {
    const { server, url } = await plain(t, (socket) =>
      socket.once('data', () => (socket[how] ?? socket.destroy).call(socket)),
    );
    const { client, events } = make(t, { url });
    client.open();
    const [error] = await events.next('error');
    assert.equal(error.code, 'ECONNRESET');
    assert.equal(server.count, 1);
  });
}

test('nobody waits for a server that says nothing', limit, async (t) => {
  const ended = [];
  const { url } = await plain(t, (socket) => ended.push(once(socket.resume(), 'close')));
  const { client, events } = make(t, { url });
  client.open({ handshakeTimeout: 100 });
  assert.equal((await events.next('error'))[0].code, 'ERR_WS_HANDSHAKE_TIMEOUT');
  await ended[0];
  const abort = new AbortController();
  client.open({ signal: abort.signal });
  while (ended.length < 2) await new Promise(setImmediate);
  abort.abort();
  assert.equal((await events.next('error'))[0].name, 'AbortError');
  await ended[1];
});

test('a connection is opened again, by the session of the last', here, async (t) => {
  const { base, url } = await echoing(t, {}, createSecureServer);
  const { client, events } = make(t, { url, reconnect: { minDelay: 1, maxDelay: 1 } });
  client.open();
  for (const isReused of [false, true]) {
    const [sid, { socket }] = await events.next('open');
    assert.equal(socket.isSessionReused(), isReused);
    client.send(sid, 'a');
    await events.next('message');
    if (!isReused) base.terminate(null);
  }
});

test('what is not plain goes by the TLS of Node.js, and is said', here, (t) => {
  const agent = new https.Agent();
  t.after(() => agent.destroy());
  const encrypted = tls.rootCertificates[0].replaceAll('CERTIFICATE', 'TRUSTED CERTIFICATE');
  for (const [options, reason] of [
    [{}, null],
    [{ rejectUnauthorized: true, checkServerIdentity: tls.checkServerIdentity, minVersion: 'TLSv1.3' }, null],
    [{ ...pair }, null],
    [{ ca: [pair.cert, Buffer.from(pair.cert)] }, null],
    [{ rejectUnauthorized: false }, /rejectUnauthorized/],
    [{ checkServerIdentity: () => undefined }, null],
    [{ checkServerIdentity: true }, /checkServerIdentity/],
    [{ agent }, /agent/],
    [{ createConnection: () => {} }, /makes its connections/],
    [{ ciphers: 'ECDHE-RSA-AES128-SHA256' }, /ciphers/],
    [{ crl: 'none' }, /crl/],
    [{ pfx: Buffer.of(1) }, /pfx/],
    [{ secureContext: tls.createSecureContext() }, /secureContext/],
    [{ minVersion: 'TLSv1.1' }, /minVersion/],
    [{ key: pair.key, cert: pair.cert, passphrase: 'secret' }, /passphrase/],
    [{ ca: encrypted }, /"ca"/],
    [{ ca: [] }, /"ca"/],
    [{ ca: `${pair.cert}-----BEGIN CERTIFICATE-----\nno\n-----END CERTIFICATE-----\n` }, /./],
    [{ headers: { Host: 'example.test' } }, /Host/],
    [{ http2: true }, /HTTP\/2/],
  ]) {
    const { tls: chosen } = new Client({ ca: pair.cert, ...options });
    assert.equal(chosen.provider, reason === null ? 'rustls' : 'node', JSON.stringify(Object.keys(options)));
    if (reason === null) assert.equal(chosen.reason, null);
    else assert.match(chosen.reason, reason);
  }
});

test('the roots of Node.js are those of a Client, unless it cannot say which they are', here, () => {
  const chosen = (env, ...flags) => {
    const code = 'process.stdout.write(JSON.stringify(new (require(".").Client)().tls))';
    const { NODE_EXTRA_CA_CERTS: _extra, NODE_OPTIONS: _options, ...others } = process.env;
    const options = { cwd: path.join(__dirname, '..', '..'), env: { ...others, ...env }, encoding: 'utf8' };
    return JSON.parse(execFileSync(process.execPath, [...flags, '-e', code], options));
  };
  assert.deepEqual(chosen({}), { provider: 'rustls', reason: null });
  const knows = tls.getCACertificates !== undefined;
  assert.equal(chosen({ NODE_EXTRA_CA_CERTS: __filename }).provider, knows ? 'rustls' : 'node');
  for (const [env, ...flags] of [
    [{}, '--use-openssl-ca'],
    [{}, '--tls-min-v1.0'],
    [{}, '--tls-cipher-list=ECDHE-RSA-AES128-GCM-SHA256'],
    [{ NODE_OPTIONS: '--no-warnings --use_openssl_ca' }],
    [{ NODE_TLS_REJECT_UNAUTHORIZED: '0' }],
    [{ OPENSSL_CONF: os.devNull }],
  ]) {
    assert.equal(chosen(env, ...flags).provider, 'node', JSON.stringify([env, flags]));
  }
});
