'use strict';

// What a `Server` decides on one who asks for a WebSocket over TLS, and what the client sees of that: as by `https.createServer`.

const assert = require('node:assert/strict');
const { AsyncLocalStorage } = require('node:async_hooks');
const { subscribe, unsubscribe } = require('node:diagnostics_channel');
const { once } = require('node:events');
const { test } = require('node:test');
const { createSecureServer } = require('../..');
const { countOf, counted, hasDoors } = require('../support/attached');
const { CREATES, attachedSecurely, closed, dialed, nameOf } = require('../support/front-secure');
const { requestText } = require('../support/raw-http');
const { limit } = require('../support/server');
const { Client } = require('../support/ws-client');

const only = { ...limit, skip: !hasDoors };
const trusting = { rejectUnauthorized: false };

/** Whether a request has a socket. @param {import('node:http').IncomingMessage} req */
const isAlone = (req) => Object.getOwnPropertyDescriptor(req, 'socket').get !== undefined;

/** How an app decides, and whether a door's request goes by a socket then. */
const VERDICTS = {
  'at once': { shouldAccept: () => true, isOpen: true },
  'with headers and data': { shouldAccept: () => ({ headers: { 'X-Two': ['1', 'é'] }, data: 7 }), isOpen: true },
  'that refuses': { shouldAccept: () => false },
  'that refuses with a status': { shouldAccept: () => 418 },
  'that refuses with headers': { shouldAccept: () => ({ accept: false, status: 401, headers: { 'X-Why': 'none' } }) },
  'as a Promise': { shouldAccept: async () => true, isOpen: true },
  'as a Promise, after a while': {
    shouldAccept: () => new Promise((resolve) => setImmediate(resolve, { data: 7 })),
    isOpen: true,
  },
  'as a Promise that refuses': { shouldAccept: async () => 402 },
  'as a Promise that rejects': { shouldAccept: () => Promise.reject(new Error('of the app')) },
  'that throws': {
    shouldAccept() {
      throw new Error('of the app');
    },
  },
  'after a look at the socket': {
    shouldAccept: ({ socket }) => socket.encrypted && socket.getProtocol() !== null,
    isOpen: true,
  },
  'after a look at the socket, that refuses': { shouldAccept: ({ socket }) => !socket.encrypted },
};

for (const [title, { shouldAccept, isOpen = false }] of Object.entries(VERDICTS)) {
  test(`a verdict ${title}`, limit, async (t) => {
    const all = [];
    for (const create of CREATES) {
      const { server, httpServer, port } = await attachedSecurely(t, {
        create,
        options: { protocols: ['b', 'a'], perMessageDeflate: true, headers: { 'X-One': 'é' } },
      });
      const events = [];
      server.on('error', (error) => events.push(['error', error.message]));
      server.on('message', (text, sid) => server.send(sid, `${text} ${server.sockets[sid].data}`));
      server.shouldAccept = (req) => {
        events.push(['shouldAccept', req.url, isAlone(req) === (create === createSecureServer && hasDoors)]);
        return shouldAccept(req);
      };
      const headers = {
        'Sec-WebSocket-Protocol': 'a, b',
        'Sec-WebSocket-Extensions': 'permessage-deflate; client_max_window_bits',
        Origin: 'https://a.example',
      };
      const client = dialed(t, port);
      client.write(requestText({ line: 'GET /a?b HTTP/1.1', headers }));
      if (isOpen) {
        while (!client.text.includes('\r\n\r\n')) await once(client, 'data');
        // Rust's own frames are looked at elsewhere.
        events.push(['count', await countOf(httpServer)]);
        client.destroy();
        await once(server, 'close');
      } else {
        await closed(client);
        events.push(['ended', client.readableEnded]);
      }
      events.push(['text', client.text.replace(/Date: .*\r\n/, '')]);
      await counted(httpServer, 0);
      all.push(events);
    }
    assert.deepEqual(all[1], all[0]);
    const [, text] = all[1].find(([name]) => name === 'text');
    assert.equal(text.startsWith('HTTP/1.1 101 '), isOpen);
    assert.deepEqual(all[1][0], ['shouldAccept', '/a?b', true]);
  });
}

