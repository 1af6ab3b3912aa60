'use strict';

// What an open WebSocket keeps of its handshake.

const assert = require('node:assert/strict');
const { once } = require('node:events');
const http = require('node:http');
const { test } = require('node:test');
const { createServer } = require('../..');
const { attached } = require('../support/attached');
const { collect } = require('../support/collect');
const { limit } = require('../support/server');
const { Client } = require('../support/ws-client');

/** Node itself may hold on to what it used last. */
const FEW = 3;

for (const create of [http.createServer, createServer]) {
  const by = create === createServer ? 'createServer' : 'http.createServer';
  test(`${by}: requests of open WebSockets are garbage`, limit, async (t) => {
    const { server, url } = await attached(t, { create });
    const refs = [];
    server.on('open', (_sid, req) => refs.push(new WeakRef(req)));
    const clients = [];
    while (clients.length < 30) {
      const client = new Client(url);
      clients.push(client);
      await client.opened;
    }
    assert.equal(refs.length, 30);
    while (refs.filter((ref) => ref.deref() !== undefined).length > FEW) {
      // A WeakRef holds until the turn is over.
      await new Promise((resolve) => setImmediate(resolve));
      collect();
    }
    assert.equal(server.connections, 30);
    const over = once(server, 'close');
    for (const client of clients) client.destroy();
    await over;
  });
}
