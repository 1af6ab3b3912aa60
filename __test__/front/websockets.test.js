'use strict';

// WebSockets by `createServer`, by `Server.listen` and by `http.createServer`. What holds of any transport is in the other
// folders, which a run with WEBSOCKETS_TEST_TRANSPORT=front goes through.

const assert = require('node:assert/strict');
const cluster = require('node:cluster');
const { once } = require('node:events');
const http = require('node:http');
const net = require('node:net');
const { test } = require('node:test');
const tls = require('node:tls');
const { Server, createSecureServer, createServer } = require('../..');
const native = require('../../lib/native/native');
const { selfSigned } = require('../support/certificate');
const { TEXT, encode } = require('../support/frames');
const { Inbox } = require('../support/inbox');
const { exchange, requestText } = require('../support/raw-http');
const { limit } = require('../support/server');
const { Client } = require('../support/ws-client');

const hasFront = native.openRaw !== undefined;

/** What a `Server` listens on, by Node's parser or not. */
const DOORS = {
  'Server.listen(port)': (server) => server.listen(0, '127.0.0.1'),
  createServer: (server) => {
    const httpServer = createServer();
    server.listen(httpServer);
    return httpServer.listen(0, '127.0.0.1');
  },
  'http.createServer': (server) => {
    const httpServer = http.createServer();
    server.listen(httpServer);
    return httpServer.listen(0, '127.0.0.1');
  },
};

/** @param {import('node:test').TestContext} t @param {(server: Server) => { close(): void }} open @param {object} [options] */
async function listening(t, open, options) {
  const server = new Server(options);
  const httpServer = open(server);
  while (server.address() === null) await new Promise((resolve) => setImmediate(resolve));
  t.after(() => {
    server.close();
    httpServer.close();
  });
  return { server, port: server.address().port };
}

