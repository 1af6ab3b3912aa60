'use strict';

// Peers of a door that fail at TLS, leave, or speak something else: what is reported of them, and what they see, is as by
// `https.createServer`.

const assert = require('node:assert/strict');
const { randomBytes } = require('node:crypto');
const { once } = require('node:events');
const https = require('node:https');
const { Duplex } = require('node:stream');
const { test } = require('node:test');
const tls = require('node:tls');
const { createSecureServer } = require('../..');
const { selfSigned } = require('../support/certificate');
const { counted } = require('../support/attached');
const {
  CREATES,
  attachedSecurely,
  closed,
  dialed,
  emitted,
  nameOf,
  says,
  secured,
  silent,
  turns,
  wired,
} = require('../support/front-secure');
const { requestText } = require('../support/raw-http');
const { limit } = require('../support/server');
const { Client } = require('../support/ws-client');

/** What a client says first. @param {tls.ConnectionOptions} [options] @returns {Promise<Buffer>} */
function helloOf(options) {
  return new Promise((resolve) => {
    const socket = new Duplex({ read() {}, write: (chunk) => resolve(chunk) });
    tls.connect({ socket, ...options }).on('error', () => {});
  });
}

/** Others are served. @param {string} url */
async function isServed(url) {
  const client = new Client(url, { rejectUnauthorized: false });
  await client.opened;
  client.destroy();
}

/** By Node.js, by Rust on sockets that Node.js has accepted, and by a door. */
const WAYS = [
  { create: https.createServer },
  { create: createSecureServer, handle: 'TCP', prepare: (httpServer) => httpServer.on('connection', () => {}) },
  { create: createSecureServer },
];

/**
 * What a server hears of a client that fails.
 *
 * @param {import('node:test').TestContext} t
 * @param {object} how
 * @param {(client: import('node:net').Socket) => Promise<unknown>} fail
 */
async function failure(t, how, fail) {
  const { httpServer, port, url } = await attachedSecurely(t, how);
  const events = emitted(httpServer);
  const failed = new Promise((resolve) =>
    httpServer.on('tlsClientError', ({ message }, socket) => resolve([message, typeof socket.destroy])),
  );
  const client = await silent(t, port);
  await fail(client);
  const [message, type] = await failed;
  assert.equal(type, 'function');
  await closed(client);
  await counted(httpServer, 0);
  const found = { events: [...events], message };
  await isServed(url);
  return found;
}

const REFUSES_PROTOCOLS = Number.parseInt(process.versions.node, 10) >= 20;

/** A record of application data (RFC 8446 §5.1) that nobody has encrypted. */
const FORGED = Buffer.concat([Buffer.of(23, 3, 3, 0, 40), Buffer.alloc(40, 1)]);

const HELLO = () => helloOf();
const OLD = () => helloOf({ maxVersion: 'TLSv1.2' });
const HALF = async () => (await helloOf()).subarray(0, 40);
const NOTHING = async () => Buffer.alloc(0);
/** An alert (RFC 8446 §6) that a certificate is not known, and one that nothing more comes. */
const ALERT = Buffer.of(21, 3, 3, 0, 2, 2, 46);
const NOTIFY = Buffer.of(21, 3, 3, 0, 2, 1, 0);
const NOTIFIED = async () => Buffer.concat([await helloOf(), NOTIFY]);
const GONE = 'ECONNRESET';

/** What a peer has said when it goes, how it goes, and the code of the error. */
const LEAVING = {
  'a FIN and nothing before': [NOTHING, 'end', GONE],
  'a FIN after a part of a ClientHello': [HALF, 'end', GONE],
  'a FIN after a ClientHello of TLS 1.3': [HELLO, 'end', GONE],
  'a FIN after a ClientHello of TLS 1.2': [OLD, 'end', GONE],
  'a reset after a part of a ClientHello': [HALF, 'resetAndDestroy', GONE],
  'a reset after a ClientHello of TLS 1.3': [HELLO, 'resetAndDestroy', GONE],
  'a reset after a ClientHello of TLS 1.2': [OLD, 'resetAndDestroy', GONE],
  // OpenSSL takes it for an end, and Rust for an alert.
  'close_notify after a ClientHello': [NOTIFIED, 'end', 'ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE'],
};

