'use strict';

const http = require('node:http');

const { FirstRequests, kParsed, whyNotFresh } = require('./first-requests.js');
const { Entrance } = require('../../transport/raw/entrance.js');
const native = require('../../native/native.js');
const { isTracing, trace } = require('../../util/trace.js');

/** @typedef {import('node:net').Socket} Socket */
/** What Node does not document. @typedef {http.Server & { noDelay?: boolean, pauseOnConnect?: boolean }} PlainServer */

/**
 * As `http.createServer`, but an I/O thread reads the first request of each connection, and carries its WebSocket from there.
 *
 * @param {any} [options] those of `http.createServer`
 * @param {(req: http.IncomingMessage, res: http.ServerResponse) => void} [requestListener]
 * @returns {http.Server}
 * @throws what `http.createServer` throws
 */
function createServer(options, requestListener) {
  const server = /** @type {PlainServer} */ (http.createServer(options, requestListener));
  const reason = whyByNode(server);
  if (reason !== null) {
    if (isTracing) trace('all requests of a server are read by Node.js: %s', reason);
    return server;
  }
  const [byNode] = /** @type {((socket: Socket) => void)[]} */ (server.listeners('connection'));
  const toNode = (/** @type {Socket} */ socket) => {
    byNode.call(server, socket);
    server.emit(/** @type {any} */ (kParsed), socket);
  };
  // Its `'connection'` listeners have each socket when it comes.
  const first = new FirstRequests(server, toNode, () => false);
  server.off('connection', byNode);
  server.on('connection', (socket) => {
    const most = isUntouched(server, socket) ? first.most : 0;
    const entrance = most > 0 ? enter(socket, first, most) : null;
    if (entrance === null) {
      byNode.call(server, socket);
      return;
    }
    // A shard sets it.
    if (server.noDelay === false) socket.setNoDelay(false);
    first.wait(entrance);
  });
  return server;
}

/**
 * @param {PlainServer} server
 * @param {Socket} socket
 * @returns {boolean} whether nobody has read from it, or reads or holds it back: by `pauseOnConnect` the app means to
 */
function isUntouched(server, socket) {
  return !server.pauseOnConnect && socket.readableFlowing === null && whyNotFresh(socket) === null;
}

/**
 * @param {Socket} socket
 * @param {FirstRequests} first
 * @param {number} most bytes of a head
 * @returns {Entrance | null} nothing if the system has no more descriptors
 */
function enter(socket, first, most) {
  try {
    /** @type {Entrance} */
    const entrance = new Entrance(
      socket,
      undefined,
      { head: (head) => first.open(entrance, head), other: () => first.pass(entrance) },
      most,
    );
    return entrance;
  } catch (error) {
    if (isTracing) trace('a connection is read by Node.js: %s', /** @type {Error} */ (error).message);
    return null;
  }
}

/** @param {http.Server} server @returns {string | null} why Rust cannot read a request at all */
function whyByNode(server) {
  if (process.versions.bun !== undefined || process.versions.deno !== undefined) return 'this is not Node.js';
  if (native.openRaw === undefined) return 'this system has no socket transport';
  return server.listenerCount('connection') === 1 ? null : 'its listeners are not those of Node.js';
}

module.exports = { createServer, whyByNode };
