'use strict';

// WebSocketServer of the entry, with clients of ws and requests that are written by hand.

const assert = require('node:assert/strict');
const { channel } = require('node:diagnostics_channel');
const { once } = require('node:events');
const http = require('node:http');
const { test } = require('node:test');
const Reference = require('ws');
const WebSocket = require('../../ws.js');
const native = require('../../lib/native/native.js');
const { isTls, listen, serve, trust } = require('../support/ws-entry');

const { WebSocketServer } = WebSocket;

/** Sends an upgrade request with these headers. @returns {Promise<http.IncomingMessage & { body: string }>} the refusal */
function ask(url, headers = {}, options = {}) {
  const { request } = isTls ? require('node:https') : http;
  return new Promise((resolve, reject) => {
    const all = {
      Connection: 'Upgrade',
      Upgrade: 'websocket',
      'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
      'Sec-WebSocket-Version': '13',
      ...headers,
    };
    const req = request(url.replace(/^ws/, 'http'), { headers: all, ...trust, ...options });
    req.on('error', reject);
    req.on('upgrade', (res, socket) => {
      socket.destroy();
      resolve(res);
    });
    req.on('response', async (res) => {
      res.setEncoding('utf8');
      res.body = '';
      for await (const chunk of res) res.body += chunk;
      resolve(res);
    });
    req.end();
  });
}

test('exactly one of port, server and noServer', () => {
  const message = 'One and only one of the "port", "server", or "noServer" options must be specified';
  for (const options of [undefined, {}, { port: 0, noServer: true }, { port: 0, server: new http.Server() }]) {
    assert.throws(() => new WebSocketServer(options), new TypeError(message));
  }
});

test('port: it listens by itself, says where, and answers plain requests with 426', async (t) => {
  const wss = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  t.after(() => wss.close());
  await once(wss, 'listening');
  const { address, port } = wss.address();
  assert.equal(address, '127.0.0.1');
  const [response] = await once(http.get({ host: address, port }), 'response');
  assert.equal(response.statusCode, 426);
  response.resume();
  const client = new Reference(`ws://127.0.0.1:${port}`);
  const [[webSocket, request]] = await Promise.all([once(wss, 'connection'), once(client, 'open')]);
  assert.ok(webSocket instanceof WebSocket && request instanceof http.IncomingMessage);
  client.close();
  await once(webSocket, 'close');
});

test('a port that is taken is an error event', async (t) => {
  const { server } = await listen(t);
  const wss = new WebSocketServer({ port: server.address().port, host: '127.0.0.1' });
  const [error] = await once(wss, 'error');
  assert.equal(error.code, 'EADDRINUSE');
});

test('noServer: the app hands over what it likes; address() is none', async (t) => {
  const { server, url } = await listen(t);
  const wss = new WebSocketServer({ noServer: true });
  t.after(() => wss.close());
  assert.throws(() => wss.address(), /noServer/);
  let isSynchronous = false;
  server.on('upgrade', (request, socket, head) => {
    wss.handleUpgrade(request, socket, head, (webSocket, same) => {
      isSynchronous = true;
      assert.equal(same, request);
      webSocket.send('hello');
    });
    assert.ok(isSynchronous);
  });
  const client = new Reference(url, trust);
  t.after(() => client.terminate());
  const [data] = await once(client, 'message');
  assert.equal(String(data), 'hello');
});

test('a socket that is handed over twice is an error', async (t) => {
  const { server, url } = await listen(t);
  const wss = new WebSocketServer({ noServer: true });
  t.after(() => wss.close());
  const thrown = new Promise((resolve) => {
    server.on('upgrade', (request, socket, head) => {
      wss.handleUpgrade(request, socket, head, () => {});
      try {
        wss.handleUpgrade(request, socket, head, () => {});
      } catch (error) {
        resolve(error);
      }
    });
  });
  const client = new Reference(url, trust);
  t.after(() => client.terminate());
  client.on('error', () => {});
  assert.match((await thrown).message, /called more than once with the same socket/);
});

test('path: other paths are refused with 400, by shouldHandle()', async (t) => {
  const { wss, url } = await serve(t, { path: '/chat' });
  assert.equal((await ask(`${url}/other`)).statusCode, 400);
  assert.equal((await ask(`${url}/chat?room=1`)).statusCode, 101);
  wss.shouldHandle = ({ url: target }) => target.startsWith('/mine');
  assert.equal((await ask(`${url}/chat`)).statusCode, 400);
  assert.equal((await ask(`${url}/mine`)).statusCode, 101);
});

