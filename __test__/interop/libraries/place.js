'use strict';

const assert = require('node:assert/strict');
const { once } = require('node:events');
const http = require('node:http');
const path = require('node:path');
const { WebSocket, WebSocketServer } = require('../../../ws.js');
const { dependencies } = require('./package.json');

// Every library finds this package, whichever version of ws it asks for: none has one of its own.
for (const name of Object.keys(dependencies)) {
  const place = require.resolve('ws', { paths: [path.join(__dirname, 'node_modules', name)] });
  assert.equal(require(place), WebSocket, `the ws of ${name}`);
}

/**
 * @param {import('node:test').TestContext} t
 * @param {http.RequestListener} [listener]
 * @returns {http.Server} one that ends with the test; it does not listen yet
 */
function httpServer(t, listener) {
  const server = http.createServer(listener);
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return server;
}

/** @param {http.Server} server @returns {Promise<string>} its address, once it listens on a free port */
async function listen(server) {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `ws://127.0.0.1:${server.address().port}`;
}

/**
 * @param {import('node:test').TestContext} t
 * @param {object} [options] of the WebSocketServer
 * @returns {Promise<{ server: WebSocketServer, url: string }>} a server that listens, and ends with the test
 */
async function serve(t, options) {
  const web = httpServer(t);
  const server = new WebSocketServer({ server: web, ...options });
  t.after(() => {
    for (const client of server.clients) client.terminate();
    server.close();
  });
  return { server, url: await listen(web) };
}

/** @param {unknown} one @param {Function} [kind] */
function assertOurs(one, kind = WebSocket) {
  assert.ok(one instanceof kind, `a ${kind.name} of websockets/ws`);
}

/**
 * A client says `hello` to a server that answers with `hello back`, and closes.
 *
 * @param {WebSocket} client
 */
async function talk(client) {
  await once(client, 'open');
  client.send('hello');
  const [data, isBinary] = await once(client, 'message');
  assert.equal(String(data), 'hello back');
  assert.equal(isBinary, false);
  client.close(1000, 'done');
  assert.deepEqual(await once(client, 'close'), [1000, Buffer.from('done')]);
}

/**
 * The server's end of that talk.
 *
 * @param {WebSocket} webSocket
 * @returns {Promise<unknown[]>} what comes with its `close`
 */
function answer(webSocket) {
  webSocket.on('message', (data) => webSocket.send(`${data} back`));
  return once(webSocket, 'close');
}

module.exports = { WebSocket, WebSocketServer, answer, assertOurs, httpServer, listen, serve, talk };