for (const [title, [said, leave, code]] of Object.entries(LEAVING)) {
  test(`${title}: the server hears of it`, limit, async (t) => {
    const all = [];
    for (const how of WAYS) {
      const bytes = await said();
      const fail = async (client) => {
        if (bytes.length > 0) await says(client, bytes);
        if (leave === 'resetAndDestroy') await turns(10);
        client[leave]();
      };
      all.push(await failure(t, how, fail));
    }
    assert.deepEqual(all[2], all[1]);
    if (code === GONE) assert.deepEqual(all[2].events, all[0].events);
    assert.deepEqual(all[2].events, ['connection', `tlsClientError ${code}`, `clientError ${code}`]);
  });
}

/** What is no TLS, how OpenSSL calls it, and how Rust does if that differs. */
const GARBAGE = {
  'plain HTTP': ['GET / HTTP/1.1\r\nHost: a\r\n\r\n', 'ERR_SSL_HTTP_REQUEST'],
  'plain HTTP for a WebSocket': [requestText(), 'ERR_SSL_HTTP_REQUEST'],
  'a request of a proxy': [
    'CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n',
    'ERR_SSL_HTTPS_PROXY_REQUEST',
    'ERR_SSL_HTTP_REQUEST',
  ],
  noise: [randomBytes(64).fill(0xff, 0, 5), 'ERR_SSL_WRONG_VERSION_NUMBER'],
  zeros: [Buffer.alloc(100), 'ERR_SSL_WRONG_VERSION_NUMBER'],
};

for (const [title, [bytes, byNode, byRust = byNode]] of Object.entries(GARBAGE)) {
  const check = (all, [node, rust]) => {
    assert.deepEqual(all[2], all[1]);
    const codes = all.map(({ events }) => events);
    const expected = [node, rust, rust].map((code) => ['connection', `tlsClientError ${code}`, `clientError ${code}`]);
    assert.deepEqual(codes, expected);
  };

  test(`${title} on a port of TLS is reported`, limit, async (t) => {
    const all = [];
    for (const how of WAYS) all.push(await failure(t, how, (client) => says(client, bytes)));
    check(all, [byNode, byRust]);
  });

  test(`${title}, byte by byte, on a port of TLS is reported`, limit, async (t) => {
    const all = [];
    const fail = async (client) => {
      for (const byte of Buffer.from(bytes)) {
        if (client.destroyed) return;
        client.write(Buffer.of(byte));
        await new Promise((resolve) => setImmediate(resolve));
      }
    };
    for (const how of WAYS) all.push(await failure(t, how, fail));
    // Rust calls it by what has come when it looks.
    for (const { events } of all.slice(1)) {
      const [first, ...errors] = events;
      assert.equal(first, 'connection');
      const found = ['ERR_SSL_WRONG_VERSION_NUMBER', byRust].find((code) => errors[0].endsWith(` ${code}`));
      assert.deepEqual(errors, [`tlsClientError ${found}`, `clientError ${found}`]);
    }
    assert.deepEqual(all[0].events, ['connection', `tlsClientError ${byNode}`, `clientError ${byNode}`]);
  });
}

for (const [when, text] of Object.entries({ nothing: '', 'a part of a request': 'GET / HT' })) {
  test(`a record that was tampered with, after ${when}, is an error of a client that was secured`, limit, async (t) => {
    const all = [];
    for (const how of WAYS) {
      const { httpServer, port, url } = await attachedSecurely(t, how);
      const events = emitted(httpServer);
      const client = wired(t, port);
      await secured(client);
      // Whoever hears of each is to have heard of this one.
      if (httpServer._handle.constructor.name === 'TCP') {
        while (!events.includes('secureConnection')) await turns(1);
      }
      client.wire.hold();
      if (text !== '') await says(client, text);
      // Behind the back of its TLS, in the same segment.
      client.wire.write(FORGED);
      const ended = once(client.wire.tcp, 'end');
      client.wire.release();
      await ended;
      client.wire.tcp.destroy();
      await counted(httpServer, 0);
      all.push([...events]);
      await isServed(url);
    }
    assert.deepEqual(all[1], all[0]);
    assert.deepEqual(all[2], all[1]);
    assert.deepEqual(all[2].slice(0, 2), ['connection', 'secureConnection']);
  });
}

