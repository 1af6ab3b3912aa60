'use strict';

const assert = require('node:assert/strict');
const { once } = require('node:events');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const test = require('node:test');
const { createSecureServer } = require('../..');
const { selfSigned } = require('../support/certificate');
const { Client } = require('../support/ws-client');
const start = require('./start');

const OPTIONS = { timeout: 60_000 };

/** A recipe as a process of its own, and what connects to it. */
async function recipe(t, name, env) {
  const { child, url } = await start(t, `recipes/${name}`, env);
  const wsUrl = url.replace(/^http/, 'ws');
  return {
    child,
    url,
    /** @returns {Client} once it is open */
    async connect(where = '', options = {}) {
      const client = new Client(wsUrl + where, options);
      t.after(() => client.destroy());
      await client.opened;
      return client;
    },
    /** @returns {Promise<string>} why a connection is refused */
    async refused(where, options = {}) {
      const client = new Client(wsUrl + where, options);
      return client.opened.then(
        () => assert.fail('it was not refused'),
        (error) => error.message,
      );
    },
  };
}

test('http: pages and WebSockets on one port', OPTIONS, async (t) => {
  const { url, connect } = await recipe(t, 'http.js');
  assert.equal(await (await fetch(url)).text(), 'hello over HTTP\n');
  const client = await connect('/any/path?x=1');
  assert.equal(await client.message(), 'hello over WebSocket, you asked for /any/path?x=1');
  await client.send('grüße');
  assert.equal(await client.message(), 'grüße');
});

test('https: wss:// with a certificate', OPTIONS, async (t) => {
  const { key, cert } = selfSigned();
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'websockets-'));
  t.after(() => fs.rmSync(folder, { recursive: true }));
  const [KEY, CERT] = [path.join(folder, 'key.pem'), path.join(folder, 'cert.pem')];
  fs.writeFileSync(KEY, key, { mode: 0o600 });
  fs.writeFileSync(CERT, cert);
  const { connect } = await recipe(t, 'https.js', { KEY, CERT });
  const client = await connect('', { ca: cert });
  const transport = createSecureServer({ key, cert }).tls.provider === 'rustls' ? 'socket' : 'stream';
  assert.equal(await client.message(), `hello over TLS, by the ${transport} transport`);
  await client.send('secret');
  assert.equal(await client.message(), 'secret');
});

for (const name of ['express.js', 'fastify.js', 'koa.js']) {
  test(`${name}: its routes, and its WebSockets beside them`, OPTIONS, async (t) => {
    const { url, connect, refused } = await recipe(t, name);
    const client = await connect('/live');
    assert.equal(await (await fetch(url)).text(), '1 are listening\n');
    await client.send('hi');
    assert.equal(await client.message(), 'you said hi');
    if (name !== 'koa.js') {
      const headers = { 'Content-Type': 'text/plain' };
      const said = await fetch(`${url}/say`, { method: 'POST', body: 'to all', headers });
      assert.equal(said.status, 204);
      assert.equal(await client.message(), 'to all');
    }
    assert.match(await refused('/elsewhere'), /404/);
  });
}

test('fastify.js: its close takes the sockets along', OPTIONS, async (t) => {
  const { child, connect } = await recipe(t, 'fastify.js');
  const client = await connect('/live');
  const gone = once(child, 'exit');
  child.kill('SIGTERM');
  assert.equal((await client.closed()).code, 1001);
  assert.deepEqual(await gone, [0, null]);
});

test('paths: a Server for each, and channels by their name', OPTIONS, async (t) => {
  const { connect, refused } = await recipe(t, 'paths.js');
  const [echo, chat, other, red, red2, blue] = await Promise.all([
    connect('/echo'),
    connect('/chat'),
    connect('/chat'),
    connect('/channels/red'),
    connect('/channels/red'),
    connect('/channels/blue'),
  ]);
  await echo.send(Buffer.from([1, 2]));
  assert.deepEqual(await echo.message(), Buffer.from([1, 2]));
  await chat.send('hi');
  assert.deepEqual([await chat.message(), await other.message()], ['hi', 'hi']);
  await red.send('only red');
  assert.deepEqual([await red.message(), await red2.message()], ['only red', 'only red']);
  await blue.send('blue');
  assert.equal(await blue.message(), 'blue');
  assert.match(await refused('/channels/'), /404/);
});

test('authentication: a session and the origin, looked at before there is a connection', OPTIONS, async (t) => {
  const origin = 'https://app.example';
  const { url, connect, refused } = await recipe(t, 'authentication.js', { ORIGIN: origin });
  const login = await fetch(`${url}/login/ada`, { method: 'POST' });
  const cookie = login.headers.get('set-cookie').split(';')[0];
  const client = await connect('', { origin, headers: { cookie } });
  assert.equal(await client.message(), 'hello ada');
  await client.send('hi');
  assert.equal(await client.message(), 'ada: hi');

  assert.match(await refused('', { origin }), /401/);
  const last = cookie.at(-2) === 'A' ? 'B' : 'A';
  assert.match(
    await refused('', { origin, headers: { cookie: `${cookie.slice(0, -2)}${last}${cookie.at(-1)}` } }),
    /401/,
  );
  assert.match(await refused('', { origin: 'https://evil.example', headers: { cookie } }), /403/);
});

