'use strict';

// Who says whom a server of `createSecureServer` is for, and what it asks of its clients: the options that it was made
// with, as they were then, beside `https.createServer`.

const assert = require('node:assert/strict');
const { once } = require('node:events');
const https = require('node:https');
const { test } = require('node:test');
const { Server, createSecureContext, createSecureServer } = require('../..');
const { issue, selfSigned } = require('../support/certificate');
const { dialed, fetched, secured } = require('../support/https');
const { limit } = require('../support/server');
const { Client } = require('../support/ws-client');

/** What a request says of its client: whether it is trusted, and its name. */
const who = (req, res) => res.end(`${req.socket.authorized} ${req.socket.getPeerCertificate().subject?.CN}`);

/** @returns {Promise<string>} what the server says of the client, or that it is refused */
async function asked(server, options) {
  try {
    const { body } = await fetched(server, { agent: false, ...options });
    return body.toString();
  } catch {
    return 'refused';
  }
}

const authority = issue({ name: 'authority', isAuthority: true });
const client = issue({ name: 'client', issuer: authority });
const stranger = issue({ name: 'stranger' });
const both = { 'node:https': https.createServer, createSecureServer: createSecureServer };

test('Node.js decides which clients are trusted, and says so', limit, async (t) => {
  const options = { requestCert: true, ca: authority.cert };
  const strict = await secured(t, options, who);
  assert.deepEqual(strict.tls, { provider: 'node', reason: 'it asks its clients for certificates' });
  assert.equal(await asked(strict, client), 'true client');
  for (const one of [stranger, {}]) assert.equal(await asked(strict, one), 'refused');
  const tolerant = await secured(t, { ...options, rejectUnauthorized: false }, who);
  assert.equal(await asked(tolerant, client), 'true client');
  assert.equal(await asked(tolerant, stranger), 'false stranger');
  assert.equal(await asked(tolerant), 'false undefined');
});

const other = issue({ name: 'authority', isAuthority: true });

