'use strict';

const { EventEmitter } = require('node:events');
const http = require('node:http');
const https = require('node:https');
const net = require('node:net');

const { failure, invalidType } = require('../util/errors.js');

/** Not every runtime's HTTP servers are `net.Server`s: Bun's are not. */
const SERVERS = [net.Server, http.Server, https.Server];

/**
 * The HTTP server that `listen` is given, which may be an app's by mistake.
 *
 * @param {any} value the first argument of `listen`
 * @returns {import('node:http').Server | null} `null` if it is what `net.Server.listen` takes
 * @throws {TypeError} if it is an app of a framework, or anything else that hears no upgrades
 * @throws {Error} `ERR_WS_UNSUPPORTED_HTTP2`
 */
function givenServer(value) {
  if (SERVERS.some((one) => value instanceof one)) {
    if (isHttp2Alone(value)) {
      const message =
        'WebSockets over HTTP/2 are not supported: give the HTTP/2 server allowHTTP1: true, or an https.Server';
      throw failure('ERR_WS_UNSUPPORTED_HTTP2', message);
    }
    return /** @type {any} */ (value);
  }
  // A callback of `net.Server.listen` has no `listen` itself, and no use for a request and a response.
  const isApp = typeof value === 'function' && (typeof value.listen === 'function' || value.length > 1);
  const hasServer = typeof value?.server === 'object' && typeof value.listen === 'function';
  if (isApp || hasServer || value instanceof EventEmitter) {
    const which = 'the server that http.createServer(app) or app.listen(port) returns, or a port';
    throw invalidType('The "httpServer" argument', `an http.Server or https.Server: ${which}`, value);
  }
  return null;
}

/**
 * An HTTP/2 server, unless clients may speak HTTP/1.1 to it: those can be upgraded.
 *
 * @param {any} httpServer
 */
function isHttp2Alone({ updateSettings, ALPNProtocols }) {
  return typeof updateSettings === 'function' && !String(ALPNProtocols).includes('http/1.1');
}

module.exports = { givenServer };
