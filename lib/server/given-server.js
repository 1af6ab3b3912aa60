'use strict';

const { EventEmitter } = require('node:events');
const http = require('node:http');
const https = require('node:https');
const net = require('node:net');

const { invalidType } = require('../util/errors.js');

/** Not every runtime's HTTP servers are `net.Server`s: Bun's are not. */
const SERVERS = [net.Server, http.Server, https.Server];

/**
 * The HTTP server that `listen` is given, which may be an app's by mistake.
 *
 * @param {any} value the first argument of `listen`
 * @returns {import('node:http').Server | null} `null` if it is what `net.Server.listen` takes
 * @throws {TypeError} if it is an app of a framework, or anything else that hears no upgrades
 */
function givenServer(value) {
  if (SERVERS.some((one) => value instanceof one)) {
    return /** @type {any} */ (value);
  }
  // A callback of `net.Server.listen` has no `listen` itself, and no use for a request and a response.
  const isApp = typeof value === 'function' && (typeof value.listen === 'function' || value.length > 1);
  const hasServer = typeof value?.server === 'object' && typeof value.listen === 'function';
  if (isApp || hasServer || value instanceof EventEmitter) {
    const which = 'the server that http.createServer(app) or app.listen(port) returns, or a port';
    throw invalidType(
      'The "httpServer" argument',
      `an HTTP server of node:http, node:https or node:http2: ${which}`,
      value,
    );
  }
  return null;
}

module.exports = { givenServer };
