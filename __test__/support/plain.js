'use strict';

const { once } = require('node:events');
const net = require('node:net');

const { createServer } = require('../..');

/**
 * An HTTP server that listens, has an `'upgrade'` listener, and is gone when the test ends.
 *
 * @param {import('node:test').TestContext} t
 * @param {object} [options] of `http.createServer`
 * @param {Function} [listener] of requests
 * @param {typeof import('node:http').createServer} [create]
 */
async function plain(t, options = {}, listener = (_req, res) => res.end('answer'), create = createServer) {
  const server = create(options, listener);
  server.on('upgrade', (_req, socket) => t.after(() => socket.destroy()));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections?.();
    server.close();
  });
  return server;
}

/**
 * A client of it, which keeps what comes.
 *
 * @param {import('node:test').TestContext} t
 * @param {import('node:http').Server} server
 */
function dialed(t, server) {
  const client = net.connect({ port: server.address().port, host: '127.0.0.1', noDelay: true });
  client.text = '';
  client.on('data', (chunk) => (client.text += chunk.toString('latin1')));
  client.on('error', () => {});
  t.after(() => client.destroy());
  return client;
}

module.exports = { dialed, plain };
