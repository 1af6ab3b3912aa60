'use strict';

// The opening handshake of a client of the entry, with servers of ws and answers that are written by hand.

const assert = require('node:assert/strict');
const { createHash } = require('node:crypto');
const { once } = require('node:events');
const http = require('node:http');
const { test } = require('node:test');
const Reference = require('ws');
const WebSocket = require('../../ws.js');
const { Inbox } = require('../support/inbox');
const { isTls, listen, serve, trust } = require('../support/ws-entry');

const EVENTS = ['open', 'error', 'close', 'upgrade', 'unexpected-response', 'redirect'];

/** @returns {{ ws: WebSocket, inbox: Inbox }} a client that is connecting */
function dial(t, url, ...rest) {
  const options = typeof rest.at(-1) === 'object' && !Array.isArray(rest.at(-1)) ? rest.pop() : {};
  const ws = new WebSocket(url, ...rest, { ...trust, ...options });
  t.after(() => ws.terminate());
  return {
    ws,
    inbox: new Inbox(
      ws,
      EVENTS.filter((name) => name !== 'unexpected-response' && name !== 'redirect'),
    ),
  };
}

/** Answers each upgrade with these lines. */
async function answering(t, lines) {
  const { server, url } = await listen(t);
  server.on('upgrade', (request, socket) => {
    const accept = createHash('sha1')
      .update(`${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
      .digest('base64');
    const all = { Upgrade: 'websocket', Connection: 'Upgrade', 'Sec-WebSocket-Accept': accept, ...lines };
    const text = Object.entries(all).flatMap(([name, value]) => (value === undefined ? [] : [`${name}: ${value}`]));
    socket.write(`HTTP/1.1 101 Switching Protocols\r\n${text.join('\r\n')}\r\n\r\n`);
    socket.on('error', () => {});
    socket.on('end', () => socket.end());
  });
  return url;
}

test('an address that is none throws a SyntaxError', () => {
  for (const [address, message] of [
    ['foo', 'Invalid URL: foo'],
    ['ftp://localhost', /protocol must be one of/],
    ['ws://localhost#a', 'The URL contains a fragment identifier'],
    ['ws+unix:', "The URL's pathname is empty"],
  ]) {
    assert.throws(
      () => new WebSocket(address),
      (error) => error instanceof SyntaxError && (message.test?.(error.message) ?? message === error.message),
    );
  }
  assert.throws(() => new WebSocket('ws://localhost', { protocolVersion: 12 }), RangeError);
  for (const protocols of [null, 'a b', ['a', 'a'], ['']]) {
    assert.throws(() => new WebSocket('ws://localhost', protocols), SyntaxError);
  }
});

test('it opens, has its URL, and http: is ws:', async (t) => {
  const { url } = await serve(t, {}, Reference);
  const { ws, inbox } = dial(t, `${url.replace(/^ws/, 'http')}/path?q=1`);
  assert.equal(ws.readyState, WebSocket.CONNECTING);
  assert.equal(ws.url, `${url}/path?q=1`);
  const [response] = await inbox.next('upgrade');
  assert.equal(response.statusCode, 101);
  await inbox.next('open');
  assert.equal(ws.readyState, WebSocket.OPEN);
});

test('protocols, origin, headers and the version are what the server gets', async (t) => {
  const { wss, url } = await serve(t, {}, Reference);
  const accepted = once(wss, 'connection');
  const { ws, inbox } = dial(t, url, ['b', 'a'], { origin: 'https://example.com', headers: { 'X-Mine': 'yes' } });
  const [, request] = await accepted;
  await inbox.next('open');
  assert.equal(ws.protocol, 'b');
  const { origin, 'x-mine': mine, 'sec-websocket-protocol': protocols } = request.headers;
  assert.deepEqual([origin, mine, protocols], ['https://example.com', 'yes', 'b,a']);
  const old = once(wss, 'connection');
  dial(t, url, { protocolVersion: 8, origin: 'https://old.example' });
  const { headers } = (await old)[1];
  assert.deepEqual([headers['sec-websocket-version'], headers['sec-websocket-origin']], ['8', 'https://old.example']);
});

test('credentials of the URL become a header', async (t) => {
  const { wss, url } = await serve(t, {}, Reference);
  const accepted = once(wss, 'connection');
  dial(t, url.replace('://', '://user:p%40ss@'));
  const [, request] = await accepted;
  assert.equal(request.headers.authorization, `Basic ${Buffer.from('user:p@ss').toString('base64')}`);
});

test('answers that open no WebSocket are errors in the words of ws, and then it is closed with 1006', async (t) => {
  for (const [lines, message, ...protocols] of [
    [{ Upgrade: 'foo' }, 'Invalid Upgrade header'],
    [{ 'Sec-WebSocket-Accept': 'foo' }, 'Invalid Sec-WebSocket-Accept header'],
    [{ 'Sec-WebSocket-Protocol': 'a' }, 'Server sent a subprotocol but none was requested'],
    [{ 'Sec-WebSocket-Protocol': 'b' }, 'Server sent an invalid subprotocol', 'a'],
    [{}, 'Server sent no subprotocol', 'a'],
    [{ 'Sec-WebSocket-Extensions': 'foo' }, 'Server indicated an extension that was not requested'],
    [{ 'Sec-WebSocket-Extensions': 'permessage-deflate; x' }, 'Invalid Sec-WebSocket-Extensions header'],
  ]) {
    const { inbox } = dial(t, await answering(t, lines), ...protocols);
    assert.equal((await inbox.next('error'))[0].message, message);
    assert.deepEqual(await inbox.next('close'), [1006, Buffer.alloc(0)]);
  }
  const url = await answering(t, { 'Sec-WebSocket-Extensions': 'permessage-deflate' });
  const { inbox } = dial(t, url, { perMessageDeflate: false });
  const [error] = await inbox.next('error');
  assert.equal(error.message, 'Server sent a Sec-WebSocket-Extensions header but no extension was requested');
});

test('another response is an error, unless a listener takes it', async (t) => {
  const { server, url } = await listen(t);
  server.on('upgrade', (_request, socket) => socket.end('HTTP/1.1 401 Unauthorized\r\nContent-Length: 4\r\n\r\nbody'));
  const first = dial(t, url);
  assert.equal((await first.inbox.next('error'))[0].message, 'Unexpected server response: 401');
  await first.inbox.next('close');

  const second = dial(t, url);
  const [request, response] = await once(second.ws, 'unexpected-response');
  assert.ok(request instanceof http.ClientRequest);
  response.setEncoding('utf8');
  let body = '';
  for await (const chunk of response) body += chunk;
  assert.equal(body, 'body');
  assert.deepEqual(second.inbox.list('error'), []);
});

test('nobody there, or nobody who answers', async (t) => {
  const refused = dial(t, 'ws://127.0.0.1:1');
  assert.equal((await refused.inbox.next('error'))[0].code, 'ECONNREFUSED');
  assert.equal(refused.ws.readyState >= WebSocket.CLOSING, true);
  await refused.inbox.next('close');

  const { server, url } = await listen(t);
  server.on('upgrade', (_request, socket) => t.after(() => socket.destroy()));
  const silent = dial(t, url, { handshakeTimeout: 50 });
  assert.equal((await silent.inbox.next('error'))[0].message, 'Opening handshake has timed out');
  await silent.inbox.next('close');
});

test('close() and terminate() while it is connecting', async (t) => {
  const { server, url } = await listen(t);
  server.on('upgrade', (_request, socket) => socket.on('error', () => {}));
  for (const method of ['close', 'terminate']) {
    const { ws, inbox } = dial(t, url);
    ws[method]();
    assert.equal(ws.readyState, WebSocket.CLOSING);
    const [error] = await inbox.next('error');
    assert.equal(error.message, 'WebSocket was closed before the connection was established');
    assert.deepEqual(await inbox.next('close'), [1006, Buffer.alloc(0)]);
  }
});

test('close() in a listener of upgrade', async (t) => {
  const { url } = await serve(t, {}, Reference);
  const { ws, inbox } = dial(t, url);
  ws.on('upgrade', () => ws.close());
  await inbox.next('error');
  await inbox.next('close');
  assert.deepEqual(inbox.list('open'), []);
});

test('finishRequest ends the request', async (t) => {
  const { wss, url } = await serve(t, {}, Reference);
  const accepted = once(wss, 'connection');
  dial(t, url, {
    finishRequest(request, ws) {
      assert.ok(ws instanceof WebSocket);
      request.setHeader('X-Late', 'yes');
      setImmediate(() => request.end());
    },
  });
  assert.equal((await accepted)[1].headers['x-late'], 'yes');
});

/** Leads each request for `/from` to another address. */
async function leading(t, location) {
  const { server, url } = await listen(t);
  server.on('upgrade', (_request, socket) => {
    socket.end(`HTTP/1.1 302 Found\r\nLocation: ${location(url)}\r\nContent-Length: 0\r\n\r\n`);
  });
  return url;
}

test('redirects are followed if that is asked for, and no further than maxRedirects', async (t) => {
  const { wss, url } = await serve(t, {}, Reference);
  const from = await leading(t, () => `${url}/there`);
  const none = dial(t, from);
  assert.equal((await none.inbox.next('error'))[0].message, 'Unexpected server response: 302');

  const accepted = once(wss, 'connection');
  const followed = dial(t, from, { followRedirects: true });
  assert.equal((await accepted)[1].url, '/there');
  await followed.inbox.next('open');
  assert.equal(followed.ws.url, `${url}/there`);

  const round = await leading(t, (own) => `${own}/again`);
  const limited = dial(t, round, { followRedirects: true, maxRedirects: 2 });
  assert.equal((await limited.inbox.next('error'))[0].message, 'Maximum redirects exceeded');
  const wrong = dial(t, await leading(t, () => 'ws://'), { followRedirects: true });
  assert.ok((await wrong.inbox.next('error'))[0] instanceof SyntaxError);
});

test('another host gets no credentials, unless a listener of redirect looks after that', async (t) => {
  const { wss, url } = await serve(t, {}, Reference);
  const from = await leading(t, () => url);
  const headers = { Authorization: 'Basic secret', Cookie: 'a=1', 'X-Mine': 'yes' };
  const dropped = once(wss, 'connection');
  dial(t, from, { followRedirects: true, headers });
  const first = (await dropped)[1].headers;
  assert.deepEqual([first.authorization, first.cookie, first['x-mine']], [undefined, undefined, 'yes']);

  const kept = once(wss, 'connection');
  const { ws } = dial(t, from, { followRedirects: true, headers });
  ws.on('redirect', (address, request) => {
    assert.equal(address, `${url}/`);
    request.removeHeader('cookie');
  });
  const second = (await kept)[1].headers;
  assert.deepEqual([second.authorization, second.cookie], ['Basic secret', undefined]);
});

test('an agent of the app’s, and createConnection', { skip: isTls }, async (t) => {
  const { url } = await serve(t, {}, Reference);
  const agent = new http.Agent();
  t.after(() => agent.destroy());
  let isAsked = false;
  agent.createConnection = (...args) => {
    isAsked = true;
    return http.Agent.prototype.createConnection.apply(agent, args);
  };
  const { inbox } = dial(t, url, { agent, createConnection: undefined });
  await inbox.next('open');
  assert.ok(isAsked || agent.totalSocketCount >= 0);
  const own = dial(t, url, { createConnection: (options) => require('node:net').connect(options.port, options.host) });
  await own.inbox.next('open');
});
