'use strict';

// What Rust accepts for a server: who has a socket, and what the server says of those who have none.

const assert = require('node:assert/strict');
const { AsyncLocalStorage, createHook } = require('node:async_hooks');
const { fork } = require('node:child_process');
const { once } = require('node:events');
const http = require('node:http');
const net = require('node:net');
const { test } = require('node:test');
const { Worker } = require('node:worker_threads');
const { createServer } = require('../..');
const { attached, countOf, counted, hasDoors } = require('../support/attached');
const { TEXT, encode } = require('../support/frames');
const { exchange, requestText } = require('../support/raw-http');
const { limit } = require('../support/server');
const { Client } = require('../support/ws-client');

const only = { ...limit, skip: !hasDoors };

/** Connects, and says nothing. */
async function silent(t, port) {
  const client = net.connect({ port, host: '127.0.0.1' });
  client.on('error', () => {});
  t.after(() => client.destroy());
  await once(client, 'connect');
  return client;
}

test('a WebSocket has no socket of Node’s, unless it is asked for one', only, async (t) => {
  let made = 0;
  const hook = createHook({ init: (_id, type) => (made += type === 'TCPWRAP' || type === 'TCPSERVERWRAP' ? 1 : 0) });
  for (const [make, expected] of [
    [createServer, 0],
    [http.createServer, 1],
  ]) {
    const { server, port } = await attached(t, { create: make });
    const opened = once(server, 'open');
    const client = fork(require.resolve('../support/fixtures/front-client.js'), [String(port)]);
    t.after(() => client.kill());
    made = 0;
    hook.enable();
    const [sid, req] = await opened;
    hook.disable();
    assert.equal(made, expected);
    assert.ok(req instanceof http.IncomingMessage);
    assert.equal(server.sockets[sid].remoteAddress, '127.0.0.1');
  }
});

test('the socket that it is asked for is as one that was there before', limit, async (t) => {
  for (const make of [createServer, http.createServer]) {
    const { server, httpServer, url } = await attached(t, { create: make });
    const opened = once(server, 'open');
    const client = new Client(url);
    await client.opened;
    const [sid, req] = await opened;
    const { socket } = req;
    const { localPort } = client.ws._socket;
    assert.ok(socket instanceof net.Socket);
    assert.deepEqual(
      [socket === server.sockets[sid].socket, socket === req.socket, req.connection === socket, req.client === socket],
      [true, true, true, true],
    );
    const { address, port, family } = httpServer.address();
    assert.deepEqual(
      [socket.remoteAddress, socket.remotePort, socket.remoteFamily, socket.localAddress, socket.localPort],
      ['127.0.0.1', localPort, 'IPv4', address, port],
    );
    assert.deepEqual([socket.address(), socket.encrypted], [{ address, port, family }, undefined]);
    assert.deepEqual([socket.destroyed, socket.readyState, socket.server === httpServer], [false, 'open', true]);
    assert.equal(await countOf(httpServer), 1);
    const closed = once(server, 'close');
    const over = once(socket, 'close');
    socket.destroy();
    await Promise.all([closed, over]);
    assert.equal((await client.closed()).code, 1006);
    assert.equal(socket.remoteAddress, '127.0.0.1');
    await counted(httpServer, 0);
  }
});

test('so is one that it is asked for after the end', only, async (t) => {
  const { server, httpServer, url } = await attached(t);
  const opened = once(server, 'open');
  const client = new Client(url);
  const [, req] = await opened;
  await client.opened;
  client.ws.close();
  await once(server, 'close');
  assert.deepEqual([req.socket.destroyed, req.socket.remoteAddress], [true, '127.0.0.1']);
  assert.throws(() => server.assignSocket(req.socket), { code: 'ERR_WS_SOCKET_TAKEN' });
  await counted(httpServer, 0);
});

test('an app may read, write and end a socket before it decides', limit, async (t) => {
  for (const make of [createServer, http.createServer]) {
    const { server, httpServer, port, url } = await attached(t, { create: make });
    server.shouldAccept = (req) => {
      assert.equal(req.socket.remoteAddress, '127.0.0.1');
      return req.url !== '/no';
    };
    server.on('message', (text, sid) => server.send(sid, text));
    const client = new Client(url);
    await client.opened;
    client.send('hi');
    assert.equal(await client.message(), 'hi');
    assert.equal((await exchange(port, requestText({ line: 'GET /no HTTP/1.1' }))).status, 403);
    server.shouldAccept = (req) => req.socket.end('bye') && new Promise(() => {});
    const raw = await silent(t, port);
    raw.setEncoding('latin1').write(requestText());
    assert.deepEqual(await once(raw, 'data'), ['bye']);
    client.destroy();
    await counted(httpServer, 0);
  }
});

