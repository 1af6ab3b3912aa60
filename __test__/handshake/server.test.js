'use strict';

const assert = require('node:assert/strict');
const http = require('node:http');
const https = require('node:https');
const { test } = require('node:test');
const { once } = require('node:events');
const { WebSocket } = require('ws');
const { Base, Server } = require('../..');
const { selfSigned } = require('../support/certificate');
const { Inbox } = require('../support/inbox');
const { exchange, requestText } = require('../support/raw-http');
const { limit, unixPath } = require('../support/server');
const { connect, dial, refused, serve, undecided } = require('../support/serve');

test('a client of ws talks to a Server', limit, async (t) => {
  const { server, events, url } = await serve(t);
  assert.ok(server instanceof Base);
  const client = await connect(`${url}path?a=b`);
  const [sid, req] = await events.next('open');
  assert.ok(req instanceof http.IncomingMessage);
  assert.equal(req.url, '/path?a=b');
  assert.equal(server.sockets[sid].remoteAddress, '127.0.0.1');
  client.send('there');
  assert.deepEqual(await events.next('message'), ['there', sid]);
  server.send(sid, 'and back');
  assert.equal((await client.inbox.next('message'))[0].toString(), 'and back');
  server.close(sid, 4000, 'enough');
  const [code, reason] = await client.inbox.next('close');
  assert.deepEqual([code, reason.toString()], [4000, 'enough']);
  assert.deepEqual(await events.next('close'), ['enough', sid, 4000]);
});

test('what is sent in the open listener is the first thing that the client gets', limit, async (t) => {
  const { server, url } = await serve(t);
  server.on('open', (sid, { url: path }) => server.send(sid, path));
  const client = await connect(`${url}x`);
  assert.equal((await client.inbox.next('message'))[0].toString(), '/x');
  client.terminate();
});

test('over TLS', limit, async (t) => {
  const pair = selfSigned();
  const { events, port } = await serve(t, undefined, https.createServer(pair));
  const client = await connect(`wss://127.0.0.1:${port}/`, { ca: pair.cert, servername: 'localhost' });
  client.send('secret');
  assert.equal((await events.next('message'))[0], 'secret');
  client.terminate();
});

test('on a Unix-domain socket', limit, async (t) => {
  const path = unixPath();
  const server = new Server();
  t.after(() => server.terminate(null).close());
  await new Promise((resolve) => server.listen(path, resolve));
  assert.equal(server.address(), path);
  const client = await connect(`ws+unix:${path}:/`);
  client.terminate();
});

test('several Servers on one HTTP server are told apart by their paths', limit, async (t) => {
  const httpServer = http.createServer();
  const [chat, news, rest] = [
    await serve(t, { url: 'ws://localhost/chat' }, httpServer),
    await serve(t, { url: 'wss://example.com:5/a/news/' }, httpServer),
    await serve(t, {}, httpServer),
  ];
  assert.equal(httpServer.listenerCount('upgrade'), 1);
  for (const [path, { events }] of [
    ['chat', chat],
    ['chat/', chat],
    ['chat?a=b', chat],
    ['a/news', news],
    ['a/../chat', chat],
    ['', rest],
    ['other', rest],
    ['Chat', rest],
    ['chat/x', rest],
    ['/chat', rest],
  ]) {
    const client = await connect(chat.url + path);
    const [, req] = await events.next('open');
    assert.ok(req.url.startsWith('/'));
    client.terminate();
    await events.next('close');
  }
  rest.server.url = 'ws://localhost/rest'; // from now on it has a path
  assert.equal(await refused(`${chat.url}other`), 404);
  const client = await connect(`${chat.url}rest`);
  await rest.events.next('open');
  client.terminate();
});

test('a path that nobody has: 404, and the socket is closed', limit, async (t) => {
  const { port, events } = await serve(t, { url: 'ws://localhost/chat' }, http.createServer());
  const response = await exchange(port, requestText());
  assert.deepEqual([response.status, response.ended], [404, true]);
  assert.equal(events.list('open').length, 0);
});

test('but where the app has an upgrade listener of its own, it is left to that', limit, async (t) => {
  const httpServer = http.createServer();
  const { port, url, events } = await serve(t, { url: 'ws://localhost/chat' }, httpServer);
  httpServer.on('upgrade', (req, socket) => {
    if (req.url === '/own') socket.end('HTTP/1.1 418 Mine\r\n\r\n');
  });
  assert.equal((await exchange(port, requestText({ line: 'GET /own HTTP/1.1' }))).status, 418);
  const client = await connect(`${url}chat`);
  await events.next('open');
  client.terminate();
});

