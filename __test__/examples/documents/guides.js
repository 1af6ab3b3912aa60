'use strict';

const assert = require('node:assert/strict');
const { once } = require('node:events');
const http2 = require('node:http2');
const path = require('node:path');
const test = require('node:test');
const { Client, Server } = require('../../..');
const { selfSigned } = require('../../support/certificate');
const { read, root, take, unquoted } = require('./blocks');
const { OPTIONS, clients, run, talk } = require('./run');

const ENTRY = JSON.stringify(path.join(root, 'index.js'));

test('extensions: one on both sides', OPTIONS, async (t) => {
  const { closed, text } = await run(t, take('extensions', 'Extensions')[0], { until: /you said/ });
  assert.deepEqual(await closed, [0, null]);
  assert.equal(text, 'listening\nyou said hello\n');
});

test('extensions: switched on by assignSocket', OPTIONS, async (t) => {
  const { closed } = await run(t, take('extensions', 'Switch them on')[0], {
    before: `const { Duplex } = require('node:stream');
      const { Base } = require('websockets');
      const base = new Base();
      for (const name of ['x-checksum', 'metrics']) base.extensions[name] = { read: (next) => next() };
      const stream = () => new Duplex({ read() {}, write(chunk, encoding, done) { done(); } });
      Object.defineProperty(globalThis, 'socket', { get: stream });`,
    after: `const { sockets, socketsHistory } = base;
      console.log('open', JSON.stringify(socketsHistory.map((sid) => sockets[sid].extensions)));
      for (const sid of socketsHistory) base.terminate(sid);`,
    until: /open \[\["x-checksum","metrics"\],\["x-checksum","metrics"\]\]/,
  });
  assert.deepEqual(await closed, [0, null]);
});

test('extensions: next, later', OPTIONS, async (t) => {
  await run(t, take('extensions', '`next`')[0], {
    before: `const decrypt = async (content) => content.length > 1 ? content.subarray(1) : Promise.reject(new Error('short'));
      const extension = {`,
    after: `};
      const done = (error, frame) => console.log(error?.message ?? String(frame.content));
      extension.read(done, { content: Buffer.from('xyz') });
      extension.read(done, { content: Buffer.from('x') });`,
    until: /^yz\nshort\n$/,
  });
});

test('extensions: the quoted ones are the examples', () => {
  assert.deepEqual(unquoted(take('extensions', 'Frames')[0], 'extensions/checksum.js'), []);
  assert.deepEqual(unquoted(take('extensions', '`this`')[0], 'extensions/metrics.js'), []);
});

/** Opens a WebSocket over HTTP/2. */
async function openOverHttp2(t, port, ca) {
  const client = new Client({ url: `wss://localhost:${port}/`, http2: true, ca, origin: 'https://app.example' });
  t.after(() => client.close());
  await client.openAsync();
}

/** @returns {Record<string, string>} the files of a server's certificate */
function certificate() {
  const { key, cert } = selfSigned();
  return { 'key.pem': key, 'cert.pem': cert };
}

test('HTTP/2: a server', OPTIONS, async (t) => {
  const files = certificate();
  const server = await run(t, take('http2', 'A server')[0], { files });
  await openOverHttp2(t, server.port, files['cert.pem']);
  await server.says(/^\S+ \/ 2\.0$/m);
});

test('HTTP/2: by hand', OPTIONS, async (t) => {
  const files = certificate();
  const server = await run(t, take('http2', 'By hand')[0], {
    files,
    before: `const fs = require('node:fs');
      const http2 = require('node:http2');
      const { Base, Upgrade } = require('websockets');
      const base = new Base();
      base.on('open', () => console.log('opened'));
      const httpServer = http2.createSecureServer({ key: fs.readFileSync('key.pem'), cert: fs.readFileSync('cert.pem'),
        settings: { enableConnectProtocol: true } }).listen(443);`,
  });
  await openOverHttp2(t, server.port, files['cert.pem']);
  await server.says(/opened/);
});

