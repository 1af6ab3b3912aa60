'use strict';

// What require() and import get.

const assert = require('node:assert/strict');
const { test } = require('node:test');
const WebSocket = require('websockets/ws');

test('require() has the class, with all else as its properties', () => {
  assert.equal(WebSocket.WebSocket, WebSocket);
  assert.equal(WebSocket.Server, WebSocket.WebSocketServer);
  for (const name of ['createWebSocketStream', 'CloseEvent', 'ErrorEvent', 'Event', 'MessageEvent', 'Sender']) {
    assert.equal(typeof WebSocket[name], 'function', name);
  }
});

test('import has it as default, and the names that ws has', async () => {
  const module = await import('websockets/ws');
  const reference = await import('ws');
  assert.equal(module.default, WebSocket);
  assert.deepEqual(
    Object.keys(reference).filter((name) => !(name in module)),
    [],
  );
  assert.equal(module.WebSocketServer, WebSocket.WebSocketServer);
});

test('what the engine does by itself says so', () => {
  assert.throws(() => new WebSocket.Receiver(), /Receiver is not there: the engine does its work/);
  assert.throws(() => new WebSocket.PerMessageDeflate(), /perMessageDeflate option/);
  assert.equal(WebSocket.PerMessageDeflate.extensionName, 'permessage-deflate');
});