for (const [what, fail] of Object.entries({
  'is reset': (client) => client.wire.tcp.resetAndDestroy(),
  'breaks its TLS': (client) => client.wire.write(FORGED),
})) {
  test(
    `a client that ${what} right behind its request takes nobody with it, whoever has the upgrades`,
    limit,
    async (t) => {
      for (const { prepare, ...how } of WAYS) {
        const { httpServer, port, url } = await attachedSecurely(t, {
          ...how,
          prepare(server) {
            prepare?.(server);
            // Beside that of the Server: for both of them there has to be a socket.
            server.on('upgrade', (_req, socket) => socket.on('error', () => socket.destroy()));
          },
        });
        for (let i = 0; i < 20; i++) {
          // With other keys for tickets, a door reads the next request again.
          httpServer.setTicketKeys(randomBytes(48));
          const client = wired(t, port);
          await secured(client);
          client.write(requestText({ line: 'GET / HTTP/1.1' }));
          const { tcp } = client.wire;
          tcp.on('end', () => tcp.destroy());
          fail(client);
          await closed(tcp);
        }
        await counted(httpServer, 0);
        await isServed(url);
      }
    },
  );
}

for (const create of CREATES) {
  /** @param {string} title @param {(found: Awaited<ReturnType<typeof attachedSecurely>>, t: import('node:test').TestContext) => Promise<void>} body @param {object} [http] */
  const both = (title, body, http) =>
    test(`${nameOf(create)}: ${title}`, limit, async (t) => body(await attachedSecurely(t, { create, http }), t));

  both(
    'a client that does not trust the certificate leaves, and has asked for nothing',
    async ({ httpServer, port, url }, t) => {
      for (const maxVersion of ['TLSv1.2', 'TLSv1.3']) {
        const events = emitted(httpServer);
        const client = dialed(t, port, { rejectUnauthorized: true, maxVersion, ca: selfSigned().cert });
        const refused = new Promise((resolve) => client.once('error', resolve));
        assert.match((await refused).code, /CERT|SELF_SIGNED/);
        await closed(client);
        await counted(httpServer, 0);
        assert.ok(!events.includes('request'));
        await isServed(url);
      }
    },
  );

  both('an alert in the place of a ClientHello is reported', async ({ httpServer, port, url }, t) => {
    const failed = new Promise((resolve) => httpServer.once('tlsClientError', resolve));
    const client = await silent(t, port);
    client.write(ALERT);
    const { code } = await failed;
    assert.match(code, /^ERR_SSL_|ECONNRESET/);
    client.end();
    await closed(client);
    await isServed(url);
  });

  both(
    'no version and no protocol in common are reported, and the client has an alert',
    async ({ httpServer, port, url }, t) => {
      const cases = [
        [{ minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' }, 'ERR_SSL_UNSUPPORTED_PROTOCOL'],
      ];
      // Node.js 18 goes on without a protocol.
      if (REFUSES_PROTOCOLS || create === createSecureServer)
        cases.push([{ ALPNProtocols: ['x'] }, 'ERR_SSL_NO_APPLICATION_PROTOCOL']);
      for (const [options, code] of cases) {
        const failed = new Promise((resolve) => httpServer.once('tlsClientError', resolve));
        const client = dialed(t, port, options);
        const refused = new Promise((resolve) => client.once('error', resolve));
        assert.equal((await failed).code, code);
        assert.match((await refused).code, /ALERT/);
        await closed(client);
        await isServed(url);
      }
    },
  );

  both(
    'a reset once the handshake is done, and nothing said, is no error of the server’s',
    async ({ httpServer, port, url }, t) => {
      const client = dialed(t, port);
      await once(client, 'secureConnect');
      client.tcp.resetAndDestroy();
      await counted(httpServer, 0);
      await isServed(url);
    },
  );

  both('a reset behind a part of a request, and behind a whole one', async ({ httpServer, port, url }, t) => {
    for (const text of ['GET / HT', 'GET / HTTP/1.1\r\nHost: a\r\n\r\n', requestText().slice(0, 40), requestText()]) {
      const client = dialed(t, port);
      await once(client, 'secureConnect');
      await says(client, text);
      client.tcp.resetAndDestroy();
      await closed(client.tcp);
    }
    await isServed(url);
    await counted(httpServer, 0);
  });

  both('handshakes that fail all at once hold up nobody', async ({ httpServer, port, url }, t) => {
    let failures = 0;
    httpServer.on('tlsClientError', () => failures++);
    const said = [
      await helloOf(),
      await HALF(),
      randomBytes(200).fill(0xff, 0, 5),
      Buffer.from('GET / HTTP/1.1\r\n\r\n'),
    ];
    const clients = await Promise.all(Array.from({ length: 200 }, () => silent(t, port)));
    for (const [index, client] of clients.entries()) client.end(said[index % said.length]);
    await isServed(url);
    await Promise.all(clients.map(closed));
    while (failures < clients.length) await once(httpServer, 'tlsClientError');
    await counted(httpServer, 0);
    assert.equal(failures, clients.length);
  });
}
