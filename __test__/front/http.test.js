'use strict';

// What apps use of `node:http`, by it and by `createServer`: neither differs.

const assert = require('node:assert/strict');
const { AsyncLocalStorage } = require('node:async_hooks');
const { once } = require('node:events');
const http = require('node:http');
const net = require('node:net');
const { Duplex } = require('node:stream');
const { test } = require('node:test');
const { createServer } = require('../..');
const { comes } = require('../support/https');
const { dialed, plain } = require('../support/plain');
const { limit } = require('../support/server');

const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
const UPGRADE = 'GET /chat HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n';
const SWITCHING = 'HTTP/1.1 101 X\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n';
/** So that Node looks often at those of its connections that take long. */
const LOOKS = { connectionsCheckingInterval: 20 };
/** Shorter than those with which a server begins to listen if Rust is to accept for it. */
const TIMEOUTS = { headersTimeout: 50, requestTimeout: 60 };

/** It is over, in order or not. @param {net.Socket} client */
const closed = (client) => (client.closed ? Promise.resolve() : new Promise((resolve) => client.on('close', resolve)));

for (const create of [http.createServer, createServer]) {
  const isOurs = create === createServer;
  const by = isOurs ? 'createServer' : 'http.createServer';
  /** @param {string} title @param {(serve: Function, t: import('node:test').TestContext) => Promise<void>} body */
  const both = (title, body) =>
    test(`${by}: ${title}`, limit, (t) => body((options, listener) => plain(t, options, listener, create), t));

  both('it is an http.Server', async (serve) => {
    const server = await serve();
    assert.ok(server instanceof http.Server && server instanceof net.Server);
    assert.equal(server.listenerCount('connection'), 1);
    assert.throws(() => create({ maxHeaderSize: 'a' }), { code: 'ERR_INVALID_ARG_TYPE' });
  });

  both('an upgrade brings the request and the socket, as Node.js leaves it', async (serve, t) => {
    const server = await serve();
    const upgraded = once(server, 'upgrade');
    const client = dialed(t, server);
    client.write(UPGRADE);
    const [req, socket, head] = await upgraded;
    assert.ok(req instanceof http.IncomingMessage && socket instanceof net.Socket && Buffer.isBuffer(head));
    assert.deepEqual(
      [req.socket === socket, req.connection === socket, socket.server === server, req.client === socket],
      [true, true, true, true],
    );
    const names = ['data', 'readable', 'end', 'error', 'close', 'timeout', 'drain'];
    const counts = names.map((name) => socket.listenerCount(name));
    assert.deepEqual(counts, [0, 0, 1, 0, 0, 0, 0]);
    const { address, port } = server.address();
    assert.deepEqual(
      [socket.remoteAddress, socket.remotePort, socket.remoteFamily, socket.localAddress, socket.localPort],
      ['127.0.0.1', client.localPort, 'IPv4', address, port],
    );
    assert.deepEqual(
      [socket.readableFlowing, socket.isPaused(), socket.allowHalfOpen, socket.encrypted, socket.destroyed],
      [null, false, true, undefined, false],
    );
    assert.equal(socket.timeout, undefined);
    req.resume();
    await once(req, 'end');
    socket.on('data', (chunk) => socket.write(chunk));
    socket.write(SWITCHING);
    client.write('echo');
    await comes(client, /echo$/);
    client.end();
    await once(socket, 'end');
    socket.end();
    await closed(client);
  });

  both('a request that is destroyed takes its socket along or not, as in Node.js', async (serve, t) => {
    const server = await serve();
    const upgraded = once(server, 'upgrade');
    const client = dialed(t, server);
    client.write(UPGRADE);
    const [req, socket] = await upgraded;
    req.on('error', () => {});
    socket.on('error', () => {});
    const aborted = new Promise((resolve) => req.on('aborted', () => resolve(true)));
    req.destroy();
    assert.equal(await Promise.race([aborted, once(req, 'close')]), true);
    assert.equal(socket.destroyed, true);
    await closed(client);
  });

  both('what is put back is read first', async (serve, t) => {
    const server = await serve();
    const upgraded = once(server, 'upgrade');
    const client = dialed(t, server);
    client.write(UPGRADE);
    const [, socket] = await upgraded;
    socket.unshift(Buffer.from('before-'));
    let text = '';
    socket.on('data', (chunk) => (text += chunk));
    client.write('after');
    while (text !== 'before-after') await once(socket, 'data');
  });

  both('a peer that goes while the app decides is heard of', async (serve, t) => {
    const server = await serve();
    for (const leave of ['end', 'resetAndDestroy']) {
      const upgraded = once(server, 'upgrade');
      const client = dialed(t, server);
      client.write(UPGRADE);
      const [, socket] = await upgraded;
      socket.on('error', () => {});
      const left = Promise.race([closed(socket), new Promise((resolve) => socket.on('end', resolve))]);
      socket.resume();
      client[leave]();
      await left;
      socket.destroy();
    }
  });

  both('a socket closes once', async (serve, t) => {
    const server = await serve();
    for (const end of ['destroy', 'end', 'destroySoon', 'resetAndDestroy']) {
      const upgraded = once(server, 'upgrade');
      const client = dialed(t, server);
      client.write(UPGRADE);
      const [, socket] = await upgraded;
      let count = 0;
      socket.on('close', () => count++).on('error', () => {});
      socket.resume();
      socket[end]();
      await closed(client);
      await closed(socket);
      socket.destroy();
      await new Promise((resolve) => setImmediate(resolve));
      assert.equal(count, 1, end);
    }
  });

  both('resetAndDestroy resets', async (serve, t) => {
    const server = await serve();
    const upgraded = once(server, 'upgrade');
    const client = dialed(t, server);
    const failed = once(client, 'error');
    client.write(UPGRADE);
    const [, socket] = await upgraded;
    socket.resetAndDestroy();
    const [error] = await failed;
    assert.equal(error.code, 'ECONNRESET');
  });

  both('without an upgrade listener, such a request is a plain one', async (serve, t) => {
    const server = await serve({}, (req, res) => res.end(`plain ${req.headers.upgrade}`));
    server.removeAllListeners('upgrade');
    const client = dialed(t, server);
    client.write(UPGRADE);
    await comes(client, /plain websocket/);
  });

  both('the upgrade listener may come and go while a connection is there', async (serve, t) => {
    const server = await serve({}, (_req, res) => res.end('plain'));
    const [before] = server.listeners('upgrade');
    const connected = () => once(server, 'connection');
    let [accepted, client] = [connected(), dialed(t, server)];
    await accepted;
    server.off('upgrade', before);
    client.write(UPGRADE);
    await comes(client, /plain/);
    [accepted, client] = [connected(), dialed(t, server)];
    await accepted;
    const upgraded = once(server, 'upgrade');
    client.write(UPGRADE);
    const [req] = await upgraded;
    assert.equal(req.url, '/chat');
    req.socket.destroy();
  });

  both('shouldUpgradeCallback decides, where Node.js has it', async (serve, t) => {
    const server = await serve({ shouldUpgradeCallback: (req) => req.url !== '/chat' }, (_req, res) =>
      res.end('plain'),
    );
    if (server.shouldUpgradeCallback === undefined) return;
    const client = dialed(t, server);
    client.write(UPGRADE);
    await comes(client, /plain/);
  });

  both('plain requests share a connection, and an upgrade may come behind them', async (serve, t) => {
    const server = await serve({}, (req, res) => res.end(`[${req.url}]`));
    const upgraded = once(server, 'upgrade');
    const client = dialed(t, server);
    for (const path of ['/1', '/2']) {
      client.write(GET.replace('/', path));
      await comes(client, new RegExp(`\\[${path}\\]`));
    }
    client.write(UPGRADE);
    const [req, socket] = await upgraded;
    assert.equal(req.url, '/chat');
    socket.write(SWITCHING);
    await comes(client, /101 X/);
  });

  both('an upload and a download', async (serve, t) => {
    const server = await serve({}, (req, res) => req.pipe(res));
    const { port } = server.address();
    const body = Buffer.alloc(4 << 20, 'abcdefghij');
    const request = http.request({ port, host: '127.0.0.1', method: 'POST', agent: false });
    const responded = once(request, 'response');
    request.end(body);
    const [response] = await responded;
    const chunks = [];
    for await (const chunk of response) chunks.push(chunk);
    assert.ok(Buffer.concat(chunks).equals(body));
    assert.ok(t);
  });

  both('a listener of connections has each of them, and may read it', async (serve, t) => {
    const server = await serve();
    let text = '';
    server.on('connection', (socket) => socket.on('data', (chunk) => (text += chunk)));
    const upgraded = once(server, 'upgrade');
    dialed(t, server).write(UPGRADE);
    const [req] = await upgraded;
    assert.equal(req.url, '/chat');
    assert.equal(text, UPGRADE);
  });

  both('a listener of connections may end them', async (serve, t) => {
    const server = await serve();
    server.on('connection', (socket) => socket.destroy());
    const client = dialed(t, server);
    await closed(client);
    assert.equal(client.text, '');
  });

  both('a listener of connections may destroy them with an error', async (serve, t) => {
    const server = await serve();
    const heard = once(server, 'clientError');
    server.on('connection', (socket) => socket.destroy(new Error('of the app')));
    await closed(dialed(t, server));
    const [error] = await heard;
    assert.equal(error.message, 'of the app');
  });

  both('sockets that the app brings are served', async (serve, t) => {
    const server = await serve();
    const other = net.createServer((socket) => server.emit('connection', socket));
    other.listen(0, '127.0.0.1');
    await once(other, 'listening');
    t.after(() => other.close());
    for (const bytes of [GET, UPGRADE]) {
      const asked = once(server, bytes === GET ? 'request' : 'upgrade');
      const client = dialed(t, other);
      client.write(bytes);
      const [req] = await asked;
      assert.equal(req.socket.server, server);
      req.socket.destroy();
    }
  });

  both('so are streams', async (serve) => {
    const server = await serve();
    let text = '';
    const stream = new Duplex({
      read() {},
      write(chunk, _encoding, callback) {
        text += chunk;
        callback();
        stream.emit('written');
      },
    });
    server.emit('connection', stream);
    stream.push(GET);
    while (!/answer/.test(text)) await once(stream, 'written');
    stream.destroy();
  });

  both('a socket of which the app has read something', async (serve, t) => {
    const server = await serve();
    const other = net.createServer((socket) =>
      socket.once('data', (chunk) => {
        socket.pause();
        socket.unshift(chunk);
        server.emit('connection', socket);
        socket.resume();
      }),
    );
    other.listen(0, '127.0.0.1');
    await once(other, 'listening');
    t.after(() => other.close());
    const upgraded = once(server, 'upgrade');
    dialed(t, other).write(UPGRADE);
    const [req] = await upgraded;
    assert.equal(req.url, '/chat');
    req.socket.destroy();
  });

  both('requests that the app emits', async (serve) => {
    const server = await serve();
    const events = [];
    server.on('upgrade', (...args) => events.push(args));
    server.on('request', (...args) => events.push(args));
    server.emit('upgrade', 1, { destroy() {} }, 3);
    server.emit('request', 4, { end() {} });
    assert.equal(events.length, 2);
  });

  both('an app that puts itself around emit hears of all', async (serve, t) => {
    const server = await serve();
    const { emit } = server;
    const names = new Set();
    server.emit = function around(name, ...rest) {
      if (typeof name === 'string') names.add(name);
      return emit.call(this, name, ...rest);
    };
    const upgraded = once(server, 'upgrade');
    dialed(t, server).write(UPGRADE);
    await upgraded;
    const client = dialed(t, server);
    client.write(GET);
    await comes(client, /answer/);
    assert.deepEqual([...names].sort(), ['connection', 'request', 'upgrade']);
  });

  both('maxConnections', async (serve, t) => {
    const server = await serve();
    server.maxConnections = 1;
    const dropped = once(server, 'drop');
    const connected = once(server, 'connection');
    const first = dialed(t, server);
    await connected;
    await closed(dialed(t, server));
    await dropped;
    first.write(GET);
    await comes(first, /answer/);
  });

  both('getConnections counts those that say nothing, and those that are upgraded', async (serve, t) => {
    const server = await serve();
    const count = () => new Promise((resolve) => server.getConnections((_error, found) => resolve(found)));
    const connected = once(server, 'connection');
    const silent = dialed(t, server);
    const [socket] = await connected;
    assert.equal(await count(), 1);
    const upgraded = once(server, 'upgrade');
    dialed(t, server).write(UPGRADE);
    const [, other] = await upgraded;
    assert.equal(await count(), 2);
    const ends = [once(socket, 'close'), once(other, 'close')];
    silent.destroy();
    other.destroy();
    await Promise.all(ends);
    assert.equal(await count(), 0);
  });

  both('closeAllConnections closes those that say nothing', async (serve, t) => {
    const server = await serve();
    const connected = once(server, 'connection');
    const client = dialed(t, server);
    await connected;
    const over = once(server, 'close');
    server.close();
    server.closeAllConnections();
    await Promise.all([closed(client), over]);
  });

  both(
    'closeIdleConnections closes none that has said half of a request, nor before Node 26 one that is silent',
    async (serve, t) => {
      const server = await serve();
      const [silent, half] = [dialed(t, server), dialed(t, server)];
      await Promise.all([once(silent, 'connect'), once(half, 'connect')]);
      half.write(UPGRADE.slice(0, 20));
      const ready = dialed(t, server);
      ready.write(GET);
      await comes(ready, /answer/);
      server.closeIdleConnections();
      await closed(ready);
      if (Number.parseInt(process.versions.node, 10) >= 26) {
        await closed(silent);
      } else {
        silent.write(GET);
        await comes(silent, /answer/);
      }
      const upgraded = once(server, 'upgrade');
      half.write(UPGRADE.slice(20));
      await upgraded;
    },
  );

  both('peers that reset are errors of clients at most', async (serve, t) => {
    const server = await serve();
    for (const said of ['', 'GET / HT', UPGRADE.slice(0, -2), GET]) {
      const connected = once(server, 'connection');
      const client = dialed(t, server);
      const [socket] = await connected;
      const over = closed(socket);
      if (said !== '') await new Promise((resolve) => client.write(said, resolve));
      client.resetAndDestroy();
      await over;
    }
  });

  both('server.setTimeout says which socket is silent', async (serve, t) => {
    const server = await serve();
    const silent = [];
    server.setTimeout(50, (socket) => {
      silent.push(socket);
      socket.destroy();
    });
    await closed(dialed(t, server));
    assert.equal(silent.length, 1);
  });

  both('a timeout of the socket itself', async (serve, t) => {
    const server = await serve();
    server.on('connection', (socket) => socket.setTimeout(30, () => socket.destroy()));
    await closed(dialed(t, server));
  });

  both('a request that does not end is answered with 408', async (serve, t) => {
    const server = Object.assign(await serve(LOOKS), TIMEOUTS);
    const client = dialed(t, server);
    client.write(UPGRADE.slice(0, 20));
    await closed(client);
    assert.match(client.text, /^HTTP\/1.1 408/);
  });

  both('one that never begins has its end', async (serve, t) => {
    const server = Object.assign(await serve(LOOKS), TIMEOUTS);
    await closed(dialed(t, server));
  });

  both('an idle connection ends by keepAliveTimeout', async (serve, t) => {
    const server = await serve();
    server.keepAliveTimeout = 50;
    const client = dialed(t, server);
    client.write(GET);
    await closed(client);
    assert.match(client.text, /answer/);
  });

  both('a clientError listener has the socket', async (serve, t) => {
    const server = await serve();
    server.on('clientError', (error, socket) => socket.end(`HTTP/1.1 418 ${error.code}\r\n\r\n`));
    const client = dialed(t, server);
    client.write('NONSENSE\r\n\r\n');
    await closed(client);
    assert.match(client.text, /^HTTP\/1.1 418 HPE_/);
  });

  both('requests have the asynchronous context of their connection', async (serve, t) => {
    const storage = new AsyncLocalStorage();
    const server = await serve({}, (_req, res) => res.end(`in ${storage.getStore()}`));
    server.prependListener('connection', () => storage.enterWith('app'));
    for (const bytes of [GET, GET.replace('GET', 'PUT').replace('\r\n\r\n', '\r\nContent-Length: 0\r\n\r\n')]) {
      const client = dialed(t, server);
      client.write(bytes);
      assert.equal((await comes(client, /in (\w+)/))[1], 'app');
    }
  });

  both('a listener that throws is an uncaught exception, and others go on', async (serve, t) => {
    const server = await serve();
    const thrown = new Promise((resolve) => {
      const listeners = process.listeners('uncaughtException');
      process.removeAllListeners('uncaughtException');
      process.once('uncaughtException', (error) => {
        for (const one of listeners) process.on('uncaughtException', one);
        resolve(error);
      });
    });
    const throwing = (_req, socket) => {
      t.after(() => socket.destroy());
      throw new Error('of the app');
    };
    server.prependOnceListener('upgrade', throwing);
    dialed(t, server).write(UPGRADE);
    assert.equal((await thrown).message, 'of the app');
    const upgraded = once(server, 'upgrade');
    dialed(t, server).write(UPGRADE);
    await upgraded;
  });

  both('many at once', async (serve, t) => {
    const server = await serve({}, (_req, res) => res.end('plain'));
    server.on('upgrade', (_req, socket) => socket.end(SWITCHING));
    const clients = Array.from({ length: 100 }, (_, index) => {
      const client = dialed(t, server);
      client.write(index % 2 === 0 ? UPGRADE : GET);
      return comes(client, index % 2 === 0 ? /101 X/ : /plain/);
    });
    await Promise.all(clients);
  });
}

test('one that has said nothing for long is Node.js’s, and loses nothing', limit, async (t) => {
  const server = await plain(t);
  const connected = once(server, 'connection');
  const client = dialed(t, server);
  const [socket] = await connected;
  while (!socket.parser) await new Promise((resolve) => setTimeout(resolve, 20));
  const upgraded = once(server, 'upgrade');
  client.write(UPGRADE);
  const [req] = await upgraded;
  assert.deepEqual([req.url, req.headers.upgrade], ['/chat', 'websocket']);
  socket.write(SWITCHING);
  await comes(client, /101/);
});

test('bytes that come while the app decides are the socket’s', limit, async (t) => {
  const server = await plain(t);
  const upgraded = once(server, 'upgrade');
  const client = dialed(t, server);
  client.write(UPGRADE);
  const [, socket] = await upgraded;
  client.write('more');
  const [chunk] = await once(socket, 'data');
  assert.equal(String(chunk), 'more');
});
