'use strict';

// What an app changes on a server of TLS while that listens by a door: certificates, keys of tickets, names, and listeners.

const assert = require('node:assert/strict');
const { constants, randomBytes } = require('node:crypto');
const { once } = require('node:events');
const https = require('node:https');
const { test } = require('node:test');
const tls = require('node:tls');
const { createSecureServer } = require('../..');
const native = require('../../lib/native/native');
const { issue } = require('../support/certificate');
const { counted, hasDoors } = require('../support/attached');
const {
  CREATES,
  PAIR,
  attachedSecurely,
  comes,
  dialed,
  nameOf,
  secured,
  silent,
  turns,
} = require('../support/front-secure');
const { limit } = require('../support/server');
const { Client } = require('../support/ws-client');

const only = { ...limit, skip: !hasDoors };
const GET = 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n';

/** Whether a request has no socket. @param {import('node:http').IncomingMessage} req */
const isAlone = (req) => Object.getOwnPropertyDescriptor(req, 'socket').get !== undefined;

/**
 * A WebSocket: which certificate its client has seen, and whether it has come by a door. Its client is gone when the test ends.
 *
 * @param {import('node:test').TestContext} t
 * @param {Awaited<ReturnType<typeof attachedSecurely>>} found
 * @param {object} [options]
 */
async function visit(t, { server, url }, options) {
  const opened = once(server, 'open');
  const client = new Client(url, { rejectUnauthorized: false, servername: 'localhost', ...options });
  t.after(() => client.destroy());
  await client.opened;
  const [, req] = await opened;
  const own = client.ws._socket;
  return { client, req, isByDoor: isAlone(req), name: own.getPeerCertificate().subject?.CN, own };
}

const [BEFORE, AFTER] = ['before', 'after'].map((name) => issue({ name }));

/** What is to be given as options. */
const pairOf = ({ key, cert }) => ({ key, cert });