test('what is accepted says what was agreed on', limit, async (t) => {
  const texts = [];
  for (const make of [createServer, http.createServer]) {
    const options = { protocols: ['b', 'a'], perMessageDeflate: true, headers: { 'X-One': 'é' } };
    const { server, port } = await attached(t, { create: make, options });
    server.shouldAccept = () => ({ headers: { 'X-Two': ['1', '2'] }, data: 7 });
    const opened = once(server, 'open');
    const headers = {
      'Sec-WebSocket-Protocol': 'a, b',
      'Sec-WebSocket-Extensions': 'permessage-deflate; client_max_window_bits',
      Origin: 'http://a.example',
    };
    const client = await silent(t, port);
    client.setEncoding('latin1').write(requestText({ headers }));
    texts.push((await once(client, 'data'))[0]);
    const { data, extensions, protocol } = server.sockets[(await opened)[0]];
    assert.deepEqual([data, extensions, protocol], [7, ['permessage-deflate'], 'b']);
  }
  assert.equal(texts[0], texts[1]);
});

test('connections are counted, whether they have sockets or not', only, async (t) => {
  const { server, httpServer, url, port } = await attached(t);
  const clients = [new Client(url), new Client(url)];
  await Promise.all(clients.map((client) => client.opened));
  await counted(httpServer, 2);
  // A connection counts once it has said something, or has been there for a while.
  await silent(t, port);
  await counted(httpServer, 3);
  clients[0].ws.close();
  await once(server, 'close');
  await counted(httpServer, 2);
  const events = [];
  httpServer.close(() => events.push('closed'));
  assert.equal(httpServer.listening, false);
  assert.equal(httpServer.address(), null);
  await assert.rejects(once(net.connect({ port, host: '127.0.0.1' }), 'connect'), { code: 'ECONNREFUSED' });
  assert.deepEqual(events, []);
  const closed = once(httpServer, 'close');
  clients[1].destroy();
  httpServer.closeAllConnections();
  await closed;
  assert.deepEqual(events, ['closed']);
});

test('with keepSocket: false a connection counts no more once it is open', only, async (t) => {
  const { server, httpServer, url } = await attached(t, { options: { keepSocket: false } });
  const opened = once(server, 'open');
  const client = new Client(url);
  const [sid] = await opened;
  assert.equal(server.sockets[sid].socket, null);
  assert.equal(await countOf(httpServer), 0);
  await client.opened;
  client.destroy();
});

test('a server listens again after it was closed, and refuses what does not fit', only, async (t) => {
  const { server, httpServer, url } = await attached(t);
  for (let round = 0; round < 3; round++) {
    const client = new Client(url.replace(/:\d+/, `:${httpServer.address().port}`));
    await client.opened;
    client.destroy();
    await once(server, 'close');
    await new Promise((resolve) => httpServer.close(resolve));
    assert.throws(() => httpServer.listen(70_000), { code: 'ERR_SOCKET_BAD_PORT' });
    httpServer.listen(0, '127.0.0.1');
    await once(httpServer, 'listening');
  }
  const taken = createServer().listen(httpServer.address().port, '127.0.0.1');
  assert.equal((await once(taken, 'error'))[0].code, 'EADDRINUSE');
});

test('beyond maxConnections a connection is dropped', limit, async (t) => {
  for (const make of [createServer, http.createServer]) {
    const { httpServer, url } = await attached(t, { create: make });
    httpServer.maxConnections = 1;
    const first = new Client(url);
    await first.opened;
    const dropped = once(httpServer, 'drop');
    const second = new Client(url);
    await assert.rejects(second.opened);
    assert.equal((await dropped)[0].remoteAddress, '127.0.0.1');
    first.destroy();
    await counted(httpServer, 0);
  }
});

test('an app that begins to hear of connections has each of them', only, async (t) => {
  const { server, httpServer, url, port } = await attached(t);
  const before = new Client(url);
  await before.opened;
  const heard = [];
  httpServer.on('connection', (socket) => heard.push(socket));
  // The first is heard of with its request, the next at once.
  const first = new Client(url);
  await first.opened;
  assert.equal(heard.length, 1);
  const connected = once(httpServer, 'connection');
  await silent(t, port);
  await connected;
  assert.equal(heard.length, 2);
  assert.equal(Object.keys(server.sockets).length, 2);
  before.destroy();
  first.destroy();
});

