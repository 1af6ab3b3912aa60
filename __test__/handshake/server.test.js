'use strict';

const assert = require('node:assert/strict');
const http = require('node:http');
const https = require('node:https');
const net = require('node:net');
const { test } = require('node:test');
const { once } = require('node:events');
const { WebSocket } = require('ws');
const { Base, Server } = require('../..');
const { selfSigned } = require('../support/certificate');
const { Inbox } = require('../support/inbox');
const { KEY, exchange, requestText } = require('../support/raw-http');
const { limit, unixPath } = require('../support/server');

const EVENTS = ['open', 'message', 'close', 'error'];

/**
 * A Server that listens, and is gone when the test ends.
 *
 * @returns {Promise<{ server: Server, events: Inbox, port: number, url: string }>}
 */
async function serve(t, options, httpServer, Class = Server) {
  const server = new Class(options);
  const events = new Inbox(server, EVENTS);
  t.after(() => server.terminate(null).close());
  if (httpServer) {
    server.listen(httpServer);
    if (!httpServer.listening) await once(httpServer.listen(0, '127.0.0.1'), 'listening');
    t.after(() => {
      httpServer.close();
      httpServer.closeAllConnections();
    });
  } else {
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  }
  const { port } = server.address();
  return { server, events, port, url: `ws://127.0.0.1:${port}/` };
}

/** An open client of ws, which keeps what it hears. */
async function connect(url, ...args) {
  const client = new WebSocket(url, ...args);
  client.inbox = new Inbox(client, ['open', 'message', 'close', 'error']);
  await client.inbox.next('open');
  return client;
}

/** The status that a client of ws is refused with. */
async function refused(url, ...args) {
  const client = new WebSocket(url, ...args).on('error', () => {});
  const [, res] = await once(client, 'unexpected-response');
  res.resume();
  return res.statusCode;
}

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

/** A client of ws whose opening handshake is under way, and which is gone when the test ends. */
function dial(t, url) {
  const client = new WebSocket(url).on('error', () => {});
  t.after(() => client.terminate());
  return client;
}

/** A request to upgrade from a plain socket, which is gone when the test ends. */
function ask(t, port, body = '') {
  const socket = net.connect(port, '127.0.0.1').on('error', () => {});
  t.after(() => socket.destroy());
  socket.write(requestText({ body }), 'latin1');
  return socket;
}

/** A Server on an HTTP server of the app's, and that one's `upgrade` events; `shouldAccept` waits. */
async function undecided(t, options) {
  const httpServer = http.createServer();
  const asked = new Inbox(httpServer, ['upgrade', 'asked']);
  const shouldAccept = () => new Promise((resolve) => httpServer.emit('asked', resolve));
  return { asked, ...(await serve(t, { shouldAccept, ...options }, httpServer)) };
}

test('a request that the app is still looking at counts toward maxConnections', limit, async (t) => {
  const { asked, server, events, url } = await undecided(t, { maxConnections: 1 });
  dial(t, url);
  const [resolve] = await asked.next('asked');
  assert.equal(await refused(url), 503);
  assert.equal(asked.list('asked').length, 1);
  resolve(true);
  const [sid] = await events.next('open');
  assert.deepEqual([server.connections, events.list('close').length], [1, 0]);
  assert.equal(await refused(url), 503);
  server.terminate(sid);
  await events.next('close');
  dial(t, url);
  (await asked.next('asked'))[0](true);
  await events.next('open');
});

test('where maxConnections has been lowered meanwhile it is refused, and nobody is closed', limit, async (t) => {
  const { asked, server, events, url } = await undecided(t, { maxConnections: 2 });
  dial(t, url);
  (await asked.next('asked'))[0](true);
  await events.next('open');
  const status = refused(url);
  const [resolve] = await asked.next('asked');
  server.maxConnections = 1;
  resolve(true);
  assert.equal(await status, 503);
  assert.deepEqual([server.connections, events.list('close').length], [1, 0]);
});

