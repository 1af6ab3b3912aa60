'use strict';

// Which servers and options a `Client` over wss: leaves to Node's TLS.

const assert = require('node:assert/strict');
const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const http = require('node:http');
const https = require('node:https');
const net = require('node:net');
const os = require('node:os');
const path = require('node:path');
const { test } = require('node:test');
const tls = require('node:tls');
const { Client, Upgrade } = require('../..');
const { contextOf } = require('../../lib/client/secure/contexts');
const { Left } = require('../../lib/client/secure/left');
const { ours, whyNodeAlways } = require('../../lib/client/secure/node-itself');
const { selfSigned } = require('../support/certificate');
const { Inbox } = require('../support/inbox');
const { limit } = require('../support/server');
const { echoing, here, make, pair, plain } = require('../support/wss');

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

test('a server of TLS 1.2 that has no extended master secret is left to the TLS of Node.js', here, async (t) => {
  // SSL_OP_NO_EXTENDED_MASTER_SECRET, of which Node.js has no constant.
  const { url } = await echoing(t, { secureOptions: 1, maxVersion: 'TLSv1.2' }, https.createServer);
  const { client, events } = make(t, { url });
  client.open();
  const [sid] = await events.next('open');
  assert.equal(client.sockets[sid].transport, 'stream');
});

/** How a server goes. @type {Record<string, (socket: net.Socket) => void>} */
const GOES = {
  'by FIN': (socket) => socket.end(),
  'by RST': (socket) => (socket.resetAndDestroy ?? socket.destroy).call(socket),
  // It does not close.
  'by close_notify': (socket) => socket.write(Buffer.of(21, 3, 3, 0, 2, 1, 0)),
};

for (const [how, go] of Object.entries(GOES)) {
  test(`a server that goes before the handshake is done is an error, once: ${how}`, limit, async (t) => {
    const { server, url } = await plain(t, (socket) => socket.once('data', () => go(socket)));
    const { client, events } = make(t, { url });
    const { provider } = client.tls;
    for (let round = 1; round <= 2; round++) {
      client.open();
      const [error] = await events.next('error');
      assert.equal(error.code, 'ECONNRESET');
      // It might speak with Node's TLS. It does not, so that it is asked by Rust's the next time.
      assert.equal(server.count, provider === 'node' ? round : 2 * round);
    }
  });

  test(`but one that goes because it cannot speak with Rust is asked by Node.js: ${how}`, here, async (t) => {
    const { server: spoken } = await echoing(t, {}, https.createServer);
    const { server, url } = await plain(t, (socket) =>
      socket.once('data', (hello) => {
        if (server.count === 1) {
          go(socket);
          return;
        }
        const other = net.connect(spoken.address().port, '127.0.0.1');
        t.after(() => other.destroy());
        other.on('error', () => {});
        other.write(hello);
        socket.pipe(other).pipe(socket);
      }),
    );
    const { client, events } = make(t, { url });
    for (const connections of [2, 3]) {
      client.open();
      const [sid] = await events.next('open');
      assert.equal(client.sockets[sid].transport, 'stream');
      assert.equal(server.count, connections);
    }
  });
}

test('what the request throws once the server has been asked is an error of the handshake', here, async (t) => {
  const { url } = await echoing(t, {}, https.createServer);
  let calls = 0;
  // Node's TLS asks again, as the server is not trusted.
  const lookup = (_name, { all }, done) => {
    if (calls++ > 0) throw new Error('not again');
    return all ? done(null, [{ address: '127.0.0.1', family: 4 }]) : done(null, '127.0.0.1', 4);
  };
  const { client, events } = make(t, { ca: selfSigned().cert, lookup });
  client.open(url.replace('127.0.0.1', 'localhost'));
  assert.equal((await events.next('error'))[0].message, 'not again');
  const { request } = https;
  t.after(() => (https.request = request));
  const checkServerIdentity = () => {
    https.request = () => {
      throw new Error('no request');
    };
  };
  client.open(url, { ca: pair.cert, checkServerIdentity });
  assert.equal((await events.next('error'))[0].message, 'no request');
  https.request = request;
  client.open(url, { ca: pair.cert });
  await events.next('open');
});