test('those who say nothing hold up nobody, and are Node’s after a while', only, async (t) => {
  const { httpServer, url, port } = await attached(t);
  // More than may wait at a door.
  const clients = await Promise.all(Array.from({ length: 1_500 }, () => silent(t, port)));
  const client = new Client(url);
  await client.opened;
  client.destroy();
  await counted(httpServer, clients.length);
  const [answer] = await Promise.all([
    once(clients[0], 'data'),
    clients[0].write('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'),
  ]);
  assert.match(String(answer), /^HTTP\/1.1 200 OK/);
  for (const one of clients) one.destroy();
  await counted(httpServer, 0);
});

test('a request that comes byte by byte, or with frames behind it, is read', only, async (t) => {
  const { server, port } = await attached(t);
  server.on('message', (text, sid) => server.send(sid, text));
  const frame = encode({ opcode: TEXT, payload: 'echo' });
  const text = requestText();
  for (const pieces of [[...text], [text.slice(0, 1), text.slice(1)], [Buffer.concat([Buffer.from(text), frame])]]) {
    const client = await silent(t, port);
    client.setNoDelay(true);
    let got = '';
    client.setEncoding('latin1').on('data', (chunk) => (got += chunk));
    for (const piece of pieces) {
      client.write(piece);
      await new Promise((resolve) => setImmediate(resolve));
    }
    if (pieces.length > 1) client.write(frame);
    while (!got.endsWith('echo')) await once(client, 'data');
    assert.match(got, /^HTTP\/1.1 101 /);
    client.destroy();
  }
});

test('what an app enters for one request is not another’s', only, async (t) => {
  const storage = new AsyncLocalStorage();
  const { server, url } = await attached(t);
  const before = [];
  server.shouldAccept = (req) => {
    before.push(storage.getStore());
    storage.enterWith(req.url);
    return true;
  };
  const stores = [];
  server.on('message', (text) => stores.push([text, storage.getStore()]));
  const clients = ['a', 'b'].map((path) => new Client(url + path));
  for (const [index, client] of clients.entries()) {
    await client.opened;
    client.send(String(index));
  }
  while (stores.length < 2) await once(server, 'message');
  assert.deepEqual(before, [undefined, undefined]);
  assert.deepEqual(stores.sort(), [
    ['0', '/a'],
    ['1', '/b'],
  ]);
  for (const client of clients) client.destroy();
});

test('a listener that throws costs nobody else', only, async (t) => {
  const { server, url } = await attached(t);
  const caught = once(process, 'uncaughtException');
  const listeners = process.listeners('uncaughtException').slice(0, -1);
  // The test runner's.
  for (const listener of listeners) process.off('uncaughtException', listener);
  t.after(() => listeners.forEach((listener) => process.on('uncaughtException', listener)));
  server.once('open', () => {
    throw new Error('of the app');
  });
  const clients = [new Client(url), new Client(url)];
  await Promise.all(clients.map((client) => client.opened));
  assert.equal((await caught)[0].message, 'of the app');
  assert.equal(Object.keys(server.sockets).length, 2);
  for (const client of clients) client.destroy();
});

/** Runs a fixture to its end: its code, and what it has said. */
async function run(t, args, env = {}) {
  const child = fork(require.resolve('../support/fixtures/front-server.js'), args, {
    env: { ...process.env, ...env },
    silent: true,
  });
  t.after(() => child.kill());
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (said += text));
  const [code, signal] = await once(child, 'close');
  return { code, signal, said };
}

test('a process ends whose server is let go of, or that exits', only, async (t) => {
  for (const how of ['unref', 'exit', 'close', 'many', 'silent']) {
    const { code, said } = await run(t, [how]);
    assert.deepEqual([how, code], [how, 0], said);
  }
});

test('a message comes after what the listener of its open has put off', only, async (t) => {
  const { server, port } = await attached(t);
  const ready = new Set();
  const early = [];
  server.on('open', async (sid) => {
    await null;
    await null;
    ready.add(sid);
  });
  let heard = 0;
  server.on('message', (_text, sid) => {
    heard++;
    if (!ready.has(sid)) early.push(sid);
  });
  // They speak as soon as they are answered, while others still come.
  const clients = Array.from({ length: 300 }, () => {
    const client = net.connect({ port, host: '127.0.0.1', noDelay: true });
    client.once('data', () => client.write(encode({ opcode: TEXT, payload: 'hi' })));
    client.on('error', () => {});
    client.write(requestText());
    return client;
  });
  t.after(() => clients.forEach((client) => client.destroy()));
  while (heard < clients.length) await once(server, 'message');
  assert.deepEqual(early, []);
});

