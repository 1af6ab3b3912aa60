'use strict';

// What is no WebSocket of a `Server`'s stays the app's, whichever of Node's two interfaces it uses.

const assert = require('node:assert/strict');
const { once } = require('node:events');
const http2 = require('node:http2');
const { test } = require('node:test');
const { Server } = require('../..');
const { run } = require('../support/child');
const { copies } = require('../support/copies');
const { Inbox } = require('../support/inbox');
const { RawStream, certificate, http2Server, rawStream, serveHttp2, sessionTo } = require('../support/http2');
const { limit } = require('../support/server');

/** An app that answers plain requests, by each interface. */
const APPS = {
  "the 'request' event": (httpServer) => httpServer.on('request', (req, res) => res.end(`page of ${req.url}`)),
  "the 'stream' event": (httpServer) =>
    httpServer.on('stream', (stream, headers) => {
      if (headers[':method'] === 'CONNECT') return;
      stream.respond({ ':status': 200 });
      stream.end(`page of ${headers[':path']}`);
    }),
};

/** A CONNECT as to a proxy, or for another protocol. */
const TO_PROXY = { ':protocol': undefined, ':scheme': undefined, ':path': undefined, ':authority': 'example.com:1' };

/** The body that a plain request gets. */
async function page(session, name) {
  const request = session.request({ ':path': name });
  request.setEncoding('utf8');
  let body = '';
  for await (const text of request) body += text;
  return body;
}

for (const [name, listen] of Object.entries(APPS)) {
  for (const isFirst of [true, false]) {
    test(
      `plain requests and other CONNECT requests, with an app by ${name}, ${isFirst ? 'first' : 'last'}`,
      limit,
      async (t) => {
        const { httpServer, port } = await http2Server(t);
        if (isFirst) listen(httpServer);
        const server = new Server({ url: 'ws://localhost/chat' }).listen(httpServer);
        if (!isFirst) listen(httpServer);
        t.after(() => server.terminate(null).close());
        const session = await sessionTo(t, port);
        await rawStream(session, { ':path': '/chat' });
        assert.equal(await page(session, '/chat'), 'page of /chat');
        if (name === "the 'request' event") {
          // The compatibility API has no say in it: nobody else hears CONNECT.
          assert.equal((await new RawStream(session, { ':path': '/x' }).refused()).status, 404);
          for (const other of [TO_PROXY, { ':protocol': 'connect-udp', ':path': '/chat' }]) {
            assert.equal((await new RawStream(session, other).refused()).status, 405);
          }
        }
        assert.equal(await page(session, '/'), 'page of /');
      },
    );
  }
}

test('without any app: 404 at another path, 405 for another CONNECT', limit, async (t) => {
  const { port, events } = await serveHttp2(t, { url: 'ws://localhost/chat' });
  const session = await sessionTo(t, port);
  assert.equal((await new RawStream(session, { ':path': '/' }).refused()).status, 404);
  assert.equal((await new RawStream(session, TO_PROXY).refused()).status, 405);
  assert.equal((await new RawStream(session, { ':protocol': 'other', ':path': '/chat' }).refused()).status, 405);
  await rawStream(session, { ':path': '/chat' });
  assert.equal(events.list('open').length, 1);
});

test('without any app: 404 for a plain request, also if the client resets it at once', limit, async (t) => {
  const { port } = await serveHttp2(t, { url: 'ws://localhost/chat' });
  const session = await sessionTo(t, port);
  const request = session.request({ ':path': '/chat' });
  request.resume();
  assert.equal((await once(request, 'response'))[0][':status'], 404);
  await once(request, 'close');
  for (let i = 0; i < 20; i++) {
    const gone = session.request({ ':path': '/', ':method': 'POST' }, { endStream: false });
    gone.on('error', () => {});
    const closed = new Promise((resolve) => gone.on('close', resolve));
    // Before it was answered, and after.
    if (i % 2 === 0) await once(gone, 'response');
    gone.close(http2.constants.NGHTTP2_PROTOCOL_ERROR);
    await closed;
  }
  await rawStream(session, { ':path': '/chat' });
});

test(
  "a 'connect' listener of the app's gets the other CONNECT requests, and WebSockets that nobody takes",
  limit,
  async (t) => {
    const { httpServer, port } = await serveHttp2(t, { url: 'ws://localhost/chat' }, {}, (_req, res) => res.end());
    httpServer.on('connect', (req, res) => {
      if (req.url === '/chat') return;
      res.writeHead(418);
      res.end('mine');
    });
    const session = await sessionTo(t, port);
    for (const headers of [TO_PROXY, { ':path': '/own' }]) {
      const { status, body } = await new RawStream(session, headers).refused();
      assert.deepEqual([status, body], [418, 'mine']);
    }
    await rawStream(session, { ':path': '/chat' });
  },
);

test("so does a 'stream' listener, and nothing of ours hears what becomes of its streams", limit, async (t) => {
  const { httpServer, port } = await serveHttp2(t, { url: 'ws://localhost/chat' });
  const errors = [];
  httpServer.on('stream', (stream, { ':path': where }) => {
    if (where === '/chat') return;
    setImmediate(() => {
      errors.push(stream.listenerCount('error'));
      stream.respond({ ':status': 418 });
      stream.end('mine');
    });
  });
  const session = await sessionTo(t, port);
  for (const headers of [TO_PROXY, { ':path': '/own' }]) {
    const { status, body } = await new RawStream(session, headers).refused();
    assert.deepEqual([status, body], [418, 'mine']);
  }
  await rawStream(session, { ':path': '/chat' });
  assert.deepEqual(errors, [0, 0]);
});

