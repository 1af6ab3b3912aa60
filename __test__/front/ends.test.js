'use strict';

// How servers end, and what of them is free then.

const assert = require('node:assert/strict');
const { once } = require('node:events');
const http = require('node:http');
const net = require('node:net');
const { test } = require('node:test');
const { createServer } = require('../..');
const { attached } = require('../support/attached');
const { limit } = require('../support/server');
const { Client } = require('../support/ws-client');

for (const create of [http.createServer, createServer]) {
  const by = create === createServer ? 'createServer' : 'http.createServer';
  /** @param {string} title @param {(t: import('node:test').TestContext) => Promise<void>} body */
  const both = (title, body) => test(`${by}: ${title}`, limit, body);

  both('a server listens on its port again in the tick that it was closed in', async (t) => {
    const { httpServer, port, url } = await attached(t, { create });
    for (let round = 0; round < 5; round++) {
      const closed = new Promise((resolve) => httpServer.close(resolve));
      httpServer.listen(port);
      await Promise.all([once(httpServer, 'listening'), closed]);
      assert.equal(httpServer.address().port, port);
      const client = new Client(url);
      await client.opened;
      const over = once(httpServer, 'close');
      client.destroy();
      httpServer.close();
      await over;
      httpServer.listen(port);
      await once(httpServer, 'listening');
    }
  });

  both('so does another server', async (t) => {
    for (let round = 0; round < 5; round++) {
      const { httpServer, port, url } = await attached(t, { create });
      const other = net.createServer((socket) => socket.destroy());
      t.after(() => other.close());
      httpServer.close();
      other.listen(port);
      await once(other, 'listening');
      await assert.rejects(new Client(url).opened);
    }
  });

  both('nobody is accepted once close() has returned', async (t) => {
    const { httpServer, port } = await attached(t, { create });
    httpServer.close();
    await assert.rejects(once(net.connect({ port, host: '127.0.0.1' }), 'connect'), { code: 'ECONNREFUSED' });
  });
}