test("plain requests are the app's; the Server's own HTTP server answers them with 426", limit, async (t) => {
  const { port } = await serve(t);
  const own = await fetch(`http://127.0.0.1:${port}/`);
  assert.deepEqual([own.status, own.headers.get('upgrade')], [426, 'websocket']);
  const { port: other } = await serve(
    t,
    {},
    http.createServer((_req, res) => res.end('page')),
  );
  assert.equal(await (await fetch(`http://127.0.0.1:${other}/`)).text(), 'page');
});

test('shouldAccept: an option, a method, at once or later', limit, async (t) => {
  class Picky extends Server {
    shouldAccept({ url: path }) {
      assert.ok(this instanceof Picky);
      return path === '/yes';
    }
  }
  for (const [options, Class] of [
    [{}, Picky],
    [{ shouldAccept: ({ url: path }) => path === '/yes' }, Server],
    [{ shouldAccept: async ({ url: path }) => path === '/yes' || 403 }, Server],
    [{ shouldAccept: ({ url: path }) => path === '/yes' || { status: 403, body: 'no' } }, Picky],
  ]) {
    const { events, url } = await serve(t, options, undefined, Class);
    assert.equal(await refused(`${url}no`), 403);
    const client = await connect(`${url}yes`);
    await events.next('open');
    assert.equal(events.list('open').length, 1);
    client.terminate();
  }
});

test('a shouldAccept that fails is an error of the Server, and 500', limit, async (t) => {
  const { events, url } = await serve(t, {
    shouldAccept: () => {
      throw new Error('oops');
    },
  });
  assert.equal(await refused(url), 500);
  const [error] = await events.next('error');
  assert.deepEqual([error.code, error.cause.message], ['ERR_WS_UPGRADE_FAILED', 'oops']);
});

test('and is thrown nowhere, where nobody listens', limit, async (t) => {
  const server = new Server({ shouldAccept: () => undefined });
  t.after(() => server.close());
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  assert.equal(await refused(`ws://127.0.0.1:${server.address().port}/`), 500);
});

test('origins and protocols', limit, async (t) => {
  const { server, events, url } = await serve(t, {
    origins: ['https://good'],
    protocols: ['b', 'a'],
    headers: { 'X-More': '1' },
  });
  assert.equal(await refused(url), 403);
  const client = await connect(url, ['a', 'b'], { origin: 'https://good' });
  const [sid] = await events.next('open');
  assert.deepEqual([client.protocol, server.sockets[sid].protocol], ['b', 'b']);
  client.terminate();
});

test('what becomes of the objects that its options were changes nothing', limit, async (t) => {
  const options = { headers: { 'X-A': '1' }, origins: ['https://a'], protocols: ['chat'] };
  const { url } = await serve(t, options);
  options.headers['X-A'] = 'no header\r\n';
  options.origins[0] = 5;
  options.protocols[0] = 'no token';
  const client = new WebSocket(url, ['chat'], { origin: 'https://a' });
  t.after(() => client.on('error', () => {}).terminate());
  const [response] = await once(client, 'upgrade');
  assert.deepEqual([response.headers['x-a'], response.headers['sec-websocket-protocol']], ['1', 'chat']);
});

test('maxConnections: the next one gets 503, nobody is closed', limit, async (t) => {
  const { server, events, url } = await serve(t, { maxConnections: 2 });
  assert.equal(new Server().maxConnections, Infinity);
  const clients = [await connect(url), await connect(url)];
  assert.equal(await refused(url), 503);
  assert.deepEqual([server.connections, events.list('close').length], [2, 0]);
  clients[0].close();
  await events.next('close');
  clients.push(await connect(url));
  server.maxConnections = 3;
  clients.push(await connect(url));
  assert.equal(await refused(url), 503);
  for (const client of clients) client.terminate();
});

test('maxHandshakes: one more under way gets 503, until one of them is decided on', limit, async (t) => {
  const { server, asked, events, url } = await undecided(t, { maxHandshakes: 2 });
  const clients = [dial(t, url), dial(t, url)];
  const [[accept], [refuse]] = await asked.atLeast('asked', 2);
  assert.equal(await refused(url), 503);
  assert.equal(server.connections, 0);
  accept(true);
  await events.next('open');
  clients.push(dial(t, url)); // its place is free
  const [, , [third]] = await asked.atLeast('asked', 3);
  assert.equal(await refused(url), 503);
  refuse(403);
  third(true);
  await events.next('open');
  assert.equal(server.connections, 2);
});

