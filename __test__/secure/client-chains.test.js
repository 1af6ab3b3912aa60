'use strict';

// Whom a `Client` trusts whose TLS is Rust's, beside Node's own: certificates of all kinds, and the verdict has to be the same.

const assert = require('node:assert/strict');
const { once } = require('node:events');
const https = require('node:https');
const { test } = require('node:test');
const tls = require('node:tls');
const { Client, createSecureServer } = require('../..');
const { chains, chainsWithin } = require('../support/chains');
const { switchingProtocols } = require('../support/upgrade');

/** Chains with more than one thing that is strange. */
const MORE = 250;

/** @returns {Promise<string>} what Node's TLS says of a server: `trusted`, or why not */
async function byNode(options) {
  const socket = tls.connect({ ...options, host: '127.0.0.1', servername: 'localhost' });
  try {
    await once(socket, 'secureConnect');
    return 'trusted';
  } catch (error) {
    return error.code;
  } finally {
    socket.destroy();
  }
}

/** @returns {Promise<{ verdict: string, transport?: string }>} what a Client says of it, and what carries the connection */
async function byClient(client, { port, ca }) {
  try {
    const sid = await client.openAsync(`wss://127.0.0.1:${port}`, { ca, servername: 'localhost' });
    const { transport } = client.sockets[sid];
    client.terminate(sid);
    return { verdict: 'trusted', transport };
  } catch (error) {
    return { verdict: error.code };
  }
}

/** Node's error of TLS has another code if something waits to be written. @param {string} verdict */
const sameAs = (verdict) => (/^ERR_SSL_|^EPROTO$/.test(verdict) ? 'TLS has failed' : verdict);

const { provider, reason } = new Client().tls;
const skip = provider === 'node' && !/NODE_EXTRA_CA_CERTS/.test(reason) && reason;
const long = { timeout: 300_000, skip };

/** Servers of either TLS; that of OpenSSL shows also what is weak. */
const SERVERS = {
  'Node.js': (options) => https.createServer({ ...options, ciphers: 'DEFAULT@SECLEVEL=0' }),
  Rust: createSecureServer,
};

for (const [shows, create] of Object.entries(SERVERS)) {
  for (const version of ['TLSv1.2', 'TLSv1.3']) {
    const name = `whoever Node.js trusts is trusted, and nobody else: ${version}, shown by ${shows}`;
    const options = { minVersion: version, maxVersion: version };
    test(name, long, async (t) => {
      const { all, trusted, rust } = await compare(t, chains(MORE), create, options);
      // The usual ones are Rust's, and enough of all kinds were compared.
      assert.ok(all > 300 && trusted - rust < trusted * 0.6);
    });
  }
}

test('and whatever is in an extension of a certificate', long, async (t) => {
  const { all, trusted, rust } = await compare(t, chainsWithin(), SERVERS['Node.js'], { minVersion: 'TLSv1.3' });
  assert.ok(all > 1_000 && rust > 100 && trusted < all);
});

/** Has a Client and Node's TLS connect to servers with all these chains: how many were trusted, and by Rust. */
async function compare(t, these, create, versions) {
  const client = new Client();
  client.on('error', () => {});
  const count = { all: 0, trusted: 0, rust: 0 };
  const wrong = [];
  for (const { name, key, cert, ca } of these) {
    let server;
    try {
      server = create({ key: key.export({ type: 'pkcs8', format: 'pem' }), cert, ...versions });
    } catch {
      // No server can have this certificate.
      continue;
    }
    server.on('upgrade', (request, socket) => {
      socket.on('error', () => {});
      socket.write(switchingProtocols(request));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address();
    const node = await byNode({ port, ca });
    const { verdict, transport } = await byClient(client, { port, ca });
    server.close();
    count.all++;
    if (node === 'trusted') count.trusted++;
    if (transport === 'socket') count.rust++;
    if (sameAs(node) !== sameAs(verdict))
      wrong.push(`${name}: ${node} by Node.js, ${verdict} by the Client (${transport})`);
    if (name === 'usual') assert.equal(transport, 'socket');
  }
  assert.deepEqual(wrong, []);
  t.diagnostic(`${count.all} chains, ${count.trusted} trusted, ${count.rust} of them by Rust`);
  return count;
}
