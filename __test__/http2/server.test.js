'use strict';

// A `Server` on a server of HTTP/2 (RFC 8441): what is asked for, and how it is answered.

const assert = require('node:assert/strict');
const { randomBytes } = require('node:crypto');
const http2 = require('node:http2');
const { test } = require('node:test');
const { WebSocket } = require('ws');
const { acceptKey } = require('../..');
const { BINARY, TEXT } = require('../support/frames');
const { RawStream, certificate, rawStream, serveHttp2, sessionTo } = require('../support/http2');
const { Inbox } = require('../support/inbox');
const { limit } = require('../support/server');

/** What is answered to one request. */
async function refusal(session, headers, options) {
  return new RawStream(session, headers, options).refused();
}

for (const how of [{}, { secure: true }, { secure: true, allowHTTP1: true }]) {
  test(`a WebSocket on a stream, ${JSON.stringify(how)}`, limit, async (t) => {
    const { server, events, port } = await serveHttp2(t, {}, how);
    const session = await sessionTo(t, port, how.secure ? { ca: certificate().cert } : {});
    const raw = await rawStream(session, { ':path': '/a?b=c' });
    const [sid, req] = await events.next('open');
    assert.ok(req instanceof http2.Http2ServerRequest);
    assert.deepEqual([req.url, req.method, req.httpVersion], ['/a?b=c', 'CONNECT', '2.0']);
    const { remoteAddress, transport } = server.sockets[sid];
    assert.deepEqual([remoteAddress, transport], ['127.0.0.1', 'stream']);
    raw.text('there');
    assert.deepEqual(await events.next('message'), ['there', sid]);
    server.send(sid, 'and back');
    assert.equal(await raw.said(), 'and back');
    const bytes = randomBytes(300_000);
    raw.send({ opcode: BINARY, payload: bytes });
    assert.deepEqual((await events.next('binary'))[0], bytes);
    server.send(sid, bytes);
    assert.deepEqual((await raw.inbox.next('frame'))[0].payload, bytes);
  });
}

test('clients of HTTP/1.1 and of HTTP/2 meet on one server', limit, async (t) => {
  const { server, events, port, url } = await serveHttp2(t, {}, { secure: true, allowHTTP1: true });
  const old = new WebSocket(url, { ca: certificate().cert, servername: 'localhost' });
  const heard = new Inbox(old, ['open', 'message']);
  await heard.next('open');
  const raw = await rawStream(await sessionTo(t, port, { ca: certificate().cert }));
  await events.atLeast('open', 2);
  server.send('to both');
  assert.equal((await heard.next('message'))[0].toString(), 'to both');
  assert.equal(await raw.said(), 'to both');
  old.terminate();
});

test('a hundred WebSockets on one session', limit, async (t) => {
  const { server, events, port } = await serveHttp2(t);
  const session = await sessionTo(t, port);
  const all = await Promise.all(Array.from({ length: 100 }, () => rawStream(session)));
  await events.atLeast('open', 100);
  for (const [n, raw] of all.entries()) raw.text(String(n));
  server.on('message', (text, sid) => server.send(sid, `and ${text}`));
  await events.atLeast('message', 100);
  for (const [n, raw] of all.entries()) assert.equal(await raw.said(), `and ${n}`);
});

test('what is sent in the open listener is the first thing that the client gets', limit, async (t) => {
  const { server, port } = await serveHttp2(t);
  server.on('open', (sid, { url }) => server.send(sid, url));
  const raw = await rawStream(await sessionTo(t, port), { ':path': '/x' });
  assert.equal(await raw.said(), '/x');
});

test('what the client sends before it has the response is read', limit, async (t) => {
  const { events, port } = await serveHttp2(t);
  const raw = new RawStream(await sessionTo(t, port));
  raw.text('early');
  assert.equal((await events.next('message'))[0], 'early');
});

test('Sec-WebSocket-Accept answers a key, if there is one', limit, async (t) => {
  const { port } = await serveHttp2(t);
  const session = await sessionTo(t, port);
  const key = 'dGhlIHNhbXBsZSBub25jZQ==';
  assert.equal(
    (await new RawStream(session, { 'sec-websocket-key': key }).opened())['sec-websocket-accept'],
    acceptKey(key),
  );
  assert.equal('sec-websocket-accept' in (await new RawStream(session).opened()), false);
});

