'use strict';

const http = require('node:http');

const { acceptByDoors, isHeard } = require('./listening.js');

/** @typedef {import('./part.js').HttpServer} HttpServer */

/**
 * As `http.createServer`, but Rust accepts the connections, and reads what each says first: a WebSocket that a `Server` opens
 * has no `net.Socket`.
 *
 * @param {any} [options] those of `http.createServer`
 * @param {(req: http.IncomingMessage, res: http.ServerResponse) => void} [requestListener]
 * @returns {http.Server}
 * @throws what `http.createServer` throws
 */
function createServer(options, requestListener) {
  const server = /** @type {HttpServer} */ (http.createServer(options, requestListener));
  const [byNode] = server.listeners('connection');
  const whyHeard = () => (isHeard(server, 'connection', byNode) ? 'the app hears of its connections' : null);
  acceptByDoors(server, { whyHeard });
  return server;
}

module.exports = { createServer };
