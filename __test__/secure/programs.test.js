'use strict';

// Other programs as clients of `createSecureServer`: OpenSSL and curl.

const assert = require('node:assert/strict');
const { execFile, spawn, spawnSync } = require('node:child_process');
const { once } = require('node:events');
const { test } = require('node:test');
const { TEXT, encode } = require('../support/frames');
const { secured } = require('../support/https');
const { limit, served } = require('../support/server');

/** @param {string} program @returns {object} options of a test that takes it */
function having(program) {
  const { error } = spawnSync(program, ['--version']);
  return { ...limit, skip: error !== undefined && `there is no ${program}` };
}

/** Runs a program that is a client, with `input`. @returns {Promise<string>} all that it prints */
function run(program, args, input = '') {
  return new Promise((resolve) => {
    const child = execFile(program, args, (_error, stdout, stderr) => resolve(stdout + stderr));
    child.stdin.on('error', () => {}).end(input);
  });
}

/** `openssl s_client` to a server. */
const client = (server, ...args) =>
  run('openssl', ['s_client', '-connect', `127.0.0.1:${server.address().port}`, ...args]);

const openssl = having('openssl');

/** What OpenSSL calls them once they were agreed on. */
const GROUPS = { X25519: 'X25519', 'P-256': 'ECDH, prime256v1', 'P-384': 'ECDH, secp384r1' };

for (const [version, groups] of [
  // In TLS 1.2 the key of the certificate has to be of one of those that are offered.
  ['-tls1_2', ['X25519:P-256', 'P-256']],
  ['-tls1_3', ['X25519', 'P-256', 'P-384']],
]) {
  test(`OpenSSL: ${version}, by each group`, openssl, async (t) => {
    const server = await secured(t);
    for (const group of groups) {
      const said = await client(server, version, '-groups', group);
      assert.match(said, new RegExp(`Temp Key: ${GROUPS[group.split(':')[0]]}, `), group);
      assert.match(said, /Cipher is \w+/);
    }
  });
}

test('OpenSSL: each cipher suite', openssl, async (t) => {
  const server = await secured(t);
  for (const suite of ['TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256']) {
    const said = await client(server, '-tls1_3', '-ciphersuites', suite);
    assert.match(said, new RegExp(`Cipher is ${suite}`));
  }
  for (const suite of ['AES128-GCM-SHA256', 'AES256-GCM-SHA384', 'CHACHA20-POLY1305']) {
    const said = await client(server, '-tls1_2', '-cipher', `ECDHE-ECDSA-${suite}`);
    assert.match(said, new RegExp(`Cipher is ECDHE-ECDSA-${suite}`));
  }
});

test('OpenSSL: what is not safe is refused by an alert', openssl, async (t) => {
  const server = await secured(t);
  const old = ['-cipher', 'DEFAULT@SECLEVEL=0'];
  assert.match(await client(server, '-tls1_1', ...old), /alert number (40|70)/);
  assert.match(await client(server, '-tls1_2', '-cipher', 'ECDHE-ECDSA-AES128-SHA'), /alert number 40/);
  assert.match(await client(server, '-tls1_2', '-cipher', 'AES128-GCM-SHA256'), /alert number 40/);
  const strict = await secured(t, { minVersion: 'TLSv1.3' });
  assert.match(await client(strict, '-tls1_2'), /alert number 70/);
});

test('OpenSSL: sessions go on', openssl, async (t) => {
  const server = await secured(t);
  const said = await client(server, '-tls1_2', '-reconnect');
  assert.equal(said.match(/^Reused, TLSv1\.2/gm)?.length, 5);
});

/** `openssl s_client` that is talked to. */
class Talking {
  said = '';

  /** @param {import('node:test').TestContext} t @param {string[]} args */
  constructor(t, args) {
    this.child = spawn('openssl', ['s_client', ...args]);
    t.after(() => this.child.kill());
    this.child.stdin.on('error', () => {});
    for (const from of [this.child.stdout, this.child.stderr]) {
      from.setEncoding('latin1').on('data', (text) => (this.said += text));
    }
  }

  /** Writes, and waits until it has said that as often. @param {string | Buffer} bytes @param {RegExp} pattern */
  async hears(bytes, pattern, count = 1) {
    this.child.stdin.write(bytes);
    while ((this.said.match(pattern)?.length ?? 0) < count) {
      await Promise.race([once(this.child.stdout, 'data'), once(this.child.stderr, 'data')]);
    }
  }
}

test(
  'OpenSSL: a WebSocket goes on under other keys, of the client, and of both',
  openssl,
  served({ transport: 'secure' }, async ({ base, events, at }, t) => {
    base.on('message', (text, sid) => base.send(sid, text));
    // With -msg it says which messages of the handshake come and go.
    const client = new Talking(t, ['-connect', `127.0.0.1:${at.port}`, '-tls1_3', '-msg']);
    await client.hears('', /Verify return code/g);
    const request = [
      'GET / HTTP/1.1',
      'Host: a',
      'Upgrade: websocket',
      'Connection: Upgrade',
      'Sec-WebSocket-Version: 13',
    ];
    await client.hears(
      [...request, 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==', '', ''].join('\r\n'),
      /HTTP\/1.1 101/g,
    );
    for (let round = 1; round <= 5; round++) {
      // It takes a line that begins with this letter for a command: k changes its own keys, K asks for other ones as well.
      await client.hears('k\n', />>> TLS 1.3, Handshake \[length 0005\], KeyUpdate/g, 2 * round - 1);
      await client.hears(encode({ opcode: TEXT, payload: `own ${round}` }), new RegExp(`own ${round}`, 'g'));
      await client.hears('K\n', />>> TLS 1.3, Handshake \[length 0005\], KeyUpdate/g, 2 * round);
      await client.hears(encode({ opcode: TEXT, payload: `both ${round}` }), new RegExp(`both ${round}`, 'g'));
      // Those of the server came before its answer.
      assert.equal(client.said.match(/<<< TLS 1.3, Handshake \[length 0005\], KeyUpdate/g)?.length, round);
    }
    assert.equal(events.list('close').length, 0);
  }),
);

test('curl', having('curl'), async (t) => {
  const server = await secured(t, {}, (req, res) => req.pipe(res));
  const url = `https://127.0.0.1:${server.address().port}/`;
  const sent = 'x'.repeat(1 << 20);
  const got = await run(
    'curl',
    ['--silent', '--insecure', '--data-binary', '@-', url, '--next', '--silent', '--insecure', url],
    sent,
  );
  assert.equal(got, sent);
  assert.match(await run('curl', ['--silent', '--show-error', url]), /self.signed certificate/);
});
