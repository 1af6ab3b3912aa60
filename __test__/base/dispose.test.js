'use strict';

const assert = require('node:assert/strict');
const { once } = require('node:events');
const { test } = require('node:test');
const { Client, Server } = require('../..');
const { limit, served } = require('../support/server');
const { Client: Peer } = require('../support/ws-client');

// Node.js 18.0 to 18.17 and 20.0 to 20.4 have no such symbol.
const options = { ...limit, skip: Symbol.asyncDispose === undefined && 'this Node.js has no Symbol.asyncDispose' };

test(
  'a Base closes all with 1001, and waits for the last of them',
  options,
  served({}, async ({ base, events, connectMany }) => {
    const clients = await connectMany(3);
    base.send('last');
    base.close(clients[0].sid, 4000);
    await base[Symbol.asyncDispose]();
    assert.equal(events.list('close').length, 3);
    assert.deepEqual(base.stats().closing, 0);
    assert.deepEqual(
      await Promise.all(clients.map((client) => client.closed().then(({ code }) => code))),
      [4000, 1001, 1001],
    );
    assert.deepEqual(
      clients.map((client) => client.messages),
      [['last'], ['last'], ['last']],
    );
    await base[Symbol.asyncDispose](); // nothing is left
  }),
);

test('a close listener that throws keeps nobody waiting', options, (t) =>
  served({}, async ({ base, connectMany }) => {
    const thrown = [];
    process.setUncaughtExceptionCaptureCallback((error) => thrown.push(error.message));
    t.after(() => process.setUncaughtExceptionCaptureCallback(null));
    await connectMany(2);
    base.on('close', () => {
      throw new Error('mine');
    });
    await base[Symbol.asyncDispose]();
    assert.deepEqual(thrown, ['mine', 'mine']);
  })(t),
);

test('a Server stops, and a Client opens nothing any more', options, async () => {
  const server = new Server();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  const client = new Client({ url: `ws://127.0.0.1:${port}`, reconnect: true });
  client.open();
  await once(server, 'open');
  const peer = new Peer(`ws://127.0.0.1:${port}/`);
  await peer.opened;
  await client[Symbol.asyncDispose]();
  assert.equal(client.connections, 0);
  await server[Symbol.asyncDispose]();
  assert.equal((await peer.closed()).code, 1001);
  assert.equal(server.address(), null);
  await assert.rejects(new Peer(`ws://127.0.0.1:${port}/`).opened, { code: 'ECONNREFUSED' });
});

test('server.close(callback) is called although a close listener throws', limit, async (t) => {
  const thrown = [];
  process.setUncaughtExceptionCaptureCallback((error) => thrown.push(error.message));
  t.after(() => process.setUncaughtExceptionCaptureCallback(null));
  const server = new Server();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const peer = new Peer(`ws://127.0.0.1:${server.address().port}/`);
  await peer.opened;
  server.on('close', () => {
    throw new Error('mine');
  });
  await new Promise((resolve) => server.close(resolve));
  assert.deepEqual(thrown, ['mine']);
});