test('one that gives up while it is looked at has its place no longer', limit, async (t) => {
  const { asked, url } = await undecided(t, { maxHandshakes: 1, maxConnectionsPerAddress: 1 });
  for (let round = 1; round <= 3; round++) {
    const client = dial(t, url);
    await asked.atLeast('asked', round);
    assert.equal(await refused(url), 503);
    const [, socket] = asked.list('upgrade').at(-2);
    client.terminate();
    await once(socket, 'close');
    await new Promise(setImmediate);
  }
});

test('close with a sid is that of Base', limit, async (t) => {
  const { server, events, url } = await serve(t);
  const [one, other] = [await connect(url), await connect(url)];
  const [[sid], [otherSid]] = events.list('open');
  // A look-up that failed closes nobody, and does not stop the Server.
  server.close(undefined);
  assert.throws(() => server.close(sid, 1), RangeError);
  assert.equal(server.connections, 2);
  server.close(sid, 'bye').close([otherSid]);
  await Promise.all([one, other].map(({ inbox }) => inbox.next('close')));
  await events.atLeast('close', 2);
  const client = await connect(url); // it goes on
  client.terminate();
});

test('a port that is taken is an error', limit, async (t) => {
  const { port } = await serve(t);
  const server = new Server();
  const events = new Inbox(server, ['error']);
  server.listen(port, '127.0.0.1');
  assert.equal((await events.next('error'))[0].code, 'EADDRINUSE');
  assert.equal(server.address(), null);
  await new Promise((resolve) => server.close(resolve));
});

test('an open listener that throws is an uncaught exception, and the connection stays', limit, async (t) => {
  const { server, events, url } = await serve(t);
  const uncaught = new Promise((resolve) => process.once('uncaughtException', resolve));
  const listeners = process.listeners('uncaughtException').slice(0, -1);
  for (const listener of listeners) process.off('uncaughtException', listener); // the test runner's
  t.after(() => listeners.forEach((listener) => process.on('uncaughtException', listener)));
  server.once('open', () => {
    throw new Error('from a listener');
  });
  const client = await connect(url);
  assert.equal((await uncaught).message, 'from a listener');
  const [sid] = await events.next('open');
  server.send(sid, 'still here');
  assert.equal((await client.inbox.next('message'))[0].toString(), 'still here');
  client.terminate();
});

test('where a socket cannot be assigned the request is refused, with an error', limit, async (t) => {
  const { server, events, port, url } = await serve(t);
  server.extensions['x-a'] = {}; // no extension
  const response = await exchange(port, requestText({ headers: { 'Sec-WebSocket-Extensions': 'x-a' } }));
  assert.deepEqual([response.status, response.ended], [500, true]);
  assert.equal((await events.next('error'))[0].code, 'ERR_INVALID_ARG_TYPE');
  const client = await connect(url); // others are none the worse
  assert.equal(events.list('open').length, 1);
  client.terminate();
});

test('masking is enforced, and may be turned off', limit, async (t) => {
  const strict = await serve(t);
  const { socket } = await exchange(strict.port, requestText());
  socket.write('\x81\x02hi', 'latin1');
  assert.equal((await strict.events.next('error'))[0].code, 'WS_ERR_EXPECTED_MASK');
  const lax = await serve(t, { enforceMasking: false });
  const { socket: other } = await exchange(lax.port, requestText());
  other.write('\x81\x02hi', 'latin1');
  assert.equal((await lax.events.next('message'))[0], 'hi');
  for (const one of [socket, other]) one.destroy();
});

test('a wrong option is thrown by the constructor', () => {
  for (const options of [
    { shouldAccept: true },
    { origins: 5 },
    { handshakeTimeout: -1 },
    { handshakeTimeout: 'x' },
    { protocols: ['a b'] },
    { headers: { Connection: 'x' } },
    { maxConnections: 0 },
    { url: 5 },
    5,
  ]) {
    assert.throws(
      () => new Server(options),
      (error) => /^ERR_(INVALID_ARG_TYPE|OUT_OF_RANGE)$/.test(error.code),
      JSON.stringify(options),
    );
  }
});