test('what the app has answered itself is left to it', limit, async (t) => {
  const { httpServer, port, events } = await serveHttp2(t);
  httpServer.prependListener('stream', (stream) => {
    stream.respond({ ':status': 200, 'x-by': 'app' });
    stream.write('as it is');
  });
  const raw = new RawStream(await sessionTo(t, port));
  assert.equal((await raw.opened())['x-by'], 'app');
  assert.equal((await once(raw.stream, 'data'))[0].toString(), 'as it is');
  assert.equal(events.list('open').length, 0);
});

test('and so is what it answers while a Server still looks at it', limit, async (t) => {
  let accept;
  const asked = new Promise((resolve) => (accept = resolve));
  const { httpServer, port, events } = await serveHttp2(t, { shouldAccept: () => asked });
  const streams = new Inbox(httpServer, ['stream']);
  const raw = new RawStream(await sessionTo(t, port));
  const [stream] = await streams.next('stream');
  stream.respond({ ':status': 200, 'x-by': 'app' });
  stream.write('as it is');
  accept(true);
  assert.equal((await raw.opened())['x-by'], 'app');
  assert.equal((await once(raw.stream, 'data'))[0].toString(), 'as it is');
  raw.reset();
  await once(stream, 'close');
  assert.equal(events.list('open').length, 0);
});

test('several Servers are told apart by their paths, and one that closes lets go', limit, async (t) => {
  const { server, httpServer, port, events } = await serveHttp2(t, { url: 'ws://localhost/chat' });
  const news = new Server({ url: 'ws://localhost/a/news' }).listen(httpServer);
  const heard = new Inbox(news, ['open', 'close']);
  t.after(() => news.terminate(null).close());
  assert.deepEqual(
    ['upgrade', 'stream', 'connect'].map((event) => httpServer.listenerCount(event)),
    [1, 1, 1],
  );
  const session = await sessionTo(t, port);
  await rawStream(session, { ':path': '/chat?a=b' });
  await events.next('open');
  await rawStream(session, { ':path': '/a/news/' });
  await heard.next('open');
  assert.equal((await new RawStream(session, { ':path': '/other' }).refused()).status, 404);
  const closed = new Promise((resolve) => server.terminate(null).close(resolve));
  await closed;
  assert.equal((await new RawStream(session, { ':path': '/chat' }).refused()).status, 404);
  await new Promise((resolve) => news.terminate(null).close(resolve));
  assert.deepEqual(
    ['upgrade', 'stream', 'connect'].map((event) => httpServer.listenerCount(event)),
    [0, 0, 0],
  );
});

test('copies of the module on one server answer each request once', limit, async (t) => {
  const { events, httpServer, port } = await serveHttp2(t, { url: 'ws://localhost/chat' });
  const [{ Server: Other }] = copies(1);
  const news = new Other({ url: 'ws://localhost/news' }).listen(httpServer);
  const heard = new Inbox(news, ['open', 'close']);
  t.after(() => news.terminate(null).close());
  for (const app of [undefined, (_req, res) => res.end('page')]) {
    if (app) httpServer.on('request', app);
    const session = await sessionTo(t, port);
    await rawStream(session, { ':path': '/chat' });
    await events.next('open');
    await rawStream(session, { ':path': '/news' });
    await heard.next('open');
    assert.equal((await new RawStream(session, { ':path': '/other' }).refused()).status, 404);
    assert.equal((await new RawStream(session, TO_PROXY).refused()).status, 405);
  }
  assert.deepEqual([events.list('open').length, heard.list('open').length], [2, 2]);
});

test('a server of HTTP/2 is taken as it is, whether it allows HTTP/1.1 or not', limit, async (t) => {
  for (const how of [{}, { secure: true }, { secure: true, allowHTTP1: true }]) {
    const { httpServer } = await http2Server(t, how);
    const server = new Server().listen(httpServer);
    assert.equal(server.address().port, httpServer.address().port);
    await new Promise((resolve) => server.close(resolve));
  }
});

test('without enableConnectProtocol a client is told so by the settings', limit, async (t) => {
  const { port } = await serveHttp2(t, {}, { secure: true, settings: {} });
  const session = await sessionTo(t, port, { ca: certificate().cert });
  assert.equal(session.remoteSettings.enableConnectProtocol, false);
  const raw = new RawStream(session);
  const [code] = await raw.inbox.next('close');
  assert.notEqual(code, 0);
});

test('and NODE_DEBUG says so', limit, async (t) => {
  for (const [args, expected] of [
    [[], /^WEBSOCKETS \d+: an HTTP\/2 server has no \{ settings: \{ enableConnectProtocol: true \} \}/m],
    [['set'], /^$/],
  ]) {
    const child = run(t, 'traced-http2.js', args, { env: { NODE_DEBUG: 'websockets', DEBUG: '' } });
    assert.deepEqual(await child.exited, { code: 0, signal: null }, child.stderr);
    assert.match(child.stderr, expected);
  }
});