test(
  "a client that resets while the app looks at it takes nobody's place, and close() does not wait for it",
  limit,
  async (t) => {
    const { asked, server, events, port, url } = await undecided(t, { maxConnections: 1 });
    const socket = ask(t, port);
    const [, taken] = await asked.next('upgrade');
    const [resolve] = await asked.next('asked');
    const lost = new Promise((done) => {
      taken.once('close', done);
    }); // `once` rejects with the reset
    socket.resetAndDestroy();
    await lost;
    resolve(true); // too late
    await new Promise(setImmediate);
    const next = dial(t, url);
    const response = once(next, 'unexpected-response').then(
      ([, res]) => res.statusCode,
      () => {},
    );
    const decide = asked.next('asked').then(([say]) => say(true));
    assert.equal(await Promise.race([response, events.next('open').then(() => 101)]), 101);
    await decide;
    await new Promise((done) => server.close(done));
    assert.deepEqual([events.list('open').length, events.list('error').length], [1, 0]);
  },
);

test('a client that ends its side while the app looks at it is let go', limit, async (t) => {
  for (const never of [{}, { origins: () => new Promise(() => {}) }, { protocols: () => new Promise(() => {}) }]) {
    const { asked, events, port } = await undecided(t, { handshakeTimeout: 0, ...never });
    const socket = ask(t, port);
    const [, taken] = await asked.next('upgrade');
    const released = once(taken, 'close');
    socket.end();
    await released;
    assert.equal(events.list('error').length, 0);
  }
});

test(
  'handshakeTimeout: what is not decided on by then is refused with 503, and the Server says so',
  limit,
  async (t) => {
    const forever = () => new Promise(() => {});
    for (const never of [{ shouldAccept: forever }, { origins: forever }, { protocols: forever }]) {
      const { server, events, port } = await serve(t, { handshakeTimeout: 50, maxConnections: 1, ...never });
      for (let times = 0; times < 2; times++) {
        // the first has given its place back
        const response = await exchange(port, requestText());
        assert.deepEqual([response.status, response.ended], [503, true]);
        assert.match(response.body, /50 ms/);
        const [error] = await events.next('error');
        assert.deepEqual([error.code, error.statusCode], ['ERR_WS_HANDSHAKE_TIMEOUT', 503]);
      }
      await new Promise((resolve) => server.close(resolve));
    }
  },
);

test('a verdict after handshakeTimeout changes nothing, and one in time ends it', limit, async (t) => {
  const { asked, server, events, port, url } = await undecided(t, { handshakeTimeout: 50 });
  const response = exchange(port, requestText());
  const [late] = await asked.next('asked');
  assert.equal((await response).status, 503);
  late(true);
  await new Promise(setImmediate);
  assert.equal(events.list('open').length, 0);
  dial(t, url);
  (await asked.next('asked'))[0](true);
  await events.next('open');
  // A timer that was made after that of the handshake comes after it.
  await new Promise((resolve) => {
    setTimeout(resolve, 51);
  });
  assert.deepEqual([server.connections, events.list('error').length], [1, 1]);
});

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

test('close with a sid is that of Base', limit, async (t) => {
  const { server, events, url } = await serve(t);
  const [one, other] = [await connect(url), await connect(url)];
  const [[sid], [otherSid]] = events.list('open');
  assert.throws(() => server.close(undefined), TypeError);
  assert.throws(() => server.close(sid, 1), RangeError);
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

test('a socket that cannot be assigned is dropped, with an error', limit, async (t) => {
  const { server, events, url } = await serve(t);
  server.extensions['x-a'] = {}; // no extension
  const answered = new Promise((resolve) =>
    http
      .get(url.replace('ws', 'http'), {
        headers: {
          Connection: 'Upgrade',
          Upgrade: 'websocket',
          'Sec-WebSocket-Version': 13,
          'Sec-WebSocket-Key': KEY,
          'Sec-WebSocket-Extensions': 'x-a',
        },
      })
      .on('upgrade', (_res, socket) =>
        socket
          .on('error', () => {})
          .on('close', resolve)
          .resume(),
      ),
  );
  assert.equal((await events.next('error'))[0].code, 'ERR_INVALID_ARG_TYPE');
  await answered;
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