for (const create of CREATES) {
  /** @param {string} title @param {(found: Awaited<ReturnType<typeof attachedSecurely>>, t: import('node:test').TestContext) => Promise<void>} body */
  const both = (title, body) =>
    test(`${nameOf(create)}: ${title}`, limit, async (t) =>
      body(await attachedSecurely(t, { create, http: pairOf(BEFORE) }), t),
    );
  const isOurs = create === createSecureServer && hasDoors;

  both('who comes after setSecureContext has the new certificate, and who was there the old one', async (found, t) => {
    const before = await visit(t, found);
    const amid = await silent(t, found.port);
    found.httpServer.setSecureContext(pairOf(AFTER));
    const after = await visit(t, found);
    assert.deepEqual([before.name, after.name], ['before', 'after']);
    assert.deepEqual([before.isByDoor, after.isByDoor], [isOurs, isOurs]);
    const names = [before, after].map(({ req }) => req.socket.getCertificate().subject.CN);
    assert.deepEqual(names, ['before', 'after']);
    // What one had when it was accepted, it has: also where its handshake has not begun.
    const late = tls.connect({ socket: amid, rejectUnauthorized: false });
    await once(late, 'secureConnect');
    assert.equal(late.getPeerCertificate().subject.CN, 'before');
    for (const { client } of [before, after]) {
      const [sid] = Object.keys(found.server.sockets);
      assert.ok(sid);
      client.send('there');
      assert.equal((await once(found.server, 'message'))[0], 'there');
    }
  });

  both('one that was secured before setSecureContext says its own certificate later', async (found, t) => {
    const client = dialed(t, found.port);
    await secured(client);
    let name;
    found.httpServer.removeAllListeners('request');
    found.httpServer.on('request', (req, res) => {
      name = req.socket.getCertificate().subject.CN;
      res.end('plain');
    });
    found.httpServer.setSecureContext(pairOf(AFTER));
    client.write(GET);
    await comes(client, /plain$/);
    assert.deepEqual([client.getPeerCertificate().subject.CN, name], ['before', 'before']);
  });

  both(
    'after setSecureContext with what Rust cannot do, Node.js does the TLS, and after another Rust',
    async (found, t) => {
      const { httpServer, port } = found;
      const before = await visit(t, found);
      const waiting = await silent(t, port);
      httpServer.setSecureContext({
        ...pairOf(AFTER),
        ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256',
        maxVersion: 'TLSv1.2',
      });
      const between = await visit(t, found);
      assert.deepEqual([before.name, between.name], ['before', 'after']);
      assert.deepEqual(between.own.getCipher().name, 'ECDHE-ECDSA-AES128-GCM-SHA256');
      assert.equal(between.isByDoor, false);
      assert.ok(between.req.socket instanceof tls.TLSSocket);
      assert.equal(httpServer.tls?.provider, create === createSecureServer ? 'node' : undefined);
      const client = dialed(t, port);
      client.write(GET);
      await comes(client, /plain$/);
      assert.equal(client.getProtocol(), 'TLSv1.2');
      // Who had said nothing by then is served, in either way.
      const late = Object.assign(tls.connect({ socket: waiting, rejectUnauthorized: false }), { text: '' });
      late.on('data', (chunk) => (late.text += chunk));
      late.write(GET);
      await comes(late, /plain$/);
      httpServer.setSecureContext(pairOf(BEFORE));
      assert.equal(httpServer.tls?.provider, create === createSecureServer ? 'rustls' : undefined);
      const after = await visit(t, found);
      assert.deepEqual([after.name, after.own.getProtocol()], ['before', 'TLSv1.3']);
      before.client.send('there');
      assert.equal((await once(found.server, 'message'))[0], 'there');
    },
  );

  both('addContext while it listens: names have their certificates from then on', async (found, t) => {
    const before = await visit(t, found, { servername: 'one.test' });
    const one = issue({ name: 'one.test' });
    found.httpServer.addContext('one.test', pairOf(one));
    const named = await visit(t, found, { servername: 'one.test' });
    const other = await visit(t, found, { servername: 'two.test' });
    assert.deepEqual([before.name, named.name, other.name], ['before', 'one.test', 'before']);
    assert.deepEqual(
      [before, named, other].map(({ req }) => req.socket.servername),
      ['one.test', 'one.test', 'two.test'],
    );
  });

  both(
    'setTicketKeys while it listens: sessions of before do not go on, those of the same keys do',
    async ({ httpServer, port }, t) => {
      for (const maxVersion of ['TLSv1.2', 'TLSv1.3']) {
        const ask = async (session) => {
          const client = dialed(t, port, { maxVersion, session });
          let ticket;
          client.once('session', (given) => (ticket = given));
          client.write(GET);
          await comes(client, /plain$/);
          return { isReused: client.isSessionReused(), ticket };
        };
        const keys = httpServer.getTicketKeys();
        const { ticket } = await ask();
        assert.equal((await ask(ticket)).isReused, true);
        httpServer.setTicketKeys(randomBytes(48));
        assert.equal((await ask(ticket)).isReused, false);
        httpServer.setTicketKeys(keys);
        assert.equal((await ask(ticket)).isReused, true);
      }
    },
  );

  for (const event of ['connection', 'secureConnection']) {
    both(`a listener of '${event}' that comes while it listens hears the next`, async (found, t) => {
      const before = await visit(t, found);
      const heard = [];
      found.httpServer.on(event, (socket) => heard.push(socket));
      const after = await visit(t, found);
      assert.equal(heard.length, 1);
      assert.equal(before.isByDoor, isOurs);
      assert.equal(after.isByDoor, false);
      if (event === 'secureConnection') assert.equal(heard[0], after.req.socket);
      assert.equal(heard[0].remotePort, after.own.localPort);
      const next = await visit(t, found);
      assert.equal(heard.length, 2);
      assert.equal(heard[1].remotePort, next.own.localPort);
      assert.equal(Object.keys(found.server.sockets).length, 3);
    });
  }

  both(
    "a listener of 'connection' that comes hears of one that says nothing at once",
    async ({ httpServer, port }, t) => {
      const readHeads = isOurs && t.mock.method(native, 'readHeads');
      httpServer.on('connection', () => {});
      // At once.
      if (isOurs) assert.equal(readHeads.mock.calls.at(-1).arguments[1], 0);
      // The first may still be heard of with its request.
      const first = dialed(t, port);
      first.write(GET);
      await comes(first, /plain$/);
      const connected = once(httpServer, 'connection');
      await silent(t, port);
      await connected;
    },
  );

  both("a listener of 'keylog' that comes while it listens has the keys of the next", async (found, t) => {
    await visit(t, found);
    const lines = [];
    found.httpServer.on('keylog', (line) => lines.push(String(line)));
    const after = await visit(t, found);
    assert.ok(lines.some((line) => line.startsWith('SERVER_HANDSHAKE_TRAFFIC_SECRET')));
    assert.ok(after.req.socket instanceof tls.TLSSocket);
  });

  both("listeners of 'newSession' and 'resumeSession' that come while it listens are asked", async (found, t) => {
    await visit(t, found);
    const made = [];
    const asked = [];
    found.httpServer.on('newSession', (id, data, done) => {
      made.push([id, data]);
      done();
    });
    found.httpServer.on('resumeSession', (id, done) => {
      asked.push(id);
      done(null, null);
    });
    const options = { maxVersion: 'TLSv1.2', secureOptions: constants.SSL_OP_NO_TICKET };
    const ask = async (session) => {
      const client = dialed(t, found.port, { ...options, session });
      client.write(GET);
      await comes(client, /plain$/);
      return client.getSession();
    };
    const session = await ask();
    assert.deepEqual([made.length, asked.length], [1, 0]);
    await ask(session);
    assert.deepEqual([made.length, asked], [2, [made[0][0]]]);
  });

  both('a listener that has gone again leaves a server that works', async (found, t) => {
    const hear = () => {};
    found.httpServer.on('keylog', hear);
    await visit(t, found);
    found.httpServer.off('keylog', hear);
    assert.equal((await visit(t, found)).name, 'before');
    const client = dialed(t, found.port);
    client.write(GET);
    await comes(client, /plain$/);
  });
}