test('nothing is asked for by an app that gives it up while it looks at the certificate', here, async (t) => {
  const { server, url } = await echoing(t, {}, https.createServer);
  const accepted = new Inbox(server, ['secureConnection']);
  const { request } = https;
  t.after(() => (https.request = request));
  let requests = 0;
  const { client, events } = make(t, { url });
  for (const verdict of [undefined, new Error('not this one')]) {
    const abort = new AbortController();
    for (const giveUp of [() => abort.abort(), () => client.terminate(null)]) {
      const checkServerIdentity = () => {
        https.request = (...args) => {
          requests++;
          return request(...args);
        };
        giveUp();
        return verdict;
      };
      client.open({ signal: abort.signal.aborted ? undefined : abort.signal, checkServerIdentity });
      const [socket] = await accepted.next('secureConnection');
      // By a reset or not: either is an end.
      const closed = new Promise((resolve) =>
        socket
          .on('error', () => {})
          .once('close', resolve)
          .resume(),
      );
      if (!socket.closed) await closed;
      https.request = request;
    }
    assert.equal((await events.next('error'))[0].name, 'AbortError');
  }
  assert.equal(requests, 0);
  assert.equal(events.all.length, 2);
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
    [{ key: [{ pem: pair.key, passphrase: 'secret' }], cert: pair.cert }, /^its "key" is neither text nor bytes$/],
    [{ ca: { pem: pair.cert } }, /^its "ca" is neither text nor bytes$/],
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

test('whoever takes the place of a function of Node.js is asked', here, async (t) => {
  const client = new Client({ ca: pair.cert });
  for (const [module, name, other] of [
    [https, 'request', (...args) => https.request(...args)],
    [https, 'Agent', class extends https.Agent {}],
    [https, 'globalAgent', new (class extends https.Agent {})()],
    [https.Agent.prototype, 'createConnection', () => {}],
    [https.Agent.prototype, 'addRequest', () => {}],
    [http.Agent.prototype, 'addRequest', () => {}],
    [http.Agent.prototype, 'createSocket', () => {}],
    [tls, 'connect', () => {}],
    [tls, 'createSecureContext', () => {}],
  ]) {
    const before = Object.getOwnPropertyDescriptor(module, name);
    const restore = () => (before ? Object.defineProperty(module, name, before) : delete module[name]);
    t.after(restore);
    Object.defineProperty(module, name, { value: other, configurable: true, enumerable: true, writable: true });
    assert.match(client.tls.reason, new RegExp(`\\b${name} is not that of Node.js$`));
    restore();
    assert.equal(client.tls.reason, null);
  }
  const { checkServerIdentity } = tls;
  t.after(() => (tls.checkServerIdentity = checkServerIdentity));
  const seen = [];
  tls.checkServerIdentity = (...args) => {
    seen.push(args);
    return checkServerIdentity(...args);
  };
  const { url } = await echoing(t, {}, https.createServer);
  const { client: other, events } = make(t, { url });
  other.open();
  const [sid] = await events.next('open');
  assert.equal(other.sockets[sid].transport, 'socket');
  await new Promise((resolve) => {
    Upgrade.createUpgradeRequest(url, { ca: pair.cert }, (error, upgraded) => resolve(error ?? upgraded.destroy()));
  });
  const [[name, certificate], [nameByNode, byNode]] = seen;
  assert.deepEqual([name, certificate.fingerprint256], [nameByNode, byNode.fingerprint256]);
  // Whom it is issued by is there as well.
  assert.deepEqual([certificate.issuerCertificate, byNode.issuerCertificate], [certificate, byNode]);
});

test('a server is left to the TLS of Node.js for ten minutes, and a thousand are', limit, () => {
  let time = 0;
  const left = new Left(() => time);
  left.add('one');
  assert.deepEqual([left.has('one'), left.has('other')], [true, false]);
  time = 599_999;
  assert.equal(left.has('one'), true);
  time = 600_000;
  assert.equal(left.has('one'), false);
  for (let index = 0; index < 1_001; index++) left.add(`${index}`);
  assert.deepEqual([left.has('0'), left.has('1'), left.has('1000')], [false, true, true]);
});

test('certificates and keys are read once, and again when they have changed', here, (t) => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'websockets-'));
  t.after(() => fs.rmSync(folder, { recursive: true }));
  const other = selfSigned();
  const own = Buffer.from(pair.cert);
  const ca = [own];
  const context = contextOf({ ca, key: pair.key, cert: pair.cert });
  assert.equal(contextOf({ ca: [Buffer.from(own)], key: Buffer.from(pair.key), cert: pair.cert }), context);
  for (const options of [{ ca }, { ca, ...other }, { ca: [own, own], ...pair }, { ca: other.cert, ...pair }]) {
    assert.notEqual(contextOf(options), context);
  }
  ca.push(other.cert);
  assert.notEqual(contextOf({ ca, key: pair.key, cert: pair.cert }), context);
});

test('what cannot be read is not read once more', here, () => {
  const failure = (options) => {
    try {
      contextOf(options);
      return null;
    } catch (error) {
      return error;
    }
  };
  const broken = { ca: `${pair.cert}-----BEGIN CERTIFICATE-----\nno\n-----END CERTIFICATE-----\n` };
  assert.ok(failure(broken) instanceof Error);
  assert.equal(failure(broken), failure({ ...broken }));
  assert.notEqual(failure(broken), failure({ ca: `${broken.ca}\n` }));
  assert.equal(failure({ ca: pair.cert }), null);
});

