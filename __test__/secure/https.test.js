'use strict';

// What apps use of `node:https`, by it and by `createSecureServer`: neither differs.

const assert = require('node:assert/strict');
const { once } = require('node:events');
const https = require('node:https');
const { Readable } = require('node:stream');
const { test } = require('node:test');
const { createSecureServer } = require('../..');
const { comes, dialed, fetched, secured } = require('../support/https');
const { limit } = require('../support/server');

const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
const UPGRADE = 'GET / HTTP/1.1\r\nHost: a\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n';
const SWITCHING = 'HTTP/1.1 101 X\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n';

const MIB = 1 << 20;

for (const create of [https.createServer, createSecureServer]) {
  const by = create === createSecureServer ? 'createSecureServer' : 'https.createServer';
  /** @param {string} title @param {(serve: Function, t: import('node:test').TestContext) => Promise<void>} body */
  const both = (title, body) =>
    test(`${by}: ${title}`, limit, (t) => body((options, listener) => secured(t, options, listener, create), t));

  both('requests in a row share a connection', async (serve, t) => {
    let count = 0;
    const server = await serve({}, (_req, res) => res.end(String(++count)));
    let connections = 0;
    server.on('secureConnection', () => connections++);
    const agent = new https.Agent({ keepAlive: true, maxSockets: 1 });
    t.after(() => agent.destroy());
    for (const expected of ['1', '2', '3']) assert.equal((await fetched(server, { agent })).body.toString(), expected);
    assert.equal(connections, 1);
  });

  both('the socket says what it is', async (serve) => {
    let facts;
    const server = await serve({}, (req, res) => {
      const { socket } = req;
      facts = [
        socket.encrypted,
        socket.authorized,
        socket.remoteAddress,
        socket.remoteFamily,
        socket.localAddress,
        socket.localPort,
        socket.address().port,
        socket.getProtocol(),
        socket.getCipher(),
        socket.getPeerCertificate(),
        socket.alpnProtocol,
        socket.servername,
        socket.isSessionReused(),
        socket.getCertificate().subject.CN,
        socket === req.connection,
        socket.pending,
        socket.server === server,
      ];
      res.end();
    });
    await fetched(server, { servername: 'localhost' });
    const { port } = server.address();
    const suite = 'TLS_AES_256_GCM_SHA384';
    assert.deepEqual(facts, [
      true,
      false,
      '127.0.0.1',
      'IPv4',
      '127.0.0.1',
      port,
      port,
      'TLSv1.3',
      { name: suite, standardName: suite, version: 'TLSv1.3' },
      {},
      false,
      'localhost',
      false,
      'localhost',
      true,
      false,
      true,
    ]);
  });

  both('an upload waits for a slow reader', async (serve) => {
    let got = 0;
    let most = 0;
    const server = await serve({}, (req, res) => {
      req.on('data', (chunk) => {
        got += chunk.length;
        most = Math.max(most, req.socket.readableLength);
        req.pause();
        setImmediate(() => req.resume());
      });
      req.on('end', () => res.end('ok'));
    });
    await fetched(server, { method: 'POST', body: Buffer.alloc(8 * MIB) });
    assert.equal(got, 8 * MIB);
    assert.ok(most < 2 * MIB, String(most));
  });

  both('a download waits for a slow peer', async (serve) => {
    let most = 0;
    const server = await serve({}, (_req, res) => {
      let left = 256;
      const source = new Readable({
        read() {
          most = Math.max(most, res.socket?.writableLength ?? 0);
          this.push(left-- > 0 ? Buffer.alloc(65_536) : null);
        },
      });
      source.pipe(res);
    });
    assert.equal((await fetched(server)).body.length, 16 * MIB);
    assert.ok(most < MIB, String(most));
  });

  both('pipelined requests are answered in order', async (serve, t) => {
    const waiting = [];
    const server = await serve({}, (req, res) => {
      waiting.unshift(() => res.end(req.url));
      if (waiting.length === 3) for (const answer of waiting) answer();
    });
    const client = dialed(t, server);
    const ask = (path, more = '') => `GET ${path} HTTP/1.1\r\nHost: a\r\n${more}\r\n`;
    client.write(ask('/1') + ask('/2') + ask('/3', 'Connection: close\r\n'));
    await once(client, 'close');
    assert.deepEqual(
      client.text.match(/\r\n\r\n\/\d/g).map((one) => one.trim()),
      ['/1', '/2', '/3'],
    );
  });

  both('an upgrade brings the socket, and what came behind the request', async (serve, t) => {
    const server = await serve();
    const upgraded = once(server, 'upgrade');
    const client = dialed(t, server);
    client.write(`${UPGRADE}head`);
    const [request, socket, head] = await upgraded;
    assert.equal(request.socket, socket);
    assert.equal(head.toString(), 'head');
    assert.deepEqual(
      ['data', 'timeout'].map((name) => socket.listenerCount(name)),
      [0, 0],
    );
    socket.on('data', (chunk) => socket.write(chunk));
    socket.write(SWITCHING);
    socket.write(head);
    client.write('-more');
    await comes(client, /head-more$/);
  });

  both('a close waits for upgraded sockets, which are no idle ones', async (serve, t) => {
    const server = await serve();
    const upgraded = once(server, 'upgrade');
    const client = dialed(t, server);
    client.write(UPGRADE);
    const [, socket] = await upgraded;
    socket.on('error', () => {}).resume();
    socket.write(SWITCHING);
    await comes(client, /101/);
    let isClosed = false;
    server.on('close', () => (isClosed = true));
    server.close();
    server.closeAllConnections();
    server.closeIdleConnections();
    socket.write('still here');
    await comes(client, /still here/);
    assert.equal(isClosed, false);
    client.destroy();
    await once(server, 'close');
  });

  both('an idle connection ends by keepAliveTimeout', async (serve, t) => {
    const server = await serve();
    server.keepAliveTimeout = 50;
    const client = dialed(t, server);
    client.write(GET);
    await once(client, 'close');
    assert.match(client.text, /answer$/);
  });

  both('server.setTimeout says which socket is silent', async (serve, t) => {
    const server = await serve({}, () => {});
    const silent = [];
    server.setTimeout(50, (socket) => {
      silent.push(socket);
      socket.destroy();
    });
    const client = dialed(t, server);
    client.write(GET);
    await once(client, 'close');
    assert.equal(silent.length, 1);
  });

  both('a request that does not end is answered with 408', async (serve, t) => {
    const server = await serve({ headersTimeout: 50, requestTimeout: 60, connectionsCheckingInterval: 20 });
    const client = dialed(t, server);
    client.write('GET / HTTP/1.1\r\nHo');
    await once(client, 'close');
    assert.match(client.text, /^HTTP\/1.1 408/);
  });

  both('one that never begins has its end', async (serve, t) => {
    const server = await serve({ headersTimeout: 50, requestTimeout: 60, connectionsCheckingInterval: 20 });
    await once(dialed(t, server), 'close');
  });

  both('closeIdleConnections closes those that are idle', async (serve, t) => {
    let hold;
    const server = await serve({}, (req, res) => {
      if (req.url === '/hold') hold = res;
      else res.end('answer');
    });
    server.keepAliveTimeout = 60_000;
    const [idle, active] = [dialed(t, server), dialed(t, server)];
    idle.write(GET);
    await comes(idle, /answer/);
    const asked = once(server, 'request');
    active.write(GET.replace('/', '/hold'));
    await asked;
    server.closeIdleConnections();
    await once(idle, 'close');
    hold.end('held');
    await comes(active, /held/);
  });

  both('close waits for a response, and getConnections counts', async (serve) => {
    let respond;
    const server = await serve({}, (_req, res) => (respond = () => res.end('late')));
    const asked = once(server, 'request');
    const response = fetched(server, { agent: new https.Agent({ keepAlive: false }) });
    await asked;
    const count = await new Promise((resolve) => server.getConnections((_error, found) => resolve(found)));
    assert.equal(count, 1);
    const closed = once(server, 'close');
    server.close();
    respond();
    assert.equal((await response).body.toString(), 'late');
    await closed;
  });

  both('a peer that goes is heard of', async (serve, t) => {
    const server = await serve({}, (_req, res) => {
      res.on('error', () => {});
      res.write('a');
    });
    const asked = once(server, 'request');
    const client = dialed(t, server);
    client.write(GET);
    const [request, response] = await asked;
    // An `'error'` of the request's comes before it.
    request.on('error', () => {});
    const closed = [request, response].map((one) => new Promise((resolve) => one.on('close', resolve)));
    await comes(client, /a/);
    client.destroy();
    await Promise.all(closed);
    assert.equal(response.writableFinished, false);
  });

  both('Expect: 100-continue', async (serve, t) => {
    const server = await serve({}, (req, res) => req.resume().on('end', () => res.end('all')));
    const client = dialed(t, server);
    const headers = 'Content-Length: 2\r\nExpect: 100-continue\r\nConnection: close\r\n';
    client.write(`POST / HTTP/1.1\r\nHost: a\r\n${headers}\r\n`);
    await comes(client, /^HTTP\/1.1 100/);
    client.write('hi');
    await once(client, 'close');
    assert.match(client.text, /all/);
  });

  both('nonsense is answered with 400', async (serve, t) => {
    const server = await serve();
    const client = dialed(t, server);
    client.write('NONSENSE\r\n\r\n');
    await once(client, 'close');
    assert.match(client.text, /^HTTP\/1.1 400/);
  });

  both('a clientError listener has the socket', async (serve, t) => {
    const server = await serve();
    server.on('clientError', (error, socket) => socket.end(`HTTP/1.1 418 ${error.code}\r\n\r\n`));
    const client = dialed(t, server);
    client.write('NONSENSE\r\n\r\n');
    await once(client, 'close');
    assert.match(client.text, /^HTTP\/1.1 418 HPE_/);
  });

  both('CONNECT', async (serve, t) => {
    const server = await serve();
    server.on('connect', (req, socket) => socket.end(`HTTP/1.1 200 OK\r\n\r\n${req.url}`));
    const client = dialed(t, server);
    client.write('CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n');
    await once(client, 'close');
    assert.match(client.text, /x:1$/);
  });

  both('a response has its own timeout', async (serve) => {
    const server = await serve({}, (_req, res) => res.setTimeout(30, () => res.end('late')));
    assert.equal((await fetched(server)).body.toString(), 'late');
  });

  both('a peer that ends its side after the request has the answer or not, as in Node.js', async (serve, t) => {
    const server = await serve();
    const client = dialed(t, server);
    client.end(GET);
    await once(client, 'close');
  });

  both('corked writes and trailers', async (serve) => {
    const server = await serve({}, (_req, res) => {
      res.writeHead(200, { Trailer: 'x' });
      res.cork();
      res.write('a');
      res.write('b');
      res.uncork();
      res.addTrailers({ x: '1' });
      res.end();
    });
    const { response, body } = await fetched(server);
    assert.deepEqual([body.toString(), response.trailers.x], ['ab', '1']);
  });

  both('a socket that is destroyed ends at its peer', async (serve, t) => {
    const server = await serve({}, (req) => req.socket.destroy());
    const client = dialed(t, server);
    client.write(GET);
    await once(client, 'close');
    assert.equal(client.text, '');
  });

  both('many connections at once', async (serve, t) => {
    const server = await serve({}, (req, res) => res.end(req.url));
    const agent = new https.Agent({ keepAlive: true, maxSockets: 20 });
    t.after(() => agent.destroy());
    const paths = Array.from({ length: 200 }, (_, index) => `/${index}`);
    const answers = await Promise.all(
      paths.map(async (path) => (await fetched(server, { agent, path })).body.toString()),
    );
    assert.deepEqual(answers, paths);
  });
}
