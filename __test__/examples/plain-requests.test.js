'use strict';

// A server that is there for WebSockets gets plain requests all the same, of health checks and of people: each example
// answers them. Without a 'request' listener they would wait for ever.

const assert = require('node:assert/strict');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const test = require('node:test');
const { selfSigned } = require('../support/certificate');
const start = require('./start');

const root = path.resolve(__dirname, '..', '..', 'examples');

/** @returns {string[]} the files below a folder that make an HTTP server, relative to `examples/` */
function servers(folder = '') {
  return fs.readdirSync(path.join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const name = path.posix.join(folder, entry.name);
    if (entry.isDirectory()) return servers(name);
    const isServer = name.endsWith('.js') && /\.listen\(/.test(fs.readFileSync(path.join(root, name), 'utf8'));
    return isServer ? [name] : [];
  });
}

/** Both ends of one are a process that tells no address; the other starts a broker, and is tested beside the brokers. */
const ELSEWHERE = ['extensions/demo.js', 'several-machines/start.js'];

for (const name of servers().filter((one) => !ELSEWHERE.includes(one))) {
  test(`${name} answers a plain request`, { timeout: 60_000 }, async (t) => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'websockets-'));
    t.after(() => fs.rmSync(folder, { recursive: true }));
    const { key, cert } = selfSigned();
    const [KEY, CERT] = [path.join(folder, 'key.pem'), path.join(folder, 'cert.pem')];
    fs.writeFileSync(KEY, key, { mode: 0o600 });
    fs.writeFileSync(CERT, cert);
    const { url } = await start(t, name, { KEY, CERT, FILE: CERT });
    const { protocol, port } = new URL(url);
    const { get } = require(/^(https|wss):$/.test(protocol) ? 'node:https' : 'node:http');
    const res = await new Promise((resolve, reject) => {
      get({ host: 'localhost', port, ca: cert, agent: false }, resolve).on('error', reject);
    });
    assert.ok([200, 404, 426].includes(res.resume().statusCode), `${res.statusCode}`);
  });
}