test('requests that are none of a WebSocket get the answers of ws', async (t) => {
  const { url } = await serve(t, { perMessageDeflate: true });
  const cases = [
    [{}, { method: 'POST' }, 405, 'Invalid HTTP method'],
    [{ Upgrade: 'foo' }, {}, 400, 'Invalid Upgrade header'],
    [{ 'Sec-WebSocket-Key': 'x' }, {}, 400, 'Missing or invalid Sec-WebSocket-Key header'],
    [{ 'Sec-WebSocket-Version': '12' }, {}, 400, 'Missing or invalid Sec-WebSocket-Version header'],
    [{ 'Sec-WebSocket-Protocol': 'a, a' }, {}, 400, 'Invalid Sec-WebSocket-Protocol header'],
    [
      { 'Sec-WebSocket-Extensions': 'permessage-deflate; =' },
      {},
      400,
      'Invalid or unacceptable Sec-WebSocket-Extensions header',
    ],
  ];
  for (const [headers, options, status, message] of cases) {
    const response = await ask(url, headers, options);
    assert.deepEqual([response.statusCode, response.body], [status, message]);
    if (status === 400 && 'Sec-WebSocket-Version' in headers) {
      assert.equal(response.headers['sec-websocket-version'], '13, 8');
    }
  }
});

test('wsClientError: a listener answers in place of the server', async (t) => {
  const { wss, url } = await serve(t);
  wss.on('wsClientError', (error, socket, request) => {
    assert.ok(request instanceof http.IncomingMessage);
    socket.end(`HTTP/1.1 400 Bad Request\r\nConnection: close\r\nX-Error: ${error.message}\r\n\r\n`);
  });
  const response = await ask(url, { 'Sec-WebSocket-Key': 'x' });
  assert.equal(response.headers['x-error'], 'Missing or invalid Sec-WebSocket-Key header');
});

test('verifyClient, synchronous: 401, and what it is told', async (t) => {
  const infos = [];
  const verifyClient = (info) => {
    infos.push(info);
    return info.req.url === '/yes';
  };
  const { url } = await serve(t, { verifyClient });
  assert.equal((await ask(`${url}/no`, { Origin: 'https://example.com' })).statusCode, 401);
  assert.equal((await ask(`${url}/yes`)).statusCode, 101);
  assert.deepEqual([infos[0].origin, infos[0].secure], ['https://example.com', isTls]);
  // Version 8 has a header of its own for the origin.
  await ask(`${url}/no`, { 'Sec-WebSocket-Version': '8', 'Sec-WebSocket-Origin': 'https://old.example' });
  assert.equal(infos[2].origin, 'https://old.example');
});

test('verifyClient, asynchronous: status, body and headers of a refusal', async (t) => {
  const verifyClient = ({ req }, callback) => {
    setImmediate(() => {
      if (req.url === '/yes') callback(true);
      else callback(false, 403, 'Go away', { 'Retry-After': 120 });
    });
  };
  const { url } = await serve(t, { verifyClient });
  const refused = await ask(`${url}/no`);
  assert.deepEqual([refused.statusCode, refused.body, refused.headers['retry-after']], [403, 'Go away', '120']);
  assert.equal((await ask(`${url}/yes`)).statusCode, 101);
});

test('a client that has left by the time it is verified is let go of', async (t) => {
  let verdict;
  const asked = new Promise((resolve) => {
    verdict = resolve;
  });
  const verifyClient = (info, callback) => verdict([info.req.socket, callback]);
  const { wss, url } = await serve(t, { verifyClient });
  wss.on('connection', () => assert.fail('nobody is there'));
  const client = new Reference(url, trust);
  const [socket, callback] = await asked;
  socket.destroy();
  callback(true);
  await once(client, 'error');
  assert.equal(wss.clients.size, 0);
});

test('handleProtocols chooses; by default it is the first that the client asks for', async (t) => {
  const first = await serve(t);
  const response = await ask(first.url, { 'Sec-WebSocket-Protocol': 'a, b' });
  assert.equal(response.headers['sec-websocket-protocol'], 'a');

  const handleProtocols = (protocols, request) => {
    assert.ok(protocols instanceof Set && request instanceof http.IncomingMessage);
    return protocols.has('b') ? 'b' : false;
  };
  const second = await serve(t, { handleProtocols });
  const accepted = once(second.wss, 'connection');
  const chosen = await ask(second.url, { 'Sec-WebSocket-Protocol': 'a, b' });
  assert.equal(chosen.headers['sec-websocket-protocol'], 'b');
  assert.equal((await accepted)[0].protocol, 'b');
  const none = await ask(second.url, { 'Sec-WebSocket-Protocol': 'c' });
  assert.equal(none.headers['sec-websocket-protocol'], undefined);
});