for (const [name, open] of Object.entries(DOORS)) {
  /** @param {string} title @param {object} options @param {(server: Server, port: number, t: import('node:test').TestContext) => Promise<void>} body */
  const by = (title, options, body) =>
    test(`${name}: ${title}`, limit, async (t) => {
      const { server, port } = await listening(t, open, options);
      await body(server, port, t);
    });

  by('a message goes both ways', {}, async (server, port) => {
    server.on('message', (text, sid) => server.send(sid, `echo ${text}`));
    const client = new Client(`ws://127.0.0.1:${port}/`);
    await client.opened;
    client.send('a');
    assert.deepEqual(await client.inbox.next('message'), ['echo a']);
    assert.equal(Object.values(server.sockets)[0].transport, hasFront ? 'socket' : 'stream');
    client.destroy();
  });

  by(
    'the app decides by the request, at once or later',
    {
      async shouldAccept(req) {
        if (req.url === '/later') await new Promise((resolve) => setTimeout(resolve, 20));
        return req.headers['x-key'] === 'right' ? { headers: { 'X-Was': req.url }, data: req.url } : 403;
      },
    },
    async (server, port) => {
      for (const path of ['/now', '/later']) {
        const line = `GET ${path} HTTP/1.1`;
        const opened = once(server, 'open');
        const accepted = await exchange(port, requestText({ line, headers: { 'X-Key': 'right' } }));
        assert.deepEqual([accepted.status, accepted.headers['x-was']], [101, path]);
        const [sid, req] = await opened;
        assert.deepEqual([server.sockets[sid].data, req.url, req.socket.remoteAddress], [path, path, '127.0.0.1']);
        accepted.socket.destroy();
        const refused = await exchange(port, requestText({ line }));
        assert.deepEqual([refused.status, refused.ended], [403, true]);
      }
    },
  );

  by('a request that is no proper handshake is refused', {}, async (_server, port) => {
    for (const [change, status] of [
      [{ headers: { 'Sec-WebSocket-Key': 'short' } }, 400],
      [{ headers: { 'Sec-WebSocket-Version': '8' } }, 426],
      [{ headers: { Host: undefined } }, 400],
      [{ headers: { Host: ['a', 'b'] } }, 400],
      [{ line: 'GET /a/../b HTTP/1.1' }, 400],
      [{ headers: { 'X-A': Array.from({ length: 1_100 }, () => 'b') } }, 431],
      [{ headers: { 'X-A': 'b'.repeat(20_000) } }, 431],
    ]) {
      assert.equal((await exchange(port, requestText(change))).status, status, JSON.stringify(change).slice(0, 80));
    }
  });

  by(
    'frames right behind the request, and while the app decides, come in order',
    {
      shouldAccept: () => new Promise((resolve) => setTimeout(resolve, 20, true)),
    },
    async (server, port) => {
      const events = new Inbox(server, ['message']);
      for (const behind of [0, 1, 5]) {
        const texts = Array.from({ length: 10 }, (_, index) => `${behind}-${index}`);
        const frames = texts.map((payload) => encode({ opcode: TEXT, payload }));
        const client = net.connect({ port, host: '127.0.0.1', noDelay: true });
        const head = Buffer.concat([Buffer.from(requestText()), ...frames.slice(0, behind)]);
        client.write(head);
        for (const frame of frames.slice(behind)) {
          await new Promise((resolve) => setImmediate(resolve));
          client.write(frame);
        }
        const got = [];
        while (got.length < texts.length) got.push((await events.next('message'))[0]);
        assert.deepEqual(got, texts);
        client.destroy();
      }
    },
  );

  by(
    'a client that leaves before the answer is heard of',
    {
      shouldAccept: () => new Promise(() => {}),
      handshakeTimeout: 0,
    },
    async (server, port) => {
      for (const leave of ['end', 'resetAndDestroy']) {
        const client = net.connect({ port, host: '127.0.0.1' });
        client.on('error', () => {});
        const asked = new Promise((resolve) => {
          server.shouldAccept = (req) => {
            resolve(req.socket);
            return new Promise(() => {});
          };
        });
        client.write(requestText());
        const socket = await asked;
        const over = new Promise((resolve) => socket.on('close', resolve));
        client[leave]();
        await over;
      }
    },
  );

  by('a Server that closes waits for nobody who says nothing', {}, async (server, port, t) => {
    const client = net.connect({ port, host: '127.0.0.1' });
    client.on('error', () => {});
    t.after(() => client.destroy());
    await once(client, 'connect');
    const opened = new Client(`ws://127.0.0.1:${port}/`);
    await opened.opened;
    await new Promise((resolve) => server.close(resolve));
  });

  by('handshakes at once, some of them in pieces', {}, async (server, port) => {
    server.on('message', (text, sid) => server.send(sid, text));
    const clients = Array.from({ length: 60 }, async (_, index) => {
      const client = net.connect({ port, host: '127.0.0.1', noDelay: true });
      client.on('error', () => {});
      const text = requestText();
      const cut = index % 3 === 0 ? text.length : 10 * (index % 20) + 1;
      client.write(text.slice(0, cut));
      await new Promise((resolve) => setImmediate(resolve));
      client.write(text.slice(cut));
      let got = '';
      client.setEncoding('latin1').on('data', (chunk) => (got += chunk));
      while (!got.includes('\r\n\r\n')) await once(client, 'data');
      client.write(encode({ opcode: TEXT, payload: `n${index}` }));
      while (!got.endsWith(`n${index}`)) await once(client, 'data');
      client.destroy();
    });
    await Promise.all(clients);
  });
}

test('an app that hears each TLS connection has it before its request', limit, async (t) => {
  const httpServer = createSecureServer(selfSigned());
  httpServer.on('upgrade', (_req, socket) => socket.destroy());
  httpServer.listen(0, '127.0.0.1');
  await once(httpServer, 'listening');
  t.after(() => {
    httpServer.closeAllConnections?.();
    httpServer.close();
  });
  const secured = once(httpServer, 'secureConnection');
  const client = tls.connect({ port: httpServer.address().port, host: '127.0.0.1', rejectUnauthorized: false });
  client.on('error', () => {});
  t.after(() => client.destroy());
  const [socket] = await secured;
  const upgraded = once(httpServer, 'upgrade');
  client.write(requestText());
  const [req] = await upgraded;
  assert.equal(req.socket, socket);
});

test('the workers of a cluster share a port', limit, async (t) => {
  cluster.setupPrimary({ exec: require.resolve('../support/fixtures/front-worker.js') });
  const workers = [cluster.fork(), cluster.fork()];
  t.after(() => {
    for (const worker of workers) worker.kill();
  });
  const addresses = await Promise.all(workers.map(async (worker) => (await once(worker, 'listening'))[0]));
  assert.equal(addresses[0].port, addresses[1].port);
  const pids = new Set();
  for (let index = 0; index < 4; index++) {
    const client = new Client(`ws://127.0.0.1:${addresses[0].port}/`);
    pids.add((await client.inbox.next('message'))[0]);
    client.destroy();
  }
  assert.equal(pids.size, 2);
});
