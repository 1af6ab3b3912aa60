'use strict';

const { once } = require('node:events');
const { Server, createServer } = require('../..');
const native = require('../../lib/native/native');

/** Whether shards accept the connections of a `createServer`. */
const hasDoors = process.platform === 'linux' && native.openDoor !== undefined;

/**
 * A `Server` on an HTTP server that listens: nobody else hears of the upgrades. Both are gone when the test ends.
 *
 * @param {import('node:test').TestContext} t
 * @param {object} [how]
 * @param {object} [how.options] of the `Server`
 * @param {object} [how.http] of the HTTP server
 * @param {typeof import('node:http').createServer} [how.create]
 * @param {(httpServer: import('node:http').Server) => void} [how.prepare] before it listens
 * @param {string} [how.host] that it listens on
 */
async function attached(t, { options, http, create = createServer, prepare, host = '127.0.0.1' } = {}) {
  const httpServer = create(http ?? {}, (_req, res) => res.end('plain'));
  const server = new Server(options).listen(httpServer);
  prepare?.(httpServer);
  httpServer.listen(0, host);
  await once(httpServer, 'listening');
  t.after(() => {
    server.close();
    httpServer.close();
    httpServer.closeAllConnections?.();
  });
  const { port } = httpServer.address();
  return { server, httpServer, port, url: `ws://127.0.0.1:${port}/` };
}

/**
 * @param {import('node:http').Server} httpServer
 * @returns {Promise<number>} how many connections it counts
 */
function countOf(httpServer) {
  return new Promise((resolve, reject) =>
    httpServer.getConnections((error, count) => (error ? reject(error) : resolve(count))),
  );
}

/** Waits until an HTTP server counts this many connections. @param {import('node:http').Server} httpServer @param {number} count */
async function counted(httpServer, count) {
  while ((await countOf(httpServer)) !== count) await new Promise((resolve) => setImmediate(resolve));
}

module.exports = { attached, countOf, counted, hasDoors };