for (const create of CREATES) {
  /** @param {string} title @param {(found: Awaited<ReturnType<typeof attachedSecurely>>, t: import('node:test').TestContext) => Promise<void>} body */
  const both = (title, body) =>
    test(`${nameOf(create)}: ${title}`, limit, async (t) => body(await attachedSecurely(t, { create }), t));

  both('an app may write to a socket, and end it, before it decides', async ({ server, httpServer, port }, t) => {
    server.shouldAccept = ({ socket }) => socket.end('bye') && new Promise(() => {});
    const client = dialed(t, port);
    client.write(requestText());
    await once(client, 'end');
    assert.equal(client.text, 'bye');
    client.destroy();
    await counted(httpServer, 0);
  });

  both('an app may destroy a socket before it decides', async ({ server, httpServer, port }, t) => {
    server.shouldAccept = ({ socket }) => {
      socket.destroy();
      return true;
    };
    server.on('open', () => assert.fail('it is gone'));
    const client = dialed(t, port);
    client.write(requestText());
    await closed(client);
    assert.equal(client.text, '');
    await counted(httpServer, 0);
  });

  both('a peer that goes while the app decides is heard of', async ({ server, httpServer, port }, t) => {
    for (const leave of ['end', 'destroy', 'reset']) {
      const asked = new Promise((resolve) => {
        server.shouldAccept = (req) => {
          resolve(req.socket);
          return new Promise(() => {});
        };
      });
      const client = dialed(t, port);
      client.write(requestText());
      const socket = await asked;
      const over = new Promise((resolve) => socket.on('close', resolve));
      if (leave === 'reset') client.tcp.resetAndDestroy();
      else client[leave]();
      await over;
      client.destroy();
    }
    await counted(httpServer, 0);
  });

  both('messages that come while the app decides are not lost', async ({ server, url }) => {
    let decide;
    const asked = new Promise((resolve) => {
      server.shouldAccept = () => {
        resolve();
        return new Promise((verdict) => (decide = verdict));
      };
    });
    server.on('message', (text, sid) => server.send(sid, text));
    const client = new Client(url, trusting);
    await asked;
    decide(true);
    await client.opened;
    for (const text of ['a', 'b']) {
      client.send(text);
      assert.equal(await client.message(), text);
    }
    client.destroy();
  });

  both('a request that is no proper handshake is refused', async ({ port, httpServer }, t) => {
    for (const [change, status] of [
      [{ headers: { 'Sec-WebSocket-Key': 'short' } }, 400],
      [{ headers: { 'Sec-WebSocket-Version': '8' } }, 426],
      [{ headers: { Host: undefined } }, 400],
      [{ headers: { Host: ['a', 'b'] } }, 400],
      [{ line: 'GET /a/../b HTTP/1.1' }, 400],
      [{ headers: { 'X-A': Array.from({ length: 1_100 }, () => 'b') } }, 431],
      [{ headers: { 'X-A': 'b'.repeat(20_000) } }, 431],
    ]) {
      const client = dialed(t, port);
      client.write(requestText(change));
      await once(client, 'end');
      assert.equal(client.text.split(' ')[1], String(status), JSON.stringify(change).slice(0, 80));
      client.destroy();
    }
    await counted(httpServer, 0);
  });

  both('the channels of handshakes say that it is encrypted', async ({ server, url }, t) => {
    const published = [];
    for (const name of ['websockets:handshake:start', 'websockets:handshake:end']) {
      const hear = (message) => {
        const { role, encrypted, remoteAddress, request, status } = message;
        if (role === 'server') published.push([name, encrypted, remoteAddress, request.url, status]);
      };
      subscribe(name, hear);
      t.after(() => unsubscribe(name, hear));
    }
    let alone;
    server.on('open', (_sid, req) => (alone = isAlone(req)));
    const client = new Client(url, trusting);
    await client.opened;
    const [start, end] = ['websockets:handshake:start', 'websockets:handshake:end'];
    assert.deepEqual(published.splice(0), [
      [start, true, '127.0.0.1', '/', undefined],
      [end, true, '127.0.0.1', '/', 101],
    ]);
    // To say so, no socket is made.
    assert.equal(alone, create === createSecureServer && hasDoors);
    client.destroy();
    server.shouldAccept = () => 403;
    await assert.rejects(new Client(url, trusting).opened);
    assert.deepEqual(published, [
      [start, true, '127.0.0.1', '/', undefined],
      [end, true, '127.0.0.1', '/', 403],
    ]);
  });
}

