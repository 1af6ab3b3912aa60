'use strict';

// A `Client` over wss: whose TLS a shard does, beside servers of `node:https`, of OpenSSL and our own. What it leaves to Node's
// TLS is in client-left.test.js, and whom it trusts in client-chains.test.js.

const assert = require('node:assert/strict');
const { execFileSync, spawn } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const https = require('node:https');
const net = require('node:net');
const os = require('node:os');
const path = require('node:path');
const { test } = require('node:test');
const { setTimeout: delay } = require('node:timers/promises');
const { Client, Upgrade, acceptKey, createSecureServer } = require('../..');
const { issue } = require('../support/certificate');
const { TEXT, encode } = require('../support/frames');
const { Inbox } = require('../support/inbox');
const { limit } = require('../support/server');
const { carrier, echoing, failureByNode, here, make, pair, plain } = require('../support/wss');

const VERSIONS = ['TLSv1.2', 'TLSv1.3'];

const DAY = 24 * 60 * 60 * 1000;

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

/** A server of OpenSSL, which listens a little later; `null` if there is no OpenSSL here. */
async function openssl(t, { key, cert }, ...options) {
  try {
    execFileSync('openssl', ['version'], { stdio: 'ignore' });
  } catch {
    t.skip('there is no openssl');
    return null;
  }
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'websockets-'));
  t.after(() => fs.rmSync(folder, { recursive: true }));
  const file = path.join(folder, 'pem');
  fs.writeFileSync(file, key + cert);
  const { server, url } = await plain(t, () => {});
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  const peer = spawn('openssl', ['s_server', '-accept', `${port}`, '-cert', file, '-alpn', 'http/1.1', ...options]);
  t.after(() => peer.kill());
  return { peer, url };
}

/** What a stream brings, until it has this. @param {import('node:stream').Readable} stream @param {RegExp} pattern */
async function until(stream, pattern) {
  let text = '';
  while (!pattern.test(text)) text += (await once(stream, 'data'))[0];
  return pattern.exec(text);
}

/** A request, and its key. */
const REQUEST = /^sec-websocket-key: (.*)\r$[\s\S]*\r\n\r\n/im;

/** @param {string} key @returns {string} the response to a request with this key */
const switching = (key) =>
  `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${acceptKey(key)}\r\n\r\n`;

/** The server listens soon. */
const SOON = { minDelay: 10, maxDelay: 50, maxRetries: 200 };

for (const version of VERSIONS) {
  test(`OpenSSL: ${version}`, here, async (t) => {
    const server = await openssl(t, pair, '-quiet', version === 'TLSv1.2' ? '-tls1_2' : '-tls1_3');
    if (server === null) return;
    const { peer, url } = server;
    const { client, events } = make(t, { url, reconnect: SOON });
    client.on('error', () => {});
    client.open();
    const [, key] = await until(peer.stdout, REQUEST);
    peer.stdin.write(switching(key));
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
    // A server of TLS 1.2 might ask for the certificate later: Node's TLS takes over, and is asked at once the next time.
    const isLeft = version === 'TLSv1.2' && carrier === 'socket';
    const accepted = new Inbox(server, ['secureConnection']);
    for (const connections of isLeft ? [2, 1] : [1, 1]) {
      client.open({ key, cert });
      const [sid, { socket }] = await events.next('open');
      assert.equal(client.sockets[sid].transport, isLeft ? 'stream' : carrier);
      assert.equal(socket.getCertificate().subject.CN, 'client');
      if (connections === 2) await accepted.next('secureConnection');
      const [last] = await accepted.next('secureConnection');
      assert.deepEqual([last.authorized, last.getPeerCertificate().subject.CN], [true, 'client']);
    }
    client.open();
    const [error] = await events.next('error');
    assert.match(error.code, /ALERT|EPROTO|ECONNRESET/);
  }
});

