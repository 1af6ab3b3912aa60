'use strict';

// A Server's graceful stop.

const assert = require('node:assert/strict');
const http = require('node:http');
const net = require('node:net');
const { test } = require('node:test');
const { once } = require('node:events');
const { Inbox } = require('../support/inbox');
const { limit } = require('../support/server');
const { connect, refused, serve } = require('../support/serve');

test('close(callback): 1001 for all, 503 for the next, then the HTTP server is let go', limit, async (t) => {
  const httpServer = http.createServer();
  const { server, events, url } = await serve(t, { closeTimeout: 20_000 }, httpServer);
  const clients = [await connect(url), await connect(url)];
  // One that is asked to close and takes its time.
  clients[0]._socket.pause();
  let isClosed = false;
  const closed = new Promise((resolve) => server.close(resolve)).then(() => {
    isClosed = true;
  });
  assert.equal(server.connections, 0);
  assert.equal((await clients[1].inbox.next('close'))[0], 1001);
  assert.equal(await refused(url), 503);
  await events.atLeast('close', 1);
  assert.deepEqual([isClosed, events.list('close').length], [false, 1]);
  assert.throws(() => server.listen(httpServer), { code: 'ERR_WS_STOPPING' });
  clients[0]._socket.resume();
  assert.equal((await clients[0].inbox.next('close'))[0], 1001);
  await closed;
  assert.deepEqual(
    events.list('close').map(([, , code]) => code),
    [1001, 1001],
  );
  assert.deepEqual(
    [httpServer.listening, httpServer.listenerCount('upgrade'), server.listenerCount('close')],
    [true, 0, 1],
  );
  assert.equal(server.address(), null);
});

test('and it can listen again', limit, async (t) => {
  const httpServer = http.createServer();
  const { server, events, url } = await serve(t, {}, httpServer);
  await new Promise((resolve) => server.close(resolve));
  server.listen(httpServer);
  const client = await connect(url);
  await events.next('open');
  client.terminate();
});

test('close() without a callback does the same, twice as once', limit, async (t) => {
  const { server, events, url } = await serve(t);
  const client = await connect(url);
  const callbacks = new Inbox(client, ['called']);
  assert.equal(server.close(), server);
  server.close(() => client.emit('called', 1)).close(() => client.emit('called', 2));
  assert.equal((await client.inbox.next('close'))[0], 1001);
  await events.next('close');
  assert.deepEqual([await callbacks.next('called'), await callbacks.next('called')], [[1], [2]]);
  await new Promise((resolve) => server.close(resolve)); // nothing is left to do
});

test('the HTTP server that it made itself is closed with it', limit, async (t) => {
  const { server, port } = await serve(t);
  await new Promise((resolve) => server.close(resolve));
  const [error] = await once(net.connect(port, '127.0.0.1'), 'error');
  assert.equal(error.code, 'ECONNREFUSED');
});

test('what the app is still looking at when it closes is refused with 503', limit, async (t) => {
  const httpServer = http.createServer();
  const asking = new Inbox(httpServer, ['asked']);
  const { server, events, url } = await serve(
    t,
    { shouldAccept: () => new Promise(() => httpServer.emit('asked')) },
    httpServer,
  );
  const status = refused(url);
  await asking.next('asked');
  const closed = new Promise((resolve) => server.close(resolve));
  assert.equal(await status, 503);
  await closed;
  assert.equal(events.list('open').length, 0);
});

test("whichever function of the app's it is", limit, async (t) => {
  for (const name of ['origins', 'protocols', 'shouldAccept']) {
    let asked;
    const isAsked = new Promise((resolve) => {
      asked = resolve;
    });
    const { server, url } = await serve(t, { handshakeTimeout: 0, [name]: () => new Promise(asked) });
    const status = refused(url, ['a']);
    await isAsked;
    const closed = new Promise((resolve) => server.close(resolve));
    assert.equal(await status, 503, name);
    await closed;
  }
});

test('a client that says nothing, or half a request, is closed after closeTimeout', limit, async (t) => {
  for (const text of ['', 'GET / HT']) {
    const { server, port } = await serve(t, { closeTimeout: 50 });
    const socket = net
      .connect(port, '127.0.0.1')
      .on('error', () => {})
      .resume();
    t.after(() => socket.destroy());
    await once(socket, 'connect');
    // A request on a later connection is answered once this one has been accepted.
    socket.write(text);
    await fetch(`http://127.0.0.1:${port}/`).then((res) => res.text());
    const lost = new Promise((resolve) => {
      socket.once('close', resolve);
    });
    await new Promise((resolve) => server.close(resolve));
    await lost;
  }
});

test('what it has taken on when it closes is opened, and closed with 1001', limit, async (t) => {
  const { server, events, url } = await serve(t, {
    shouldAccept: () => {
      process.nextTick(stop);
      return true;
    },
  });
  let stopped;
  const stopping = new Promise((resolve) => {
    stopped = resolve;
  });
  const stop = () => server.close(stopped);
  const client = await connect(url);
  assert.equal((await client.inbox.next('close'))[0], 1001);
  await stopping;
  assert.deepEqual(
    events.all.map(({ name }) => name),
    ['open', 'close'],
  );
});