/** The next exception that nobody catches. @param {import('node:test').TestContext} t */
function uncaught(t) {
  const listeners = process.listeners('uncaughtException');
  process.removeAllListeners('uncaughtException');
  t.after(() => {
    process.removeAllListeners('uncaughtException');
    for (const listener of listeners) process.on('uncaughtException', listener);
  });
  return new Promise((resolve) => process.once('uncaughtException', resolve));
}

test('one whose decision throws is dropped, and costs nobody else', only, async (t) => {
  for (const looks of [false, true]) {
    const { httpServer, port, url } = await attachedSecurely(t);
    let count = 0;
    httpServer.shouldUpgradeCallback = (req) => {
      if (looks) assert.equal(req.socket.encrypted, true);
      if (++count === 1) throw new Error('of the app');
      return true;
    };
    const thrown = uncaught(t);
    const client = dialed(t, port);
    client.write(requestText());
    await closed(client);
    assert.equal((await thrown).message, 'of the app');
    assert.equal(client.text, '');
    await counted(httpServer, 0);
    const next = new Client(url, trusting);
    await next.opened;
    assert.equal(await countOf(httpServer), 1);
    next.destroy();
    await counted(httpServer, 0);
  }
});

test('one for which no socket can be made is gone, and does not count', only, async (t) => {
  const { httpServer, port, url } = await attachedSecurely(t);
  const { highWaterMark } = httpServer;
  httpServer.highWaterMark = 'none';
  const thrown = uncaught(t);
  for (const text of ['GET / HTTP/1.1\r\nHost: a\r\n\r\n', requestText({ headers: { Host: ['a', 'b'] } })]) {
    const client = dialed(t, port);
    client.write(text);
    await closed(client);
    assert.equal(client.text, '');
    await counted(httpServer, 0);
  }
  assert.equal((await thrown).code, 'ERR_INVALID_ARG_VALUE');
  httpServer.highWaterMark = highWaterMark;
  const next = new Client(url, trusting);
  await next.opened;
  next.destroy();
  await counted(httpServer, 0);
});

test(
  'what the app had entered to listen is there for each who comes, and what it enters for one is not another’s',
  only,
  async (t) => {
    const storage = new AsyncLocalStorage();
    const before = [];
    const options = {
      shouldAccept(req) {
        before.push(storage.getStore());
        storage.enterWith(req.url);
        return true;
      },
    };
    const { server, url } = await storage.run('app', () => attachedSecurely(t, { options }));
    const stores = [];
    server.on('message', (text) => stores.push([text, storage.getStore()]));
    const clients = ['a', 'b'].map((path) => new Client(url + path, trusting));
    for (const [index, client] of clients.entries()) {
      await client.opened;
      client.send(String(index));
    }
    while (stores.length < 2) await once(server, 'message');
    assert.deepEqual(before, ['app', 'app']);
    assert.deepEqual(stores.sort(), [
      ['0', '/a'],
      ['1', '/b'],
    ]);
    for (const client of clients) client.destroy();
  },
);
