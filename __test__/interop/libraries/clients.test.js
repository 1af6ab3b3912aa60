'use strict';

// What gives a browser's WebSocket to those who are in none, by ws.

const assert = require('node:assert/strict');
const { once } = require('node:events');
const { test } = require('node:test');
const IsomorphicWebSocket = require('isomorphic-ws');
const { JSDOM } = require('jsdom');
const { limit } = require('../../support/server');
const { WebSocket, WebSocketServer, answer, assertOurs, serve, talk } = require('./place');

test('isomorphic-ws', limit, async (t) => {
  const { server, url } = await serve(t);
  assert.equal(IsomorphicWebSocket, WebSocket);
  const connected = once(server, 'connection');
  const talked = talk(new IsomorphicWebSocket(url));
  const [webSocket] = await connected;
  assert.deepEqual(await answer(webSocket), [1000, Buffer.from('done')]);
  await talked;
});

test('jsdom: a page opens a WebSocket', limit, async (t) => {
  const { server, url } = await serve(t, { handleProtocols: () => 'chat' });
  const { window } = new JSDOM('', { url: 'http://example.test/' });
  t.after(() => window.close());
  const connected = once(server, 'connection');
  const client = new window.WebSocket(url, 'chat');
  client.binaryType = 'arraybuffer';
  const heard = (name) => new Promise((resolve) => client.addEventListener(name, resolve, { once: true }));
  const opened = heard('open');
  const [webSocket, request] = await connected;
  assertOurs(webSocket);
  assert.equal(request.headers.origin, 'http://example.test');
  const closed = answer(webSocket);
  await opened;
  assert.equal(client.protocol, 'chat');
  let message = heard('message');
  client.send('hello');
  assert.equal((await message).data, 'hello back');
  message = heard('message');
  webSocket.send(Buffer.from([1, 2, 3]));
  assert.deepEqual([...new Uint8Array((await message).data)], [1, 2, 3]);
  const left = heard('close');
  client.close(1000, 'done');
  const { code, reason, wasClean } = await left;
  assert.deepEqual({ code, reason, wasClean }, { code: 1000, reason: 'done', wasClean: true });
  assert.deepEqual(await closed, [1000, Buffer.from('done')]);
});

test('what an ES module imports from ws is the same', async () => {
  const { default: Class, WebSocketServer: Server } = await import('ws');
  assert.equal(Class, WebSocket);
  assert.equal(Server, WebSocketServer);
});