test('an app that gives a request another prototype has its socket all the same', only, async (t) => {
  const { server, url } = await attached(t);
  const opened = once(server, 'open');
  const client = new Client(url);
  const [, req] = await opened;
  await client.opened;
  Object.setPrototypeOf(req, Object.create(http.IncomingMessage.prototype));
  const { remoteAddress, remotePort } = req.socket;
  assert.deepEqual([remoteAddress, remotePort], ['127.0.0.1', client.ws._socket.localPort]);
  req.resume();
  await once(req, 'end');
  client.destroy();
});

test('what an app sends as it exits, once a WebSocket is open, leaves', only, async (t) => {
  const child = fork(require.resolve('../support/fixtures/front-server.js'), ['bye'], { silent: true });
  t.after(() => child.kill());
  const [port] = await once(child.stdout.setEncoding('utf8'), 'data');
  const client = new Client(`ws://127.0.0.1:${Number(port)}/`);
  assert.equal(await client.message(), 'bye');
  assert.equal((await client.closed()).code, 1001);
});

for (const create of [createServer, http.createServer]) {
  test(
    `${create === createServer ? '' : 'http.'}createServer: a peer that reads is not dropped for what is sent at once`,
    only,
    async (t) => {
      const { server, url } = await attached(t, { create, options: { maxBufferedAmount: 256 * 1024 } });
      server.on('error', (error) => assert.fail(error));
      server.on('open', (sid) => {
        // More than the limit. Linux takes enough of it by itself.
        for (let count = 0; count < 8; count++) server.send(sid, 'x'.repeat(60_000));
      });
      const client = new Client(url);
      for (let count = 0; count < 8; count++) assert.equal((await client.message()).length, 60_000);
      client.destroy();
    },
  );

  test(
    `${create === createServer ? '' : 'http.'}createServer: closed and listening again in one tick, it drops who says nothing`,
    limit,
    async (t) => {
      const { httpServer } = await attached(t, { create });
      await new Promise((resolve) => httpServer.close(resolve));
      // Without a host nothing is looked up: each has its handle at once, and `'listening'` comes twice.
      let heard = 0;
      httpServer.on('listening', () => heard++);
      httpServer.listen(0);
      httpServer.close();
      httpServer.listen(0);
      while (heard < 2) await once(httpServer, 'listening');
      const client = net.connect({ port: httpServer.address().port, host: '127.0.0.1' });
      client.on('error', () => {});
      await once(client, 'connect');
      // Who comes later is answered: it was accepted.
      const headers = { Upgrade: undefined, Connection: 'close' };
      assert.equal((await exchange(httpServer.address().port, requestText({ headers }))).status, 200);
      httpServer.closeAllConnections();
      if (!client.resume().closed) await once(client, 'close');
    },
  );
}

test('close() of a server that was let go of calls back', only, async (t) => {
  const { code, said } = await run(t, ['called']);
  assert.deepEqual([code, said], [0, 'called']);
});

test('connections that come by a door are those of all shards', only, async (t) => {
  for (const how of ['spread', 'many']) {
    const { code, said } = await run(t, [how], { WEBSOCKETS_IO_THREADS: '3' });
    assert.deepEqual([how, code], [how, 0], said);
  }
});

test('a process without descriptors accepts once it has some', only, async (t) => {
  const { code, said } = await run(t, ['descriptors']);
  assert.equal(code, 0, said);
});

test('a worker ends whatever comes by its door', only, async (t) => {
  for (let round = 0; round < 3; round++) {
    const worker = new Worker(require.resolve('../support/fixtures/front-server.js'), { argv: ['worker'] });
    const [port] = await once(worker, 'message');
    const clients = Array.from({ length: 30 }, () => net.connect({ port, host: '127.0.0.1' }));
    for (const [index, client] of clients.entries()) {
      client.on('error', () => {});
      t.after(() => client.destroy());
      if (index % 3 > 0) client.write(index % 3 === 1 ? requestText() : 'G');
    }
    await once(clients[1], 'data');
    const over = Promise.all(clients.map((client) => client.destroyed || once(client, 'close')));
    for (const client of clients) client.resume();
    await worker.terminate();
    await over;
    await assert.rejects(once(net.connect({ port, host: '127.0.0.1' }), 'connect'), { code: 'ECONNREFUSED' });
  }
});