test('HTTP/2: clients', OPTIONS, async (t) => {
  const [several, ofASession] = take('http2', 'A client');
  const { key, cert } = selfSigned();
  const settings = { enableConnectProtocol: true };
  for (const [block, httpServer, before, count] of [
    [several, http2.createSecureServer({ key, cert, settings }), '', 2],
    [ofASession, http2.createServer({ settings }), "const http2 = require('node:http2');", 1],
  ]) {
    const sessions = new Set();
    httpServer.on('session', (session) => sessions.add(session));
    httpServer.on('request', (_req, res) => res.end());
    const server = new Server();
    server.listen(httpServer);
    await once(httpServer.listen(0, 'localhost'), 'listening');
    t.after(() => {
      for (const session of sessions) session.destroy();
      httpServer.close();
    });
    const { port } = httpServer.address();
    const started = await run(t, block.replaceAll('app.example', `localhost:${port}`), {
      port,
      files: { 'ca.pem': cert },
      env: { NODE_EXTRA_CA_CERTS: 'ca.pem' },
      before: `const { Client } = require('websockets'); ${before}`,
      after: "client.on('open', (sid, res) => console.log('version', res.httpVersion));",
      until: new RegExp(`(version 2\\.0\\n){${count}}`),
    });
    assert.equal(sessions.size, 1);
    started.child.kill();
  }
});

test('several machines: while the broker is down, for a user, at the end', OPTIONS, async (t) => {
  const before = `const { Server } = require(${ENTRY});
    const { MemoryBroker } = require(${JSON.stringify(path.join(root, '__test__', 'backplane', 'memory.js'))});
    const broker = new MemoryBroker();
    const backplane = broker.backplane();
    const server = new Server({ backplane, shouldAccept: () => ({ data: { id: 7 } }) });
    server.listen(3000);`;
  const down = await run(t, take('several-machines', 'When the broker is down')[0], {
    before,
    after: "server.on('open', (sid) => { server.subscribe(sid, 'news'); broker.down(); });",
  });
  const { heard } = await talk(t, down.url, undefined, 1);
  assert.deepEqual(heard, ['you hear those of your server alone']);

  const user = await run(t, take('several-machines', 'Reach a user wherever they are')[0], {
    // It is published as soon as somebody is there.
    before: `${before} const id = 7;
      const publish = server.publish.bind(server);
      server.publish = (...args) => { server.on('open', () => publish(...args)); return 0; };`,
  });
  assert.deepEqual((await talk(t, user.url, undefined, 1)).heard, ['your order is on its way']);

  const end = await run(t, take('several-machines', 'Stop gracefully')[0], { before });
  const [client] = await clients(t, [end.url]);
  if (process.platform === 'win32') return;
  end.child.kill('SIGTERM');
  assert.equal((await once(client, 'close'))[0], 1001);
  assert.deepEqual(await end.closed, [0, null]);
});

test('several machines: with a broker, other tests run it', () => {
  take('several-machines', 'What a backplane does');
  assert.match(
    read('__test__', 'backplane', 'brokers', 'guide.test.js'),
    /'several-machines', 'What a backplane does'/,
  );
  const [start] = take('several-machines', 'Try it', 'sh');
  assert.equal(start, 'node examples/several-machines/start.js\n');
  assert.match(read('__test__', 'backplane', 'brokers', 'example.test.js'), /several-machines\/start\.js/);
});

for (const [nth, name] of ['block.js', 'block.mjs'].entries()) {
  test(`websockets/ws: ${name}`, OPTIONS, async (t) => {
    const { url } = await run(t, take('ws', 'The API of `ws`')[nth], {
      name,
      after: `const wss = new WebSocketServer({ port: 3000 });
        wss.on('connection', (ws) => ws.on('message', (data) => ws.send(String(data) + WebSocket.OPEN)));`,
    });
    assert.deepEqual((await talk(t, url, 'hi', 1)).heard, ['hi1']);
  });
}
