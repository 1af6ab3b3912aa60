'use strict';

// `Upgrade` as apps of 2013 call it: without a callback, and with the names of extensions.

const assert = require('node:assert/strict');
const http = require('node:http');
const { test } = require('node:test');
const { once } = require('node:events');
const { WebSocket, WebSocketServer } = require('ws');
const { Upgrade } = require('../..');
const { exchange, requestText } = require('../support/raw-http');
const { limit } = require('../support/server');

const { createUpgradeRequest, handleUpgradeRequest } = Upgrade;

/** An HTTP server whose upgrades go there, gone when the test ends. */
async function listening(t, upgrade) {
  const httpServer = http.createServer().on('upgrade', upgrade);
  await once(httpServer.listen(0, '127.0.0.1'), 'listening');
  t.after(() => httpServer.close());
  return httpServer.address().port;
}

/** What a callback gets, as a Promise. */
const result = (call) => new Promise((resolve) => call((...args) => resolve(args)));

test('handleUpgradeRequest without a callback: the socket is upgraded, or refused', limit, async (t) => {
  for (const rest of [[], [undefined], [{ headers: { 'X-A': '1' } }], [{}, undefined]]) {
    const taken = [];
    const port = await listening(t, (req, socket) => {
      taken.push(socket);
      handleUpgradeRequest(req, socket, ...rest);
    });
    const { status, socket } = await exchange(port, requestText());
    assert.equal(status, 101);
    const refused = await exchange(port, requestText({ headers: { 'Sec-WebSocket-Version': '8' } }));
    assert.equal(refused.status, 426);
    for (const one of [socket, ...taken]) one.destroy();
  }
});

test('createUpgradeRequest without a callback: the server is asked, and the socket let go of', limit, async (t) => {
  const wss = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  await once(wss, 'listening');
  t.after(() => wss.close());
  const url = `ws://127.0.0.1:${wss.address().port}`;
  for (const rest of [[], [undefined], [{ headers: { 'X-A': '1' } }]]) {
    const connected = once(wss, 'connection');
    createUpgradeRequest(url, ...rest);
    const [peer] = await connected;
    await once(peer, 'close');
  }
  const port = await listening(t, (_req, socket) => socket.end('HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n'));
  createUpgradeRequest(`ws://127.0.0.1:${port}`);
  await result((done) => createUpgradeRequest(`ws://127.0.0.1:${port}`, done));
});

test('extensions as an array of names, on either side', limit, async (t) => {
  const port = await listening(t, (req, socket, head) => {
    handleUpgradeRequest(req, socket, { head, extensions: ['x-b', 'x-a', 'permessage-deflate'] });
  });
  const url = `ws://127.0.0.1:${port}`;
  for (const [extensions, agreed] of [
    [['x-a'], 'x-a'],
    [['x-a', 'x-b', 'x-c'], 'x-b, x-a'],
    [['x-c'], ''],
    [[], ''],
    [['x-a', 'permessage-deflate'], 'x-a, permessage-deflate'],
  ]) {
    const [error, socket, options] = await result((done) => createUpgradeRequest(url, { extensions }, done));
    assert.equal(error, null);
    assert.equal(options.extensions, agreed);
    socket.destroy();
  }
  const client = new WebSocket(url).on('error', () => {});
  await once(client, 'open');
  assert.equal(client.extensions, 'permessage-deflate');
  client.terminate();
});

test('names that are no tokens are thrown', () => {
  for (const extensions of [['a b'], [''], [undefined], [5], [{ name: 'x' }]]) {
    const isThrown = { code: 'ERR_INVALID_ARG_TYPE', message: /"extensions"/ };
    assert.throws(() => createUpgradeRequest('ws://localhost', { extensions }), isThrown);
  }
});
