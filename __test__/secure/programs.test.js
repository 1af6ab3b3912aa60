'use strict';

// Other programs as clients of `createSecureServer`: OpenSSL and curl.

const assert = require('node:assert/strict');
const { execFile, spawnSync } = require('node:child_process');
const { test } = require('node:test');
const { secured } = require('../support/https');
const { limit } = require('../support/server');

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
