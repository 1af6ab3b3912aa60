'use strict';

// What a request asks for is compared as it stands on the wire: whoever stands before the Server, a proxy for
// example, may read it in another way.

const assert = require('node:assert/strict');
const http = require('node:http');
const { describe, test } = require('node:test');
const { once } = require('node:events');
const { Server, Upgrade } = require('../..');
const { exchange, requestText } = require('../support/raw-http');
const { limit } = require('../support/server');

/** [target, the status at a Server of the path /chat, that at one of every path] */
const TARGETS = [
  ['/chat', 101, 101],
  ['/chat/', 101, 101],
  ['/chat?a=b/../c', 101, 101],
  ['/chat?a=\\b', 101, 101],
  ['http://localhost/chat', 101, 101],
  ['http://localhost:80/chat?a', 101, 101],
  ['/ch%61t', 404, 101],
  ['/chat;v=1', 404, 101],
  ['/chat...', 404, 101],
  ['/.chat', 404, 101],
  ['//chat', 404, 101],
  ['http://localhost', 404, 101],
  ['http://localhost?a', 404, 101],
  ['*', 404, 400],
  ['/a/../chat', 400, 400],
  ['/./chat', 400, 400],
  ['/chat/.', 400, 400],
  ['/chat/..', 400, 400],
  ['/a/%2e%2E/chat', 400, 400],
  ['/a/.%2e/chat', 400, 400],
  ['/%2e/chat', 400, 400],
  ['http://localhost/a/../chat', 400, 400],
  ['\\chat', 400, 400],
  ['/a\\..\\chat', 400, 400],
  ['/chat\\', 400, 400],
  ['/chat#', 400, 400],
  ['/chat#a', 400, 400],
  ['/chat?a#b', 400, 400],
];

describe('a request target', () => {
  for (const [at, url] of [
    [1, 'ws://localhost/chat'],
    [2, undefined],
  ]) {
    test(`at a Server ${url === undefined ? 'of every path' : 'of one path'}`, limit, async (t) => {
      const httpServer = http.createServer((_req, res) => res.end());
      const server = new Server({ url }).listen(httpServer);
      await once(httpServer.listen(0, '127.0.0.1'), 'listening');
      t.after(() => {
        server.terminate(null).close();
        httpServer.close();
      });
      for (const target of TARGETS) {
        const text = requestText({ line: `GET ${target[0]} HTTP/1.1` });
        const { status, socket } = await exchange(httpServer.address().port, text);
        socket.destroy();
        // Node's parser refuses some of them itself.
        assert.equal(status, target[at], target[0]);
      }
    });
  }
});

test('a version of HTTP that an upgrade request does not exist in is refused', limit, async (t) => {
  const server = new Server();
  t.after(() => server.terminate(null).close());
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { status } = await exchange(server.address().port, requestText({ line: 'GET / HTTP/2.0' }));
  assert.equal(status, 400);
});

test('so it is where the app handles the upgrade itself', limit, async (t) => {
  const httpServer = http.createServer();
  const errors = [];
  httpServer.on('upgrade', (req, socket) => Upgrade.handleUpgradeRequest(req, socket, (error) => errors.push(error)));
  await once(httpServer.listen(0, '127.0.0.1'), 'listening');
  t.after(() => httpServer.close());
  const line = 'GET /a/%2e%2e/b HTTP/1.1';
  assert.equal((await exchange(httpServer.address().port, requestText({ line }))).status, 400);
  assert.equal(errors.pop().code, 'ERR_WS_INVALID_UPGRADE');
});