test('a client proves who it is to a server of TLS 1.2 that asks later', here, async (t) => {
  const { key, cert } = issue({ name: 'client' });
  const authority = path.join(os.tmpdir(), `websockets-${process.pid}.pem`);
  fs.writeFileSync(authority, cert);
  t.after(() => fs.rmSync(authority));
  const options = ['-tls1_2', '-state', '-no_resumption_on_reneg', '-CAfile', authority];
  const server = await openssl(t, pair, ...options);
  if (server === null) return;
  const { peer, url } = server;
  const { client, events } = make(t, { url, key, cert, reconnect: SOON });
  client.on('error', () => {});
  client.open();
  const [, asked] = await until(peer.stdout, REQUEST);
  // It begins another handshake, and asks for a certificate.
  const shown = until(peer.stderr, /read certificate verify[\s\S]*write finished/);
  peer.stdin.write('R\n');
  await shown;
  peer.stdin.write(switching(asked));
  const [sid] = await events.next('open');
  assert.equal(client.sockets[sid].transport, 'stream');
});

test('the request is the same as by the TLS of Node.js, also on the port that goes without saying', here, async (t) => {
  const { server, url } = await echoing(t, {}, https.createServer);
  const { port } = server.address();
  const { connect } = net.Socket.prototype;
  t.after(() => (net.Socket.prototype.connect = connect));
  // It listens elsewhere: nobody may listen there everywhere.
  net.Socket.prototype.connect = function (...args) {
    const options = [args[0]].flat()[0];
    if (options.port === 443) options.port = port;
    return connect.apply(this, args);
  };
  const requests = new Inbox(server, ['upgrade']);
  const { client, events } = make(t);
  const lookup = (_name, { all }, done) =>
    all ? done(null, [{ address: '127.0.0.1', family: 4 }]) : done(null, '127.0.0.1', 4);
  for (const [place, options] of [
    ['wss://localhost/', {}],
    ['wss://localhost:443/a?b=c', { headers: { Cookie: 'd=e', 'X-Two': '1' }, origin: 'https://example.test' }],
    ['wss://127.0.0.1/', { servername: 'localhost', perMessageDeflate: false }],
    [`${url}/`, {}],
    [url.replace('127.0.0.1', 'user:secret@localhost'), {}],
  ]) {
    const asked = [];
    for (const ecdhCurve of ['auto', 'X25519']) {
      client.open(place, { lookup, ecdhCurve, ...options });
      const [sid] = await events.next('open');
      assert.equal(client.sockets[sid].transport, ecdhCurve === 'auto' ? 'socket' : 'stream');
      const [{ method, url: path, httpVersion, rawHeaders, headers }] = await requests.next('upgrade');
      const lines = rawHeaders.map((line) => (line === headers['sec-websocket-key'] ? 'the key' : line));
      asked.push([method, path, httpVersion, ...lines]);
    }
    assert.deepEqual(asked[0], asked[1]);
    assert.ok(asked[0].includes('the key'));
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

test('no session goes on with a server whose certificate has expired since', limit, async (t) => {
  const until = new Date(Math.ceil(Date.now() / 1000) * 1000 + 10_000);
  const opened = [];
  for (const version of VERSIONS) {
    for (const create of [https.createServer, createSecureServer]) {
      // One for each: sessions are by the name of the server.
      const { key, cert } = issue({ days: [-1, (until - Date.now()) / DAY] });
      const { url } = await echoing(t, { key, cert, minVersion: version, maxVersion: version }, create);
      const { client, events } = make(t, { url, ca: cert });
      for (const _ of [1, 2]) {
        client.open();
        const [sid] = await events.next('open');
        assert.equal(client.sockets[sid].transport, carrier);
        client.send(sid, 'a');
        await events.next('message');
        client.close(sid);
        await events.next('close');
      }
      opened.push({ url, cert, client, events });
    }
  }
  assert.ok(new Date() < until, 'they were trusted');
  await delay(until - Date.now() + 1000);
  for (const { url, cert, client, events } of opened) {
    client.open();
    assert.equal((await events.next('error'))[0].code, 'CERT_HAS_EXPIRED');
    assert.equal((await failureByNode(url, { ca: cert })).code, 'CERT_HAS_EXPIRED');
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

test('a size of headers that is none is the error of who calls', limit, () => {
  for (const [maxHeaderSize, code] of [
    ['many', 'ERR_INVALID_ARG_TYPE'],
    [-1, 'ERR_OUT_OF_RANGE'],
    [0.5, 'ERR_OUT_OF_RANGE'],
  ]) {
    assert.throws(() => new Client({ maxHeaderSize }), { code });
    assert.throws(() => new Client().open('wss://127.0.0.1:1', { maxHeaderSize }), { code });
  }
});

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
