'use strict';

// Functions of the app's that throw, or reject, while somebody who has come by a door is decided on.

const assert = require('node:assert/strict');
const { subscribe, unsubscribe } = require('node:diagnostics_channel');
const { once } = require('node:events');
const http = require('node:http');
const net = require('node:net');
const { test } = require('node:test');
const { createServer } = require('../..');
const native = require('../../lib/native/native');
const { attached, countOf, counted, hasDoors } = require('../support/attached');
const { exchange, requestText } = require('../support/raw-http');
const { limit } = require('../support/server');
const { Client } = require('../support/ws-client');

const only = { ...limit, skip: !hasDoors };

/** The next exception that nobody catches, which the test runner does not hear of. @param {import('node:test').TestContext} t */
function uncaught(t) {
  const listeners = process.listeners('uncaughtException');
  process.removeAllListeners('uncaughtException');
  t.after(() => {
    process.removeAllListeners('uncaughtException');
    for (const listener of listeners) process.on('uncaughtException', listener);
  });
  return new Promise((resolve) => process.once('uncaughtException', resolve));
}

/** Sends these bytes: the client, and its end. @param {import('node:test').TestContext} t @param {number} port @param {string} text */
function sends(t, port, text) {
  const client = net.connect({ port, host: '127.0.0.1' });
  client.on('error', () => {});
  client.write(text);
  t.after(() => client.destroy());
  return { client, over: new Promise((resolve) => client.resume().on('close', resolve)) };
}

test('one whose decision throws is dropped, and has no socket any more', only, async (t) => {
  const { httpServer, port, url } = await attached(t);
  const requests = [];
  httpServer.shouldUpgradeCallback = (req) => {
    requests.push(req);
    if (requests.length === 1) throw new Error('of the app');
    return true;
  };
  const thrown = uncaught(t);
  await sends(t, port, requestText()).over;
  assert.equal((await thrown).message, 'of the app');
  await counted(httpServer, 0);
  // Who comes next may have its number.
  const client = new Client(url);
  await client.opened;
  assert.equal(requests[0].socket.destroyed, true);
  client.send('there');
  assert.equal(client.ws.readyState, client.ws.OPEN);
  assert.equal(await countOf(httpServer), 1);
  client.destroy();
  await counted(httpServer, 0);
});

test('one whose decision throws after it has looked at the socket is dropped as well', only, async (t) => {
  const { httpServer, port } = await attached(t);
  httpServer.shouldUpgradeCallback = ({ socket }) => {
    assert.equal(socket.remoteAddress, '127.0.0.1');
    throw new Error('of the app');
  };
  const thrown = uncaught(t);
  await sends(t, port, requestText()).over;
  assert.equal((await thrown).message, 'of the app');
  await counted(httpServer, 0);
});

test('who hears of a connection that Node.js has may destroy it', only, async (t) => {
  const { httpServer, port } = await attached(t);
  const heard = [];
  const destroy = ({ socket }) => {
    heard.push(socket.server === httpServer);
    socket.destroy();
  };
  subscribe('net.server.socket', destroy);
  t.after(() => unsubscribe('net.server.socket', destroy));
  await sends(t, port, requestText()).over;
  await counted(httpServer, 0);
  // The client's own is heard of as well where it is in this process, but not by this name.
  assert.deepEqual(heard, [true]);
});

test('closeAllConnections() after close() drops handshakes that are on their way', only, async (t) => {
  const { server, httpServer, port } = await attached(t);
  server.on('open', () => assert.fail('it is closed'));
  const client = net.connect({ port, host: '127.0.0.1' });
  client.on('error', () => {});
  t.after(() => client.destroy());
  await once(client, 'connect');
  await new Promise((resolve) => client.write(requestText(), resolve));
  // Rust has read it by then, and this thread has not heard of it.
  for (const until = performance.now() + 100; performance.now() < until; );
  const closed = new Promise((resolve) => httpServer.close(resolve));
  httpServer.closeAllConnections();
  await closed;
});

test('one for which no socket can be made is gone, and does not count', only, async (t) => {
  const { httpServer, port } = await attached(t);
  const { highWaterMark } = httpServer;
  httpServer.highWaterMark = 'none';
  const thrown = uncaught(t);
  await sends(t, port, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n').over;
  assert.equal((await thrown).code, 'ERR_INVALID_ARG_VALUE');
  assert.equal(await countOf(httpServer), 0);
  httpServer.highWaterMark = highWaterMark;
  const headers = { Upgrade: undefined, Connection: 'close' };
  assert.equal((await exchange(port, requestText({ headers }))).status, 200);
  await counted(httpServer, 0);
});

test('one that is not upgraded counts once, though its socket was looked at', only, async (t) => {
  const { httpServer, port } = await attached(t);
  httpServer.shouldUpgradeCallback = ({ socket }) => socket === null;
  const { client, over } = sends(t, port, requestText());
  await once(client, 'data');
  assert.equal(await countOf(httpServer), 1);
  client.destroy();
  await over;
  await counted(httpServer, 0);
  httpServer.maxConnections = 1;
  const first = sends(t, port, requestText());
  await once(first.client, 'data');
  const dropped = once(httpServer, 'drop');
  await sends(t, port, requestText()).over;
  await dropped;
});

test('a server that no shard accepts for has an error, and is closed', only, async (t) => {
  const { openDoor } = native;
  const slots = [];
  t.after(() => Object.assign(native, { openDoor }));
  native.openDoor = (...args) => {
    const opened = openDoor(...args);
    slots.push(opened[0]);
    return opened;
  };
  const { httpServer } = await attached(t);
  const failed = new Promise((resolve) => httpServer.on('error', resolve));
  const closed = new Promise((resolve) => httpServer.on('close', resolve));
  assert.ok(slots.length > 0);
  // As a shard does whose poller does not take the listening socket.
  for (const slot of slots) native.closeDoor(slot);
  native.flush();
  assert.equal((await failed).code, 'ERR_WS_TAKEOVER');
  await closed;
  assert.equal(httpServer.listening, false);
});

for (const create of [http.createServer, createServer]) {
  const by = create === createServer ? 'createServer' : 'http.createServer';
  /** @param {string} title @param {(t: import('node:test').TestContext) => Promise<void>} body */
  const both = (title, body) => test(`${by}: ${title}`, limit, body);

  both('an app that closes its Server while it decides may reject', async (t) => {
    const unhandled = [];
    const hear = (reason) => unhandled.push(reason);
    process.on('unhandledRejection', hear);
    t.after(() => process.off('unhandledRejection', hear));
    const { server, port } = await attached(t, { create });
    server.shouldAccept = async () => {
      server.close();
      throw new Error('of the app');
    };
    assert.equal((await exchange(port, requestText())).status, 503);
    for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(unhandled, []);
  });

  both('a thenable that is a function is waited for', async (t) => {
    const { server, port } = await attached(t, { create });
    // biome-ignore lint/suspicious/noThenProperty: it is what is tested
    server.shouldAccept = () => Object.assign(() => {}, { then: (resolve) => setImmediate(resolve, 402) });
    assert.equal((await exchange(port, requestText())).status, 402);
  });
}

test('the app is not asked about a request that was given up by then', limit, async (t) => {
  const { httpServer, server, port } = await attached(t, { create: http.createServer });
  let asked = 0;
  server.shouldAccept = () => ++asked > 0;
  httpServer.on('upgrade', () => server.close());
  assert.equal((await exchange(port, requestText())).status, 503);
  assert.equal(asked, 0);
});
