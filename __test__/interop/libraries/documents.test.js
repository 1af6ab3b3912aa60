'use strict';

// Documents of Yjs that several edit, over ws.

const assert = require('node:assert/strict');
const { once } = require('node:events');
const { test } = require('node:test');
const { HocuspocusProvider, HocuspocusProviderWebsocket } = require('@hocuspocus/provider');
const { Hocuspocus } = require('@hocuspocus/server');
const { WebsocketProvider } = require('y-websocket');
const { docs, setupWSConnection } = require('y-websocket/bin/utils');
const Y = require('yjs');
const { limit } = require('../../support/server');
const { WebSocket, WebSocketServer, assertOurs, serve } = require('./place');

/** @param {Y.Text} text @param {string} wanted resolves once it reads so */
function reads(text, wanted) {
  return new Promise((resolve) => {
    const check = () => String(text) === wanted && resolve();
    text.observe(check);
    check();
  });
}

test('y-websocket: what one writes, the other reads', limit, async (t) => {
  const { server, url } = await serve(t);
  const closed = [];
  t.after(() => {
    for (const document of docs.values()) document.destroy();
  });
  server.on('connection', (webSocket, request) => {
    assertOurs(webSocket);
    closed.push(once(webSocket, 'close'));
    setupWSConnection(webSocket, request);
  });
  const [ada, bob] = [1, 2].map(() => {
    const document = new Y.Doc();
    const options = { WebSocketPolyfill: WebSocket, disableBc: true };
    const provider = new WebsocketProvider(url, 'notes', document, options);
    t.after(() => document.destroy());
    return { provider, text: document.getText() };
  });
  assertOurs(ada.provider.ws);
  ada.text.insert(0, 'Hello');
  await reads(bob.text, 'Hello');
  bob.text.insert(5, ', Ada');
  await reads(ada.text, 'Hello, Ada');
  for (const { provider } of [ada, bob]) provider.destroy();
  await Promise.all(closed);
  assert.equal(closed.length, 2);
});

test('hocuspocus: what one writes, the other reads', limit, async (t) => {
  const hocuspocus = new Hocuspocus({ port: 0, address: '127.0.0.1', quiet: true, stopOnSignals: false });
  await hocuspocus.listen();
  t.after(() => hocuspocus.destroy());
  const { webSocketServer } = hocuspocus.server;
  assertOurs(webSocketServer, WebSocketServer);
  const url = `ws://127.0.0.1:${hocuspocus.address.port}`;
  const [ada, bob] = [1, 2].map(() => {
    const websocketProvider = new HocuspocusProviderWebsocket({ url, WebSocketPolyfill: WebSocket });
    const document = new Y.Doc();
    const provider = new HocuspocusProvider({ websocketProvider, name: 'notes', document });
    t.after(() => {
      provider.destroy();
      websocketProvider.destroy();
      document.destroy();
    });
    return { text: document.getText() };
  });
  ada.text.insert(0, 'Hello');
  await reads(bob.text, 'Hello');
  bob.text.insert(5, ', Ada');
  await reads(ada.text, 'Hello, Ada');
  for (const webSocket of webSocketServer.clients) assertOurs(webSocket);
});