test('heartbeat: round trips, and who is lost', OPTIONS, async (t) => {
  const { child, connect } = await recipe(t, 'heartbeat.js', { INTERVAL: '200' });
  const alive = await connect();
  assert.ok(JSON.parse(await alive.message()).roundTrip >= 0);
  const dead = await connect();
  dead.ws._socket.pause(); // reads nothing more, so no ping is answered
  let said = '';
  for await (const chunk of child.stdout) {
    said += chunk;
    if (said.includes('lost\n')) break;
  }
  assert.ok(JSON.parse(await alive.message()).roundTrip >= 0);
});

test('big-file: complete, to a slow reader as well', OPTIONS, async (t) => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'websockets-'));
  t.after(() => fs.rmSync(folder, { recursive: true }));
  const FILE = path.join(folder, 'file');
  const content = Buffer.alloc(24 * 2 ** 20, 'a line of the file\n');
  fs.writeFileSync(FILE, content);
  const { connect } = await recipe(t, 'big-file.js', { FILE });
  const [fast, slow] = [await connect(), await connect()];
  slow.ws.pause();
  assert.deepEqual(await fast.closed(), { code: 1000, reason: 'that was all' });
  assert.ok(Buffer.concat(fast.messages).equals(content));
  slow.ws.resume();
  assert.deepEqual(await slow.closed(), { code: 1000, reason: 'that was all' });
  assert.ok(Buffer.concat(slow.messages).equals(content));
});

test('big-file: a file that cannot be read', OPTIONS, async (t) => {
  const { connect } = await recipe(t, 'big-file.js', { FILE: path.join(os.tmpdir(), 'there is no such file') });
  assert.equal((await (await connect()).closed()).code, 1011);
});

test('dashboard: a page, and a sample in each interval', OPTIONS, async (t) => {
  const { child, url, connect } = await recipe(t, 'dashboard/server.js', { INTERVAL: '100' });
  const page = await fetch(url);
  assert.match(await page.text(), /<title>Dashboard/);
  assert.match(page.headers.get('content-security-policy'), /^default-src 'none'/);
  const client = await connect('/monitor');
  const [first, second] = [JSON.parse(await client.message()), JSON.parse(await client.message())];
  assert.deepEqual(
    first.bases.map(({ name, stats }) => [name, stats.connections]),
    [
      ['echo', 0],
      ['viewers', 1],
    ],
  );
  assert.ok(first.process.memory > 1024 && second.time > first.time);
  const gone = once(child, 'exit');
  child.kill('SIGINT');
  assert.equal((await client.closed()).code, 1001);
  assert.deepEqual(await gone, [0, null]);
});

test('cluster: what one worker hears the clients of all hear', OPTIONS, async (t) => {
  const { child, connect } = await recipe(t, 'cluster.js');
  const clients = [];
  const workers = new Set();
  // The primary deals connections out in turn; which one comes first is not said.
  while (workers.size < 2) {
    const client = await connect();
    clients.push(client);
    workers.add(await client.message());
  }
  // Until a worker has subscribed, nothing comes from the others.
  const last = clients.at(-1);
  const asking = setInterval(() => clients[0].send('hello?'), 50);
  assert.equal(await last.message(), 'hello?');
  clearInterval(asking);
  await clients[0].send('hello');
  for (const client of clients) {
    let text;
    do text = await client.message();
    while (text === 'hello?');
    assert.equal(text, 'hello');
  }
  const gone = once(child, 'exit');
  child.kill('SIGTERM');
  for (const client of clients) assert.equal((await client.closed()).code, 1001);
  assert.deepEqual(await gone, [0, null]);
});

test('cluster: where the port is taken it ends, and tries no more', OPTIONS, async (t) => {
  const { url } = await recipe(t, 'http.js');
  await assert.rejects(recipe(t, 'cluster.js', { PORT: new URL(url).port }), /ended with status 1[\s\S]*EADDRINUSE/);
});

test('graceful: what was begun is finished, and then it ends', OPTIONS, async (t) => {
  const { child, url, connect } = await recipe(t, 'graceful.js');
  const http = url.replace('ws:', 'http:');
  const client = await connect();
  await client.send('first');
  assert.equal(await client.message(), 'done: first');
  assert.equal((await fetch(http)).status, 200);
  await client.send('second');
  const gone = once(child, 'exit');
  // A pong says that what came before the ping has come.
  client.ws.ping();
  await client.inbox.next('pong');
  child.kill('SIGTERM');
  assert.equal(await client.message(), 'done: second');
  assert.equal((await client.closed()).code, 1001);
  assert.deepEqual(await gone, [0, null]);
});