/** Certificates that are not to be trusted, and why, as OpenSSL says it. */
const UNTRUSTED = {
  'that has expired': [issue({ name: 'client', issuer: authority, days: [-2, -1] }), 'CERT_HAS_EXPIRED'],
  'that is not good yet': [issue({ name: 'client', issuer: authority, days: [1, 2] }), 'CERT_NOT_YET_VALID'],
  'of another authority': [
    issue({ name: 'client', issuer: issue({ isAuthority: true }) }),
    'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  ],
  'of another authority with the same name': [issue({ name: 'client', issuer: other }), 'CERT_SIGNATURE_FAILURE'],
  'that is signed by itself': [stranger, 'DEPTH_ZERO_SELF_SIGNED_CERT'],
};

for (const [name, create] of Object.entries(both)) {
  test(
    `${name}: a client's certificate opens a WebSocket if it is good, and the app hears why it is not`,
    limit,
    async (t) => {
      /** A server of WebSockets, and what it says of a client of it. */
      const serve = async (rejectUnauthorized) => {
        const http = await secured(t, { requestCert: true, ca: authority.cert, rejectUnauthorized }, undefined, create);
        const server = new Server();
        server.listen(http);
        t.after(() => server.terminate(null));
        server.on('open', (sid, { socket }) => {
          const { authorized, authorizationError } = socket;
          server.send(sid, `${socket.getPeerCertificate().subject?.CN} ${authorized} ${authorizationError}`);
        });
        const says = async (options) => {
          const one = new Client(`wss://127.0.0.1:${http.address().port}/`, { rejectUnauthorized: false, ...options });
          t.after(() => one.destroy());
          await one.opened;
          return one.message();
        };
        return { says, opened: () => server.connections };
      };
      const strict = await serve(true);
      const tolerant = await serve(false);
      for (const { says } of [strict, tolerant]) assert.equal(await says(client), 'client true null');
      for (const [kind, [pair, code]] of Object.entries(UNTRUSTED)) {
        await assert.rejects(strict.says(pair), kind);
        assert.equal(await tolerant.says(pair), `${pair.name} false ${code}`, kind);
      }
      await assert.rejects(strict.says());
      assert.equal(await tolerant.says(), 'undefined false UNABLE_TO_GET_ISSUER_CERT');
      assert.equal(strict.opened(), 1);
    },
  );
}

test('what a server asks for is not what another with the same context of a name does', limit, async (t) => {
  const { key, cert } = issue({ name: 'a.test' });
  const context = createSecureContext({ key, cert });
  const SNICallback = (_name, callback) => callback(null, context);
  const open = await secured(t, { SNICallback }, who);
  const closed = await secured(t, { SNICallback, requestCert: true, ca: authority.cert }, who);
  assert.equal(open.tls.provider, 'rustls');
  for (const servername of ['a.test', 'b.test']) {
    assert.equal(await asked(open, { servername }), 'false undefined');
    assert.equal(await asked(closed, { servername }), 'refused');
    // The context of a name has a `ca` of its own, which is none here.
    assert.equal(await asked(closed, { servername, ...stranger }), 'refused');
  }
});

test('no context of a name, and none that replaces it, changes what is asked for', limit, async (t) => {
  const tolerant = { requestCert: false, rejectUnauthorized: false };
  const server = await secured(t, { requestCert: true, ca: authority.cert }, who);
  server.addContext('off.test', { ...selfSigned(), ...tolerant });
  server.addContext('made.test', createSecureContext({ ...selfSigned(), ...tolerant }));
  for (let round = 0; round < 2; round++) {
    for (const servername of ['localhost', 'off.test', 'made.test']) {
      assert.equal(await asked(server, { servername }), 'refused', servername);
    }
    assert.equal(await asked(server, { servername: 'localhost', ...client }), 'true client');
    server.setSecureContext({ ...selfSigned(), ca: authority.cert, ...tolerant });
    assert.equal(server.tls.provider, 'node');
  }
});

for (const [name, create] of Object.entries(both)) {
  test(`${name}: what the app does with its options from then on changes nothing`, limit, async (t) => {
    const given = { ...selfSigned(), requestCert: true, ca: authority.cert, minVersion: 'TLSv1.3' };
    const server = await secured(t, {}, who, (_options, listener) => create(given, listener));
    Object.assign(given, { requestCert: false, ca: undefined, minVersion: 'TLSv1.2' });
    for (let round = 0; round < 2; round++) {
      assert.equal(await asked(server), 'refused');
      assert.equal(await asked(server, { ...client, maxVersion: 'TLSv1.2' }), 'refused');
      assert.equal(await asked(server, client), 'true client');
      server.setTicketKeys(server.getTicketKeys());
    }
  });

  test(`${name}: nor with what it gives for a name`, limit, async (t) => {
    const certificates = ['a.test', 'b.test'].map((one) => ({ name: one, ...issue({ name: one }) }));
    const server = await secured(t, {}, undefined, create);
    const given = {};
    for (const { name: servername, key, cert } of certificates) {
      server.addContext(servername, Object.assign(given, { key, cert }));
    }
    Object.assign(given, selfSigned());
    for (let round = 0; round < 2; round++) {
      for (const { name: servername } of certificates) {
        const peer = dialed(t, server, { servername });
        await once(peer, 'secureConnect');
        assert.equal(peer.getPeerCertificate().subject.CN, servername);
      }
      server.setTicketKeys(server.getTicketKeys());
    }
  });
}

test('nor with what a context is made of', limit, async (t) => {
  const { key, cert } = issue({ name: 'a.test' });
  const given = { key, cert };
  const context = createSecureContext(given);
  Object.assign(given, selfSigned());
  const server = await secured(t, { SNICallback: (_name, callback) => callback(null, context) });
  const peer = dialed(t, server, { servername: 'a.test' });
  await once(peer, 'secureConnect');
  assert.equal(peer.getPeerCertificate().subject.CN, 'a.test');
});

test('what is inherited counts where it does for Node.js', limit, async (t) => {
  const crl = 'no list';
  const inherits = Object.create({ ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256' }, {});
  const server = await secured(t);
  assert.equal(server.tls.provider, 'rustls');
  server.setSecureContext(Object.assign(inherits, selfSigned()));
  assert.match(server.tls.reason, /ciphers/);
  class Options {
    get crl() {
      return crl;
    }
  }
  assert.throws(() => server.addContext('a.test', Object.assign(new Options(), selfSigned())), /CRL/i);
});

test('versions are those of the server, whatever a name has', limit, async (t) => {
  const server = await secured(t, { minVersion: 'TLSv1.3' }, who);
  server.addContext('a.test', { ...selfSigned(), minVersion: 'TLSv1.2' });
  assert.equal(await asked(server, { servername: 'a.test', maxVersion: 'TLSv1.2' }), 'refused');
  assert.equal(await asked(server, { servername: 'a.test' }), 'false undefined');
});

test('a version that Rust does not speak is for Node.js', limit, async (t) => {
  for (const [options, reason] of [
    [{ minVersion: 'TLSv1', maxVersion: 'TLSv1.1' }, 'its "minVersion" is TLSv1'],
    [{ minVersion: 'TLSv1.1' }, 'its "minVersion" is TLSv1.1'],
    [{ maxVersion: 'TLSv1.1' }, 'its "maxVersion" is TLSv1.1'],
  ]) {
    const server = await secured(t, options);
    assert.deepEqual(server.tls, { provider: 'node', reason });
  }
});

test('what cannot be replaced holds after another context is set', limit, async (t) => {
  const server = await secured(t, { ALPNCallback: () => 'http/1.1' });
  assert.match(server.tls.reason, /ALPNCallback/);
  server.setSecureContext(selfSigned());
  assert.match(server.tls.reason, /ALPNCallback/);
});

for (const maxVersion of ['TLSv1.2', 'TLSv1.3']) {
  test(`a session of ${maxVersion} goes on only where it is for the same`, limit, async (t) => {
    const pair = selfSigned();
    const open = await secured(t, pair, who);
    const ticketKeys = open.getTicketKeys();
    const closed = await secured(t, { ...pair, ticketKeys, requestCert: true, ca: authority.cert }, who);
    const same = await secured(t, { ...pair, ticketKeys }, who);
    const other = await secured(t, { ...pair, ticketKeys, sessionIdContext: 'other' }, who);
    const peer = dialed(t, open, { maxVersion });
    const ticket = once(peer, 'session');
    await once(peer, 'secureConnect');
    peer.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    const [session] = await ticket;
    const goesOn = async (server) => {
      const again = dialed(t, server, { maxVersion, session });
      await once(again, 'secureConnect');
      return again.isSessionReused();
    };
    assert.deepEqual([await goesOn(open), await goesOn(same), await goesOn(other)], [true, true, false]);
    assert.equal(await asked(closed, { maxVersion, session }), 'refused');
  });
}
