'use strict';

const cluster = /** @type {import('node:cluster').Cluster} */ (/** @type {unknown} */ (require('node:cluster')));
const http = require('node:http');

const { Door, kOnlyParsers } = require('./door.js');
const { hasOwnClass } = require('./request-message.js');
const native = require('../../native/native.js');
const { isTracing, trace } = require('../../util/trace.js');

/** ms. With a shorter timeout, Node is to measure from the moment at which a connection is there. */
const LONG = 4_000;

/** From Node 26 on, `closeIdleConnections` closes connections as well that have said nothing. `close` calls it. */
const IDLE_ARE_SILENT = Number.parseInt(process.versions.node, 10) >= 26;

/** @typedef {import('node:net').Socket} Socket */
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
  const byNode = /** @type {(socket: Socket) => void} */ (server.listeners('connection')[0]);
  /** @type {Door | null} */
  let door = null;
  // Before the app hears that it listens.
  server.prependListener('listening', () => {
    // It may have been closed, and listen again, before it was heard that it listens.
    if (server._handle instanceof Door) return;
    const reason = hasOwnHandle ? whyByNode(server, byNode) : 'it listens on a handle that it was given';
    door = reason === null ? doorOf(server, byNode) : null;
    if (isTracing && reason !== null) trace('Node.js accepts the connections of a server: %s', reason);
  });
  const { closeAllConnections, closeIdleConnections, listen } = server;
  // A handle that it is given is others' as well: it stays.
  let hasOwnHandle = true;
  server.listen = function listenOn(/** @type {any[]} */ ...args) {
    const [first] = args;
    const listening = listen.apply(this, /** @type {any} */ (args));
    // If it listens already, that has thrown. It hears of `'listening'` later.
    hasOwnHandle =
      typeof first !== 'object' || first === null || !('_handle' in first || 'handle' in first || 'fd' in first);
    return listening;
  };
  if (closeAllConnections !== undefined) {
    server.closeAllConnections = () => {
      door?.dropSilent();
      closeAllConnections.call(server);
    };
  }
  if (IDLE_ARE_SILENT) {
    server.closeIdleConnections = () => {
      door?.dropSilent();
      closeIdleConnections.call(server);
    };
  }
  return server;
}

/**
 * @param {HttpServer} server
 * @param {(socket: Socket) => void} byNode
 * @returns {Door | null} nothing if the system refuses it
 */
function doorOf(server, byNode) {
  try {
    return new Door(server, byNode);
  } catch (error) {
    if (isTracing) trace('Node.js accepts the connections of a server: %s', /** @type {Error} */ (error).message);
    return null;
  }
}

/**
 * @param {HttpServer} server that listens
 * @param {(socket: Socket) => void} byNode its own `'connection'` listener
 * @returns {string | null} why Rust cannot accept its connections
 */
function whyByNode(server, byNode) {
  const { _handle: handle, blockList, headersTimeout, pauseOnConnect, requestTimeout, timeout } = server;
  if (process.platform !== 'linux' || native.openDoor === undefined) return 'this system has no doors';
  if (process.versions.bun !== undefined || process.versions.deno !== undefined) return 'this is not Node.js';
  if (cluster.isWorker) return 'this is a worker of node:cluster';
  if (handle?.constructor.name !== 'TCP' || !(handle.fd >= 0)) return 'it does not listen on TCP';
  if (hasOwnClass(server)) return 'its requests have a class of the app';
  // By address, Node drops connections before anybody hears of them.
  if (blockList) return 'it has a list of addresses to block';
  if (pauseOnConnect) return 'its connections are to be paused';
  if (timeout > 0 || isShort(headersTimeout) || isShort(requestTimeout)) return 'its timeouts are short';
  const isOurs = (/** @type {Function} */ one) => one === byNode || kOnlyParsers in one;
  return server.listeners('connection').every(isOurs) ? null : 'the app hears of its connections';
}

/** @param {number | undefined} ms of a timeout of Node's; 0 is none */
function isShort(ms) {
  return ms !== undefined && ms > 0 && ms < LONG;
}

module.exports = { createServer };