test('headers: a listener adds lines to the response', async (t) => {
  const { wss, url } = await serve(t);
  wss.on('headers', (lines, request) => {
    assert.equal(request.url, '/');
    lines.push('Set-Cookie: a=1', 'Set-Cookie: b=2');
  });
  const response = await ask(url);
  assert.deepEqual(response.headers['set-cookie'], ['a=1', 'b=2']);
});

test('clients has those that are connected, and the WebSocket class may be the app’s', async (t) => {
  class Mine extends WebSocket {
    answer = 42;
  }
  const { wss, url } = await serve(t, { WebSocket: Mine });
  const accepted = once(wss, 'connection');
  const client = new Reference(url, trust);
  const [webSocket] = await accepted;
  assert.ok(webSocket instanceof Mine);
  assert.equal(webSocket.answer, 42);
  assert.deepEqual([...wss.clients], [webSocket]);
  webSocket.close();
  await once(webSocket, 'close');
  assert.equal(wss.clients.size, 0);
  client.terminate();
  assert.equal((await serve(t, { clientTracking: false })).wss.clients, undefined);
});

test('close() waits for the clients, which go on, and says so once', async (t) => {
  const { wss, url } = await serve(t);
  const accepted = once(wss, 'connection');
  const client = new Reference(url, trust);
  const [webSocket] = await accepted;
  let isClosed = false;
  const closed = new Promise((resolve) =>
    wss.close((error) => {
      isClosed = true;
      resolve(error);
    }),
  );
  webSocket.send('still there');
  await once(client, 'message');
  assert.equal(isClosed, false);
  client.close();
  assert.equal(await closed, undefined);
  const again = await new Promise((resolve) => wss.close(resolve));
  assert.equal(again.message, 'The server is not running');
});

test('once it is closing, it takes nobody: 503', async (t) => {
  const { server, url } = await listen(t);
  const wss = new WebSocketServer({ noServer: true });
  wss.close();
  server.on('upgrade', (request, socket, head) => wss.handleUpgrade(request, socket, head, assert.fail));
  assert.equal((await ask(url)).statusCode, 503);
});

/** What streams carry needs no descriptor of its own. */
const needsDescriptor = { skip: isTls || native.open === undefined };

test(
  'a socket that the system has no descriptor for is refused: 503, and the app may hear of it',
  needsDescriptor,
  async (t) => {
    const { server, url } = await listen(t);
    const wss = new WebSocketServer({ server });
    t.after(() => wss.close());
    const none = () => {
      throw Object.assign(new Error('Too many open files'), { code: 'EMFILE' });
    };
    const mocked = ['open', 'openOver'].map((name) => t.mock.method(native, name, none));
    const { statusCode, body } = await ask(url);
    assert.deepEqual([statusCode, body], [503, 'Service Unavailable']);
    let heard;
    wss.once('wsClientError', (error, socket, request) => {
      heard = [error.code, request.url];
      socket.end('HTTP/1.1 507 Insufficient Storage\r\nConnection: close\r\n\r\n');
    });
    assert.equal((await ask(url)).statusCode, 507);
    assert.deepEqual([heard, wss.clients.size], [['EMFILE', '/'], 0]);

    for (const { mock } of mocked) mock.restore();
    const client = new Reference(url, trust);
    t.after(() => client.terminate());
    await once(client, 'open');
  },
);

test('what comes behind the request is the WebSocket’s', async (t) => {
  const { server, url } = await listen(t);
  const wss = new WebSocketServer({ noServer: true });
  t.after(() => wss.close());
  const frame = Buffer.of(0x81, 0x82, 1, 2, 3, 4, 0x68 ^ 1, 0x69 ^ 2);
  server.on('upgrade', (request, socket) => wss.handleUpgrade(request, socket, frame, (ws) => ws.on('message', heard)));
  let heard;
  const message = new Promise((resolve) => {
    heard = resolve;
  });
  const client = new Reference(url, trust);
  client.on('error', () => {});
  t.after(() => client.terminate());
  assert.equal(String(await message), 'hi');
});

test('what the diagnostics channels publish of its connections names the WebSocketServer', async (t) => {
  const { wss, url } = await serve(t);
  const published = [];
  for (const name of ['open', 'message', 'close']) {
    const hear = ({ base, data, code }) => base === wss && published.push([name, String(data ?? code ?? '')]);
    channel(`websockets:${name}`).subscribe(hear);
    t.after(() => channel(`websockets:${name}`).unsubscribe(hear));
  }
  const client = new Reference(url, trust);
  const [[webSocket]] = await Promise.all([once(wss, 'connection'), once(client, 'open')]);
  client.send('hello');
  await once(webSocket, 'message');
  client.close(1000);
  await once(webSocket, 'close');
  assert.deepEqual(published, [
    ['open', ''],
    ['message', 'hello'],
    ['close', '1000'],
  ]);
});
