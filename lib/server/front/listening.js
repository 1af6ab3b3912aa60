'use strict';

const cluster = /** @type {import('node:cluster').Cluster} */ (/** @type {unknown} */ (require('node:cluster')));

const { Door, kOnlyParsers } = require('./door.js');
const { hasOwnClass } = require('./request-message.js');
const native = require('../../native/native.js');
const { isTracing, trace } = require('../../util/trace.js');

/** ms. With a shorter timeout, Node is to measure from the moment at which a connection is there. */
const LONG = 4_000;

/** From Node 26 on, `closeIdleConnections` closes connections as well that have said nothing. `close` calls it. */
const IDLE_ARE_SILENT = Number.parseInt(process.versions.node, 10) >= 26;

/** @typedef {import('./part.js').HttpServer} HttpServer */
/** @typedef {import('./door.js').Coming} Coming */

/**
 * From now on, Rust accepts the connections of a server wherever it listens, if it can.
 *
 * @param {HttpServer} server
 * @param {Coming & { whyNot?: () => string | null, events?: string[] }} how `whyNot` says what else there is against that;
 *   a listener of one of the `events` is to hear of each connection that comes from then on, before anybody has spoken to it
 * @returns {() => Door | null} the door by which connections come, if they do
 */
function acceptByDoors(server, { whyNot, events, ...coming }) {
  /** @type {Door | null} */
  let door = null;
  // Before the app hears that it listens.
  server.prependListener('listening', () => {
    // It may have been closed, and listen again, before it was heard that it listens.
    if (server._handle instanceof Door) return;
    const given = hasOwnHandle ? null : 'it listens on a handle that it was given';
    const reason = given ?? whyByNode(server) ?? whyNot?.() ?? coming.whyHeard();
    door = reason === null ? doorOf(server, coming) : null;
    if (isTracing && reason !== null) trace('Node.js accepts the connections of a server: %s', reason);
  });
  if (events !== undefined) {
    // Before the listener is there: who comes next is its own.
    server.on('newListener', (event, listener) => {
      if (events.includes(event) && !isOfParsers(listener)) door?.handOnAll(`the app listens to '${event}'`);
      else if (event === 'upgrade') door?.readHeads();
    });
    server.on('removeListener', (event) => {
      if (event === 'upgrade' || events.includes(event)) door?.readHeads();
    });
  }
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
  return () => door;
}

/**
 * @param {HttpServer} server
 * @param {Coming} coming
 * @returns {Door | null} nothing if the system refuses it
 */
function doorOf(server, coming) {
  try {
    return new Door(server, coming);
  } catch (error) {
    if (isTracing) trace('Node.js accepts the connections of a server: %s', /** @type {Error} */ (error).message);
    return null;
  }
}

/**
 * @param {HttpServer} server that listens
 * @returns {string | null} why Rust cannot accept its connections, whatever they speak
 */
function whyByNode(server) {
  const { _handle: handle, blockList, headersTimeout, pauseOnConnect, requestTimeout, timeout } = server;
  if (process.platform !== 'linux' || native.openDoor === undefined) return 'this system has no doors';
  if (process.versions.bun !== undefined || process.versions.deno !== undefined) return 'this is not Node.js';
  if (cluster.isWorker) return 'this is a worker of node:cluster';
  if (handle?.constructor.name !== 'TCP' || !(handle.fd >= 0)) return 'it does not listen on TCP';
  if (hasOwnClass(server)) return 'its requests have a class of the app';
  // By address, Node drops connections before anybody hears of them.
  if (blockList) return 'it has a list of addresses to block';
  if (pauseOnConnect) return 'its connections are to be paused';
  return timeout > 0 || isShort(headersTimeout) || isShort(requestTimeout) ? 'its timeouts are short' : null;
}

/** @param {number | undefined} ms of a timeout of Node's; 0 is none */
function isShort(ms) {
  return ms !== undefined && ms > 0 && ms < LONG;
}

/**
 * Whether the app listens to an event of a server's that says that somebody is there.
 *
 * @param {HttpServer} server
 * @param {string} event
 * @param {Function} own listener, which is the server's
 */
function isHeard(server, event, own) {
  return !server.listeners(event).every((one) => one === own || isOfParsers(one));
}

/** @param {unknown} listener whether it has no use for a socket without a parser */
function isOfParsers(listener) {
  return kOnlyParsers in Object(listener);
}

module.exports = { acceptByDoors, isHeard, isShort };
