'use strict';

// The command through an HTTP proxy.

const assert = require('node:assert/strict');
const { once } = require('node:events');
const fs = require('node:fs');
const http = require('node:http');
const net = require('node:net');
const os = require('node:os');
const path = require('node:path');
const { test } = require('node:test');
const { command, echo } = require('./command');
const { selfSigned } = require('../support/certificate');

const limit = { timeout: 240_000 };

/**
 * An HTTP proxy that knows CONNECT alone.
 *
 * @param {import('node:test').TestContext} t
 * @param {string} [wanted] who is let through, by default all are
 * @returns {Promise<{ place: string, asked: string[] }>} its host and port, and whom it was asked to connect to
 */
async function connectProxy(t, wanted) {
  const asked = [];
  const sockets = new Set();
  const proxy = http.createServer((_req, res) => res.writeHead(405).end());
  proxy.on('connect', (req, socket, head) => {
    asked.push(req.url);
    socket.on('error', () => socket.destroy());
    if (req.headers['proxy-authorization'] !== wanted) {
      socket.end('HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n');
      return;
    }
    const [, host, port] = /^(.+):(\d+)$/.exec(req.url);
    const server = net.connect(Number(port), host, () => {
      socket.write('HTTP/1.1 200 Connection Established\r\n\r\n');
      server.write(head);
      server.pipe(socket).pipe(server);
    });
    sockets.add(server);
    server.on('error', () => socket.destroy());
  });
  proxy.on('connection', (socket) => sockets.add(socket));
  await once(proxy.listen(0, '127.0.0.1'), 'listening');
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    proxy.close();
  });
  return { place: `127.0.0.1:${proxy.address().port}`, asked };
}

test('--proxy: a tunnel for ws: and for wss:', limit, async (t) => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'websockets-cli-'));
  t.after(() => fs.rmSync(folder, { recursive: true }));
  const [cert, key] = ['cert', 'key'].map((name) => path.join(folder, name));
  const pem = selfSigned();
  fs.writeFileSync(cert, pem.cert);
  fs.writeFileSync(key, pem.key);
  const plain = await echo(t);
  const secure = await echo(t, '--cert', cert, '--key', key);
  const { place, asked } = await connectProxy(t);
  for (const [url, proxy, more] of [
    [plain.url, `http://${place}`, []],
    [plain.url, place, []],
    [secure.url, `http://${place}`, ['--ca', cert]],
  ]) {
    const run = command(t, ['connect', url, '--proxy', proxy, '-x', 'through it', ...more]);
    const { code, stdout, stderr } = await run.end();
    assert.deepEqual({ code, stdout }, { code: 0, stdout: 'through it\n' }, stderr);
    assert.equal(asked.pop(), new URL(url).host);
  }
  // What the proxy lets pass is no more trusted than anything else.
  const { code, stderr } = await command(t, ['connect', secure.url, '--proxy', place]).end();
  assert.equal(code, 1);
  assert.match(stderr, /--ca FILE trusts it, --insecure trusts any \[DEPTH_ZERO_SELF_SIGNED_CERT\]\n$/);
});

test('--proxy: its user and password, and a proxy that refuses, or is not there', limit, async (t) => {
  const server = await echo(t);
  const { place, asked } = await connectProxy(t, `Basic ${Buffer.from('user:pass word').toString('base64')}`);
  const args = ['connect', server.url, '-x', 'hi', '--proxy'];
  const welcome = await command(t, [...args, `http://user:pass%20word@${place}`]).end();
  assert.deepEqual([welcome.code, welcome.stdout], [0, 'hi\n'], welcome.stderr);
  const refused = await command(t, [...args, `http://user:wrong@${place}`]).end();
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /^websockets: no connection: .*407.* \[ERR_WS_UNEXPECTED_RESPONSE\]\n$/);
  assert.equal(asked.length, 2);

  const free = net.createServer().listen(0, '127.0.0.1');
  await once(free, 'listening');
  const gone = `127.0.0.1:${free.address().port}`;
  free.close();
  await once(free, 'close');
  const nobody = await command(t, [...args, gone]).end();
  assert.equal(nobody.stderr, `websockets: no connection: nobody listens there (${gone}) [ECONNREFUSED]\n`);
});
