'use strict';

// testssl.sh against a server of `createSecureServer`: versions, cipher suites, preferences, resumption, and the faults of
// TLS that have names. Debian has it as `testssl`.

const assert = require('node:assert/strict');
const { spawn } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { test } = require('node:test');
const { issue } = require('../support/certificate');
const { secured } = require('../support/https');

const PROGRAM = process.env.TESTSSL ?? 'testssl';

/**
 * Protocols, kinds of cipher suites, forward secrecy, preferences, defaults and certificate, headers, and all faults that
 * have names. No list of each cipher suite, nor of what old clients would choose: those take long, and judge nothing.
 */
const CHECKS = ['-p', '-s', '-f', '-P', '-S', '-h', '-U'];

/** Severities of what is not as it should be; `FATAL` is that of a scan that did not come to its end. */
const SEVERE = ['LOW', 'MEDIUM', 'HIGH', 'CRITICAL', 'FATAL'];

/** What may be found, as a certificate causes it that is made for the test. */
const EXPECTED = {
  // Nobody publishes a list of what was revoked.
  cert_revocation: 'Neither CRL nor OCSP URI provided',
};

/** Some of what must have been looked at, and how it is. */
const FOUND = {
  SSLv3: 'OK',
  TLS1_3: 'OK',
  cert_chain_of_trust: 'OK',
  heartbleed: 'OK',
  CCS: 'OK',
  ticketbleed: 'OK',
  secure_renego: 'OK',
  secure_client_renego: 'OK',
  CRIME_TLS: 'OK',
  POODLE_SSL: 'OK',
  SWEET32: 'OK',
  LOGJAM: 'OK',
  BEAST: 'OK',
  LUCKY13: 'OK',
  RC4: 'OK',
};

/** What an app says about itself, which is looked at as well. */
const HEADERS = { 'Strict-Transport-Security': 'max-age=31536000', 'X-Content-Type-Options': 'nosniff' };

/**
 * @param {string} url
 * @param {string} folder for its files
 * @param {string} ca in PEM
 * @returns {Promise<{ id: string, severity: string, finding: string }[]>} all that it has found
 */
async function scan(url, folder, ca) {
  const [authorities, report] = ['ca.pem', 'report.json'].map((name) => path.join(folder, name));
  fs.writeFileSync(authorities, ca);
  // No question leaves this machine.
  const options = [
    ...CHECKS,
    '--quiet',
    '--color',
    '0',
    '--warnings',
    'off',
    '--nodns',
    'none',
    '--add-ca',
    authorities,
  ];
  const child = spawn(PROGRAM, [...options, '--jsonfile', report, url], { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text) => (output += text));
  await once(child, 'close');
  assert.ok(fs.existsSync(report), output);
  return JSON.parse(fs.readFileSync(report, 'utf8'));
}

test('testssl.sh finds nothing', { timeout: 240_000 }, async (t) => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'testssl-'));
  t.after(() => fs.rmSync(folder, { recursive: true, force: true }));
  // Longer than it warns of an end that is near, and no longer than browsers take.
  const days = [-1, 180];
  const root = issue({ name: 'root', isAuthority: true, days });
  const { key, cert } = issue({ issuer: root, days });
  const server = await secured(t, { key, cert }, (_req, res) => res.writeHead(200, HEADERS).end('answer'));
  assert.equal(server.tls.provider, 'rustls');
  const found = await scan(`https://127.0.0.1:${server.address().port}/`, folder, root.cert);
  const severe = found.filter(({ id, severity, finding }) => SEVERE.includes(severity) && EXPECTED[id] !== finding);
  assert.deepEqual(severe, []);
  const of = new Map(found.map(({ id, severity }) => [id, severity]));
  assert.deepEqual(Object.fromEntries(Object.keys(FOUND).map((id) => [id, of.get(id)])), FOUND);
});
