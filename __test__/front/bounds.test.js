'use strict';

// What an app sets on a server, or asks of its sockets, holds for those that Rust accepts as for those that Node.js accepts.

const assert = require('node:assert/strict');
const { AsyncLocalStorage } = require('node:async_hooks');
const { once } = require('node:events');
const http = require('node:http');
const net = require('node:net');
const os = require('node:os');
const { test } = require('node:test');
const { createServer } = require('../..');
const { attached, hasDoors } = require('../support/attached');
const { exchange, requestText } = require('../support/raw-http');
const { limit } = require('../support/server');
const { Client } = require('../support/ws-client');

/** An interface that has an address of its link (RFC 4291 §2.5.6). */
const LINK = Object.entries(os.networkInterfaces())
  .flatMap(([name, addresses]) => addresses.map(({ address }) => ({ name, address })))
  .find(({ address }) => address.startsWith('fe80:'));

for (const create of [http.createServer, createServer]) {
  const by = create === createServer ? 'createServer' : 'http.createServer';
  /** @param {string} title @param {(t: import('node:test').TestContext) => Promise<void>} body @param {object} [options] */
  const both = (title, body, options) => test(`${by}: ${title}`, { ...limit, ...options }, body);

  both('maxHeaderSize, below 16 KiB as well', async (t) => {
    const { port } = await attached(t, { create, http: { maxHeaderSize: 1_000 } });
    const { status, socket } = await exchange(port, requestText());
    assert.equal(status, 101);
    socket.destroy();
    const headers = { 'X-A': 'b'.repeat(2_000) };
    assert.equal((await exchange(port, requestText({ headers }))).status, 431);
  });

  both('maxConnections = 0 is what it is in this version of Node.js', async (t) => {
    const { httpServer, url } = await attached(t, { create });
    httpServer.maxConnections = 0;
    const client = new Client(url);
    if (Number.parseInt(process.versions.node, 10) < 21) await client.opened;
    else await assert.rejects(client.opened);
    client.destroy();
  });

  both('a list of addresses to block is Node.js’s to heed', async (t) => {
    const prepare = (httpServer) => Object.assign(httpServer, { blockList: new net.BlockList() });
    const { httpServer, url } = await attached(t, { create, prepare });
    assert.equal(httpServer._handle.constructor.name, 'TCP');
    const client = new Client(url);
    await client.opened;
    client.destroy();
  });

  both('pauseOnConnect is Node.js’s to heed as well', async (t) => {
    const prepare = (httpServer) => Object.assign(httpServer, { pauseOnConnect: true });
    const { httpServer } = await attached(t, { create, prepare });
    assert.equal(httpServer._handle.constructor.name, 'TCP');
  });

  both('setNoDelay acts on the socket of a plain request', async (t) => {
    const { httpServer, port } = await attached(t, { create });
    const calls = [];
    httpServer.on('request', ({ socket }) => {
      const { setNoDelay } = socket._handle;
      socket._handle.setNoDelay = function around(on) {
        calls.push(on);
        return setNoDelay.call(this, on);
      };
      socket.setNoDelay(true).setNoDelay(false).setNoDelay(false).setNoDelay(true);
    });
    const lines = { Upgrade: undefined, Connection: 'close' };
    assert.equal((await exchange(port, requestText({ headers: lines }))).status, 200);
    assert.deepEqual(calls, [false, true]);
  });

  both(
    'an address of a link has the name of that',
    async (t) => {
      const { server, port } = await attached(t, { create, host: '::' });
      const host = `${LINK.address}%${LINK.name}`;
      const opened = once(server, 'open');
      const client = net.connect({ port, host });
      client.write(requestText());
      const [sid, req] = await opened;
      const { socket } = req;
      assert.deepEqual(
        [server.sockets[sid].remoteAddress, socket.remoteAddress, socket.localAddress, socket.remoteFamily],
        [host, host, host, 'IPv6'],
      );
      client.destroy();
    },
    { skip: LINK === undefined },
  );
}

test('what the app had entered to listen is there for each who comes by a door', {
  ...limit,
  skip: !hasDoors,
}, async (t) => {
  const storage = new AsyncLocalStorage();
  const stores = [];
  const options = { shouldAccept: () => stores.push(storage.getStore()) > 0 };
  const { httpServer, port, url } = await storage.run('app', () => attached(t, { options }));
  httpServer.prependListener('request', () => stores.push(storage.getStore()));
  const client = new Client(url);
  await client.opened;
  client.destroy();
  await exchange(port, requestText({ headers: { Upgrade: undefined, Connection: 'close' } }));
  // Node.js has it there for the second alone.
  assert.deepEqual(stores, ['app', 'app']);
});
