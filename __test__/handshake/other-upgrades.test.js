'use strict';

// Requests that offer another protocol than WebSocket, as `curl --http2` sends them, to an HTTP server with a `Server`
// on it: they are the app's.

const assert = require('node:assert/strict');
const http = require('node:http');
const https = require('node:https');
const net = require('node:net');
const tls = require('node:tls');
const { describe, test } = require('node:test');
const { once } = require('node:events');
const { WebSocket } = require('ws');
const { Server } = require('../..');
const { selfSigned } = require('../support/certificate');
const { limit } = require('../support/server');

const H2C = ['Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA'];

/** The bytes of a request that offers another protocol. */
function offer(headers = H2C, { line = 'GET /api HTTP/1.1', body = '' } = {}) {
  const length = body === '' ? [] : [`Content-Length: ${body.length}`];
  return [line, 'Host: x', ...headers, ...length, '', body].join('\r\n');
}

/** An app that answers plain requests with what it was asked for, and what it has heard. */
async function appServer(t, createServer = http.createServer) {
  const httpServer = createServer((req, res) => {
    let body = '';
    req.setEncoding('latin1').on('data', (chunk) => (body += chunk));
    req.on('end', () => res.end(`the app: ${req.method} ${req.url} ${req.headers.upgrade} ${body}.`));
  });
  await once(httpServer.listen(0, '127.0.0.1'), 'listening');
  t.after(() => {
    httpServer.close();
    httpServer.closeAllConnections();
  });
  return httpServer;
}

/** A client's socket, gone when the test ends. */
async function connected(t, httpServer, connect = net.connect) {
  const { port } = httpServer.address();
  const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false });
  t.after(() => socket.destroy());
  socket.setEncoding('latin1').on('error', () => {});
  await once(socket, connect === tls.connect ? 'secureConnect' : 'connect');
  return socket;
}

/** Sends a request, and reads until the app's answer, or the end of a refusal. */
async function ask(socket, text) {
  let got = '';
  socket.write(text, 'latin1');
  for await (const [chunk] of chunksOf(socket)) {
    got += chunk;
    if (/the app: .*\.|^HTTP\/1.1 4/s.test(got)) return got;
  }
  return got;
}

async function* chunksOf(socket) {
  const aborting = new AbortController();
  const end = once(socket, 'close', { signal: aborting.signal }).catch(() => []);
  try {
    for (;;) {
      const chunk = await Promise.race([once(socket, 'data', { signal: aborting.signal }), end]);
      if (chunk.length === 0 || typeof chunk[0] !== 'string') return;
      yield chunk;
    }
  } finally {
    aborting.abort();
  }
}

describe('a Server on an HTTP server of the app', () => {
  for (const [what, options] of [
    ['with a path', { url: 'ws://localhost/chat' }],
    ['for every path', {}],
  ]) {
    test(`${what}: requests that offer another protocol are answered by the app`, limit, async (t) => {
      const httpServer = await appServer(t);
      const server = new Server(options).listen(httpServer);
      t.after(() => server.terminate(null).close());
      for (const headers of [
        H2C,
        ['Connection: Upgrade', 'Upgrade: TLS/1.0'],
        ['Connection: Upgrade', 'Upgrade: h2c, HTTP/2.0'],
      ]) {
        const socket = await connected(t, httpServer);
        const [, name] = /Upgrade: (.*)/.exec(headers.slice(1).join('\n'));
        const got = await ask(socket, offer(headers));
        assert.match(got, /^HTTP\/1.1 200 /);
        assert.ok(got.includes(`the app: GET /api ${name} .`), got);
      }
      const socket = await connected(t, httpServer);
      const text = offer(H2C, { line: 'POST /form HTTP/1.1', body: 'field=value' });
      assert.ok((await ask(socket, text)).includes('the app: POST /form h2c field=value.'));
      const client = new WebSocket(`ws://127.0.0.1:${httpServer.address().port}/chat`);
      await once(client, 'open');
      client.terminate();
    });
  }

  test("a body that comes in pieces is the app's as well", limit, async (t) => {
    const httpServer = await appServer(t);
    const server = new Server().listen(httpServer);
    t.after(() => server.close());
    const socket = await connected(t, httpServer);
    const asked = once(httpServer, 'request');
    const answer = ask(socket, offer([...H2C, 'Content-Length: 4'], { line: 'POST / HTTP/1.1' }));
    await asked;
    socket.write('body');
    assert.ok((await answer).includes('the app: POST / h2c body.'));
  });

  test('over TLS', limit, async (t) => {
    const httpServer = await appServer(t, (listener) => https.createServer(selfSigned(), listener));
    const server = new Server().listen(httpServer);
    t.after(() => server.close());
    const socket = await connected(t, httpServer, tls.connect);
    assert.ok((await ask(socket, offer())).includes('the app: GET /api h2c .'));
  });

  test('connections that were there before the Server, and after it, are the same', limit, async (t) => {
    const httpServer = await appServer(t);
    const accepted = once(httpServer, 'connection');
    const before = await connected(t, httpServer);
    await accepted;
    const server = new Server().listen(httpServer);
    assert.ok((await ask(before, offer())).includes('the app: GET /api h2c .'));
    await new Promise((resolve) => server.close(resolve));
    assert.ok((await ask(await connected(t, httpServer), offer())).includes('the app: GET /api h2c .'));
    server.listen(httpServer);
    t.after(() => server.close());
    assert.ok((await ask(await connected(t, httpServer), offer())).includes('the app: GET /api h2c .'));
  });

  test("an 'upgrade' listener of the app's gets them, and nobody else answers", limit, async (t) => {
    const httpServer = await appServer(t);
    const server = new Server().listen(httpServer);
    t.after(() => server.close());
    httpServer.on('upgrade', (req, socket) => {
      if (req.headers.upgrade === 'h2c') socket.end(`the app: upgrade ${req.headers.upgrade}.`);
    });
    const socket = await connected(t, httpServer);
    assert.equal(await ask(socket, offer()), 'the app: upgrade h2c.');
    const client = new WebSocket(`ws://127.0.0.1:${httpServer.address().port}/`);
    await once(client, 'open');
    client.terminate();
  });
});

test('an HTTP server that a Server has made answers them with 426', limit, async (t) => {
  const server = new Server();
  t.after(() => server.close());
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const socket = await connected(t, server);
  assert.match(await ask(socket, offer()), /^HTTP\/1.1 426 .*Upgrade: websocket/s);
});

test('so they are if the HTTP server of the app has nobody to answer them', limit, async (t) => {
  const httpServer = http.createServer();
  const server = new Server().listen(httpServer);
  t.after(() => server.close());
  await once(httpServer.listen(0, '127.0.0.1'), 'listening');
  t.after(() => httpServer.close());
  const socket = await connected(t, httpServer);
  assert.match(await ask(socket, offer()), /^HTTP\/1.1 426 /);
});