test('subprotocols, extensions, headers and data are agreed upon as over HTTP/1.1', limit, async (t) => {
  const { server, events, port } = await serveHttp2(t, {
    protocols: (offered) => offered[1],
    perMessageDeflate: true,
    headers: {
      'X-All': ['1', '2'],
      'Set-Cookie': ['a=1', 'b=2'],
      'Keep-Alive': 'timeout=5',
      'Proxy-Connection': 'close',
    },
    shouldAccept: ({ headers }) => ({ headers: { 'X-One': headers['x-asked'] }, data: 'mine' }),
  });
  const raw = new RawStream(await sessionTo(t, port), {
    'sec-websocket-protocol': 'a, b',
    'sec-websocket-extensions': 'permessage-deflate; client_max_window_bits',
    'x-asked': 'yes',
  });
  const headers = await raw.opened();
  assert.equal(headers['sec-websocket-protocol'], 'b');
  assert.match(headers['sec-websocket-extensions'], /^permessage-deflate/);
  assert.deepEqual([headers['x-all'], headers['set-cookie'], headers['x-one']], ['1, 2', ['a=1', 'b=2'], 'yes']);
  // What HTTP/2 forbids is left out (RFC 9113 §8.2.2): these headers serve clients of HTTP/1.1, too.
  assert.deepEqual([headers['keep-alive'], headers['proxy-connection']], [undefined, undefined]);
  const [sid] = await events.next('open');
  const { protocol, extensions, data } = server.sockets[sid];
  assert.deepEqual([protocol, extensions, data], ['b', ['permessage-deflate'], 'mine']);
});

test('refusals are a status and a text, and the session goes on', limit, async (t) => {
  const { events, port } = await serveHttp2(t, {
    origins: 'https://app.example',
    shouldAccept: ({ url }) => {
      if (url === '/throws') throw new Error('the app');
      if (url === '/moved') return { status: 302, headers: { Location: 'https://app.example/', 'Keep-Alive': 'x' } };
      return url === '/ok' || 418;
    },
  });
  const session = await sessionTo(t, port);
  const origin = { origin: 'https://app.example' };
  const long = Array.from({ length: 65 }, (_, n) => `p${n}`).join(', ');
  for (const [headers, status, body, more] of [
    [{ ...origin, 'sec-websocket-version': '8' }, 400, /^Sec-WebSocket-Version/, { 'sec-websocket-version': '13' }],
    [{ ...origin, 'sec-websocket-version': undefined }, 400, /^Sec-WebSocket-Version/],
    [{ ...origin, 'sec-websocket-key': 'short' }, 400, /^Sec-WebSocket-Key/],
    [{ ...origin, 'sec-websocket-protocol': 'a b' }, 400, /^Sec-WebSocket-Protocol/],
    [{ ...origin, 'sec-websocket-protocol': long }, 400, /^Sec-WebSocket-Protocol/],
    [{ ...origin, 'sec-websocket-extensions': 'a; b=;' }, 400, /^Sec-WebSocket-Extensions/],
    [{ ...origin, ':scheme': 'ftp' }, 400, /^The :scheme/],
    [{ ...origin, ':path': '/a/../b' }, 400, /dot segment/],
    [{ ...origin, ':path': '/a\\b' }, 400, /backslash/],
    [{ ...origin, host: 'other.example' }, 400, /:authority/],
    [{ ...origin, 'content-length': '5' }, 400, /body/],
    [{ origin: 'https://evil.example' }, 403, /origin/],
    [{}, 403, /origin/],
    [{ ...origin, ':path': '/teapot' }, 418, /refused/],
    [{ ...origin, ':path': '/throws' }, 500, /could not decide/],
    [{ ...origin, ':path': '/moved' }, 302, /refused/, { location: 'https://app.example/' }],
  ]) {
    const got = await refusal(session, headers);
    const about = JSON.stringify(headers);
    assert.equal(got.status, status, about);
    assert.match(got.body, body, about);
    assert.equal(got.headers['content-type'], 'text/plain; charset=utf-8', about);
    assert.deepEqual({ ...got.headers, ...more }, { ...got.headers }, about);
    assert.equal(got.code, 0, about);
  }
  const [error] = await events.next('error');
  assert.deepEqual([error.code, error.cause.message], ['ERR_WS_UPGRADE_FAILED', 'the app']);
  assert.equal((await refusal(session, origin, { endStream: true })).status, 400);
  // Until now nothing was open, and it still can be.
  assert.equal(events.list('open').length, 0);
  await new RawStream(session, { ...origin, ':path': '/ok' }).opened();
});