/** What an app does in each handshake, or has asked for: Node.js accepts then. */
const TAKES_PART = {
  'listens to keylog': { prepare: (server) => server.on('keylog', () => {}) },
  'listens to newSession': { prepare: (server) => server.on('newSession', (_id, _data, done) => done()) },
  'listens to resumeSession': { prepare: (server) => server.on('resumeSession', (_id, done) => done(null, null)) },
  'listens to OCSPRequest': {
    prepare: (server) => server.on('OCSPRequest', (_cert, _issuer, done) => done(null, null)),
  },
  'listens to connection': { prepare: (server) => server.on('connection', () => {}) },
  'listens to secureConnection': { prepare: (server) => server.on('secureConnection', () => {}) },
  'has added a context': { prepare: (server) => server.addContext('one.test', PAIR) },
  'has an SNICallback': { http: { SNICallback: (_name, callback) => callback(null) } },
  'has maxHandshakes of its own': { http: { maxHandshakes: 100 } },
  'has a short handshakeTimeout': { http: { handshakeTimeout: 3_000 } },
  'asks for certificates': { http: { requestCert: true, rejectUnauthorized: false } },
  'has a list of ciphers': { http: { ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256:TLS_AES_128_GCM_SHA256' } },
  'has short timeouts': { http: { headersTimeout: 1_000, requestTimeout: 2_000 } },
};

for (const [title, how] of Object.entries(TAKES_PART)) {
  test(`an app that ${title} has its connections accepted by Node.js`, limit, async (t) => {
    const found = await attachedSecurely(t, { ...how, handle: 'TCP' });
    const { isByDoor, req } = await visit(t, found, { servername: 'one.test' });
    assert.equal(isByDoor, false);
    assert.equal(req.socket.encrypted, true);
  });
}

test('what an app may set, and a door accepts all the same', only, async (t) => {
  for (const how of [
    { http: { handshakeTimeout: 4_000 } },
    { http: { handshakeTimeout: 0 } },
    { http: { maxHandshakes: 10_000 } },
    { http: { ALPNProtocols: ['http/1.1'] } },
    { http: { minVersion: 'TLSv1.3' } },
    { http: { ciphers: tls.DEFAULT_CIPHERS, honorCipherOrder: true } },
    { prepare: (server) => server.on('tlsClientError', () => {}).on('clientError', () => {}) },
  ]) {
    const found = await attachedSecurely(t, { ...how, handle: 'Door' });
    assert.equal((await visit(t, found)).isByDoor, true);
  }
});

test('a handshakeTimeout of a door’s server is measured', only, async (t) => {
  const { httpServer, port } = await attachedSecurely(t, { http: { handshakeTimeout: 4_000 } });
  const failed = once(httpServer, 'tlsClientError');
  const began = performance.now();
  const client = await silent(t, port);
  assert.equal((await failed)[0].code, 'ERR_TLS_HANDSHAKE_TIMEOUT');
  const took = performance.now() - began;
  assert.ok(took > 3_900, String(took));
  if (!client.resume().closed) await once(client, 'close');
  await counted(httpServer, 0);
});

test('a certificate that is replaced again and again while WebSockets come by a door', only, async (t) => {
  const found = await attachedSecurely(t, { http: pairOf(BEFORE) });
  const { httpServer, server, url } = found;
  server.on('message', (text, sid) => server.send(sid, text));
  let isOver = false;
  let count = 0;
  const ask = async () => {
    while (!isOver) {
      const client = new Client(url, { rejectUnauthorized: false });
      await client.opened;
      client.send('hi');
      assert.equal(await client.message(), 'hi');
      client.destroy();
      count++;
    }
  };
  const all = Array.from({ length: 8 }, ask);
  for (let round = 0; round < 20; round++) {
    httpServer.setSecureContext(pairOf(round % 2 === 0 ? AFTER : BEFORE));
    const until = count + 8;
    while (count < until) await turns(1);
  }
  isOver = true;
  await Promise.all(all);
  assert.equal(httpServer.tls.provider, 'rustls');
  await counted(httpServer, 0);
});

test('https.get has its answers by a door, on a connection that is kept', only, async (t) => {
  const { httpServer, port } = await attachedSecurely(t);
  const agent = new https.Agent({ keepAlive: true, maxSockets: 1 });
  t.after(() => agent.destroy());
  const ports = new Set();
  for (let round = 0; round < 3; round++) {
    const [response] = await once(https.get({ port, host: '127.0.0.1', agent, rejectUnauthorized: false }), 'response');
    let text = '';
    for await (const chunk of response) text += chunk;
    assert.equal(text, 'plain');
    ports.add(response.socket?.localPort ?? [...ports][0]);
  }
  await counted(httpServer, 1);
});