test('a Node.js that is not as it comes does the TLS itself', here, (t) => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'websockets-'));
  t.after(() => fs.rmSync(folder, { recursive: true }));
  const file = (name, text) => {
    const full = path.join(folder, name);
    fs.mkdirSync(path.dirname(full), { recursive: true });
    fs.writeFileSync(full, text);
    return full;
  };
  const none = { ...ours, envs: [{}], execArgv: [], isMainThread: true, file: path.join(folder, 'none') };
  file('parts/one.cnf', '[a]\nb = c\n');
  for (const [changes, reason] of [
    [{}, null],
    [{ file: file('comments', '# .include a\n  #.include = "b"\n') }, null],
    [{ file: file('other', `openssl_conf = a\n.include ${folder}/none\n.include ${folder}/parts\n`) }, null],
    [{ file: file('direct', 'nodejs_conf = ours\n') }, /direct may configure/],
    [{ file: file('a', `.include = ${folder}/direct\n`) }, /a may configure/],
    [{ file: file('b', `  .include ${folder}/a\r\n`) }, /b may configure/],
    [{ file: file('parts2/one.cnf', 'nodejs_conf = a\n') && file('c', `.include ${folder}/parts2`) }, /c may/],
    [{ file: file('endless', `.include ${folder}/endless\n`) }, /endless may configure/],
    // What cannot be followed may be anything.
    ...[
      '.include parts',
      '.include $ENV::PARTS/one.cnf',
      // biome-ignore lint/suspicious/noTemplateCurlyInString: it is OpenSSL's
      '.include ${ENV::PARTS}/one.cnf',
      `dir = ${folder}\n.include $dir/parts`,
      `.include "${folder}/parts"`,
      `.include ${folder}/parts # a comment`,
      `.include \\\n${folder}/parts`,
      `.include ${folder}/p\\arts`,
      `\ufeff.include "${folder}/parts"`,
      `.include`,
      'nodejs\\\n_conf = a',
      'nodejs\\\r\n_conf = a',
      `.pragma includedir:${folder}`,
    ].map((text, index) => [{ file: file(`strange${index}`, `${text}\n`) }, /strange\d+ may configure/]),
    [{ file: file('d', 'x'), config: { defines: ['NODE_OPENSSL_CONF_NAME=x'] } }, /d may configure/],
    [{ config: { variables: { node_shared_openssl: true } } }, /OpenSSL of the system/],
    [{ config: { defines: ['NODE_OPENSSL_CERT_STORE'] } }, /certificates of the system/],
    [{ ciphers: 'DEFAULT@SECLEVEL=0' }, /cipher suites/],
    [{ config: { variables: { openssl_default_cipher_list: 'HIGH' } } }, /cipher suites/],
    [{ isMainThread: false }, /Worker/],
    [{ envs: [{ OPENSSL_CONF: 'a' }, {}] }, /OPENSSL_CONF/],
    [{ envs: [{}, { OPENSSL_CONF_INCLUDE: 'a' }] }, /OPENSSL_CONF/],
    ...[
      '--use-openssl-ca',
      '--no-warnings --use_openssl_ca',
      '"--use-openssl-ca"',
      '--use-"openssl"-ca',
      '"--use-openssl\\-ca"',
      '--openssl-config=a',
      '--config-file=a',
      '--default-config-file',
      '--experimental-config-file=a',
      '--experimental-default-config-file',
    ].map((NODE_OPTIONS) => [{ envs: [{}, { NODE_OPTIONS }] }, /option about TLS/]),
    [{ execArgv: ['--openssl-shared-config'] }, /option about TLS/],
    [{ versions: { bun: '1' } }, /not Node/],
    [{ versions: { openssl: '1.1.0' } }, /no OpenSSL 3/],
  ]) {
    const why = whyNodeAlways({ ...none, ...changes });
    if (reason === null) assert.equal(why, null);
    else assert.match(String(why), reason, JSON.stringify(changes));
  }
});

test('nobody hides what Node.js began with', { ...here, skip: here.skip || process.platform !== 'linux' }, () => {
  for (const [name, value] of Object.entries({ NODE_OPTIONS: '--use-openssl-ca', OPENSSL_CONF: os.devNull })) {
    const code = `
      delete process.env.${name};
      process.stdout.write(new (require(".").Client)().tls.provider)`;
    const { NODE_EXTRA_CA_CERTS: _extra, NODE_OPTIONS: _options, ...others } = process.env;
    const options = { cwd: path.join(__dirname, '..', '..'), env: { ...others, [name]: value }, encoding: 'utf8' };
    assert.equal(execFileSync(process.execPath, ['-e', code], options), 'node');
  }
});

test('a Worker hides no flag of its process', here, async () => {
  const code = `
    const { Worker } = require('node:worker_threads');
    const options = { eval: true, env: {}, execArgv: [] };
    new Worker('require("node:worker_threads").parentPort.postMessage(new (require(".").Client)().tls)', options).once(
      'message', (chosen) => process.stdout.write(JSON.stringify(chosen)));`;
  const options = { cwd: path.join(__dirname, '..', '..'), encoding: 'utf8' };
  const { provider, reason } = JSON.parse(execFileSync(process.execPath, ['--use-openssl-ca', '-e', code], options));
  assert.equal(provider, 'node');
  assert.match(reason, /Worker/);
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
    [{ NODE_OPTIONS: '--use-"openssl"-ca' }],
    [{ OPENSSL_CONF: os.devNull }],
  ]) {
    assert.equal(chosen(env, ...flags).provider, 'node', JSON.stringify([env, flags]));
  }
});