test('Host may stand beside :authority, if it says the same', limit, async (t) => {
  const { port } = await serveHttp2(t);
  await new RawStream(await sessionTo(t, port), { host: 'localhost' }).opened();
});

test('what is no request of HTTP/2 at all is reset, and the session goes on', limit, async (t) => {
  const { port } = await serveHttp2(t);
  const session = await sessionTo(t, port);
  for (const wrong of [
    { ':path': 'http://localhost/' },
    { ':path': '*' },
    { ':authority': '' },
    { ':authority': undefined, host: 'localhost' },
  ]) {
    const raw = new RawStream(session, wrong);
    assert.deepEqual(await raw.inbox.next('close'), [http2.constants.NGHTTP2_PROTOCOL_ERROR], JSON.stringify(wrong));
  }
  await new RawStream(session).opened();
});

test('what the client sends has to be masked', limit, async (t) => {
  const { events, port } = await serveHttp2(t);
  const raw = await rawStream(await sessionTo(t, port));
  raw.send({ opcode: TEXT, payload: 'bare', mask: false });
  assert.equal((await events.next('error'))[0].code, 'WS_ERR_EXPECTED_MASK');
  assert.equal(await raw.closeCode(), 1002);
});

test('maxConnections, maxHandshakes and maxConnectionsPerAddress hold', limit, async (t) => {
  const { server, port, events } = await serveHttp2(t, { maxConnections: 1 });
  const session = await sessionTo(t, port);
  const first = await rawStream(session);
  assert.equal((await refusal(session)).status, 503);
  server.maxConnections = 2;
  await rawStream(session);
  first.reset();
  await events.next('close');
  await rawStream(session);

  const one = await serveHttp2(t, { maxConnectionsPerAddress: 1 });
  const toOne = await sessionTo(t, one.port);
  const held = await rawStream(toOne);
  assert.equal((await refusal(toOne)).status, 429);
  assert.equal((await refusal(await sessionTo(t, one.port))).status, 429);
  held.reset();
  await one.events.next('close');
  await rawStream(toOne);

  let decide;
  const asked = new Promise((resolve) => (decide = resolve));
  const few = await serveHttp2(t, { maxHandshakes: 1, shouldAccept: () => new Promise((resolve) => decide(resolve)) });
  const toFew = await sessionTo(t, few.port);
  const waiting = new RawStream(toFew);
  const accept = await asked;
  assert.equal((await refusal(toFew)).status, 503);
  accept(true);
  await waiting.opened();
});

test('addressOf is asked with the request', limit, async (t) => {
  const { port } = await serveHttp2(t, { maxConnectionsPerAddress: 1, addressOf: ({ headers }) => headers['x-ip'] });
  const session = await sessionTo(t, port);
  await rawStream(session, { 'x-ip': 'a' });
  await rawStream(session, { 'x-ip': 'b' });
  assert.equal((await refusal(session, { 'x-ip': 'a' })).status, 429);
});

test('handshakeTimeout: 503, and what the app says later changes nothing', limit, async (t) => {
  let decide;
  const shouldAccept = () => new Promise((resolve) => (decide = resolve));
  const { events, port } = await serveHttp2(t, { handshakeTimeout: 20, shouldAccept });
  const session = await sessionTo(t, port);
  assert.equal((await refusal(session)).status, 503);
  assert.equal((await events.next('error'))[0].code, 'ERR_WS_HANDSHAKE_TIMEOUT');
  decide(true);
  assert.equal((await refusal(session)).status, 503);
  assert.equal(events.list('open').length, 0);
});

test('more headers than the HTTP/2 server reads are refused by it, and the session goes on', limit, async (t) => {
  const { events, port } = await serveHttp2(t, {}, { maxHeaderListPairs: 20 });
  const session = await sessionTo(t, port);
  const many = Object.fromEntries(Array.from({ length: 30 }, (_, n) => [`x-${n}`, 'y']));
  const raw = new RawStream(session, many);
  await raw.inbox.next('close');
  await rawStream(session);
  assert.equal(events.list('open').length, 1);
});

test('an extension of the app runs on a stream as well', limit, async (t) => {
  const { server, events, port } = await serveHttp2(t);
  server.extensions = {
    upper: {
      read(next, frame) {
        frame.content = frame.content.toString().toUpperCase();
        next(null, frame);
      },
    },
  };
  const raw = await rawStream(await sessionTo(t, port), { 'sec-websocket-extensions': 'upper' });
  raw.text('loud');
  assert.equal((await events.next('message'))[0], 'LOUD');
});
