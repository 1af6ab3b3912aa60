'use strict';

const { randomBytes } = require('node:crypto');
const http = require('node:http');
const https = require('node:https');
const net = require('node:net');
const tls = require('node:tls');

const { acceptKey } = require('../handshake/accept-key.js');
const { confirmExtensions, offerExtensions } = require('../handshake/negotiation.js');
const { isToken } = require('../options/headers.js');
const { checkPerMessageDeflate } = require('../options/per-message-deflate.js');
const { nextTick } = require('../util/clock.js');
const { deflateOptions } = require('../options/deflate-of-ws.js');
const { CLOSING, CONNECTING } = require('./ready-state.js');
const { isSameTarget, targetOf } = require('./address.js');
const { attach } = require('./attach.js');
const { sharedGroup } = require('./settings.js');

/** The versions of the protocol that a request may name; the frames of both are the same. */
const VERSIONS = [8, 13];

/** Requests that were given up: what becomes of them is heard no more. @type {WeakSet<object>} */
const aborted = new WeakSet();

/**
 * @typedef {import('./types').WebSocketObject} WebSocket
 * @typedef {import('./state.js').State} State
 * @typedef {import('node:http').ClientRequest} ClientRequest
 * @typedef {import('node:http').IncomingMessage} IncomingMessage
 * @typedef {import('./address.js').Target} Target
 */

/**
 * Begins a client's opening handshake (RFC 6455 §4.1).
 *
 * @param {WebSocket} webSocket
 * @param {State} state its own
 * @param {string | URL} address
 * @param {unknown[]} protocols
 * @param {any} given the options as they were given
 * @throws {SyntaxError | RangeError} if an argument is wrong
 */
function connect(webSocket, state, address, protocols, given) {
  new Handshake(webSocket, state, protocols, given).begin(address);
}

/** One opening handshake, over all its redirects. */
class Handshake {
  #webSocket;
  #state;
  #protocols;
  #given;
  #settings;
  #deflate;
  /** Headers as the app gave them. @type {Record<string, any>} */
  #headers;
  /** Where the first request goes. @type {Target | undefined} */
  #first;

  /**
   * @param {WebSocket} webSocket
   * @param {State} state
   * @param {unknown[]} protocols
   * @param {any} given
   */
  constructor(webSocket, state, protocols, given) {
    const { followRedirects = false, perMessageDeflate = true, protocolVersion = 13 } = given;
    if (!VERSIONS.includes(protocolVersion)) {
      const supported = VERSIONS.join(', ');
      throw new RangeError(`Unsupported protocol version: ${protocolVersion} (supported versions: ${supported})`);
    }
    this.#webSocket = webSocket;
    this.#state = state;
    this.#protocols = checkProtocols(protocols);
    this.#settings = { ...state.options, perMessageDeflate };
    this.#given = { maxRedirects: 10, ...given, followRedirects, protocolVersion };
    this.#headers = followRedirects ? lowerCased(given.headers ?? {}) : { ...given.headers };
    this.#deflate = checkPerMessageDeflate('The "perMessageDeflate" option', deflateOptions(perMessageDeflate));
  }

  /** @param {string | URL} address @throws {SyntaxError} if it is none */
  begin(address) {
    const target = targetOf(address);
    this.#state.url = target.href;
    this.#first ??= target;
    this.#ask(target);
  }

  /** @param {Target} target */
  #ask(target) {
    const webSocket = this.#webSocket;
    const { finishRequest, handshakeTimeout } = this.#given;
    const key = randomBytes(16).toString('base64');
    const request = (target.isSecure ? https : http).request(this.#requestOptions(target, key));
    webSocket._req = request;
    if (webSocket._redirects > 0) webSocket.emit('redirect', webSocket.url, request);
    if (handshakeTimeout) {
      request.on('timeout', () => this.#abort(request, 'Opening handshake has timed out'));
    }
    request.on('error', (error) => {
      if (webSocket._req !== request || aborted.has(request)) return;
      webSocket._req = null;
      this.#state.fail(error);
    });
    request.on('response', (response) => this.#answered(request, response, target));
    request.on('upgrade', (response, socket, head) => this.#upgraded(response, socket, head, key));
    finishRequest ? finishRequest(request, webSocket) : request.end();
  }

  /** @param {Target} target @param {string} key */
  #requestOptions(target, key) {
    const { handshakeTimeout, origin, protocolVersion, ...given } = this.#given;
    const isFollowing = this.#webSocket._redirects > 0;
    /** @type {Record<string, any>} */
    const headers = { ...this.#headers };
    let { auth = given.auth } = target;
    if (isFollowing && this.#webSocket.listenerCount('redirect') === 0) {
      const first = /** @type {Target} */ (this.#first);
      const isSame = isSameTarget(first, target);
      if (!isSame || (first.isSecure && !target.isSecure)) {
        // As curl does: secrets are for the first host.
        delete headers.authorization;
        delete headers.cookie;
        if (!isSame) delete headers.host;
        auth = undefined;
      }
    }
    if (given.followRedirects && auth && !headers.authorization) {
      headers.authorization = `Basic ${Buffer.from(auth).toString('base64')}`;
      // It goes along to where the same host leads.
      this.#headers.authorization = headers.authorization;
    }
    Object.assign(headers, {
      'Sec-WebSocket-Version': protocolVersion,
      'Sec-WebSocket-Key': key,
      Connection: 'Upgrade',
      Upgrade: 'websocket',
    });
    if (this.#deflate !== null) headers['Sec-WebSocket-Extensions'] = offerExtensions({}, this.#deflate);
    if (this.#protocols.length > 0) headers['Sec-WebSocket-Protocol'] = this.#protocols.join(',');
    if (origin) headers[protocolVersion < 13 ? 'Sec-WebSocket-Origin' : 'Origin'] = origin;
    const { host, path, port, socketPath, isSecure } = target;
    return {
      ...given,
      createConnection: given.createConnection ?? (isSecure ? connectTls : connectPlain),
      defaultPort: given.defaultPort ?? (isSecure ? 443 : 80),
      ...{ auth, headers, host, path, port, socketPath, method: 'GET', timeout: handshakeTimeout },
      hostname: undefined,
      protocol: undefined,
    };
  }

  /**
   * The server has not upgraded the connection.
   *
   * @param {ClientRequest} request
   * @param {IncomingMessage} response
   * @param {Target} target
   */
  #answered(request, response, target) {
    const webSocket = this.#webSocket;
    const { location } = response.headers;
    const status = Number(response.statusCode);
    if (location && this.#given.followRedirects && status >= 300 && status < 400) {
      webSocket._redirects++;
      if (webSocket._redirects > this.#given.maxRedirects) {
        this.#abort(request, 'Maximum redirects exceeded');
        return;
      }
      webSocket._req = null;
      request.destroy();
      this.#follow(location, target);
    } else if (!webSocket.emit('unexpected-response', request, response)) {
      this.#abort(request, `Unexpected server response: ${status}`);
    }
  }

  /** @param {string} location @param {Target} target where it came from */
  #follow(location, target) {
    let address;
    try {
      address = new URL(location, target.href);
    } catch {
      this.#state.fail(new SyntaxError(`Invalid URL: ${location}`));
      return;
    }
    try {
      this.begin(address);
    } catch (error) {
      this.#state.fail(/** @type {Error} */ (error));
    }
  }

  /**
   * The server has upgraded the connection, or so it says.
   *
   * @param {IncomingMessage} response
   * @param {import('node:stream').Duplex} socket
   * @param {Buffer} head
   * @param {string} key
   */
  #upgraded(response, socket, head, key) {
    const webSocket = this.#webSocket;
    webSocket.emit('upgrade', response);
    if (webSocket.readyState !== CONNECTING) {
      // A listener has closed it.
      return;
    }
    webSocket._req = null;
    const fault = this.#faultOf(response, key);
    if (fault !== null) {
      drop(this.#state, socket, fault);
      return;
    }
    const { headers } = response;
    let extensions;
    try {
      extensions = this.#extensionsOf(headers['sec-websocket-extensions']);
    } catch (error) {
      drop(this.#state, socket, /** @type {Error} */ (error).message);
      return;
    }
    const protocol = headers['sec-websocket-protocol'] ?? '';
    const assign = { head, mask: true, extensions, protocol: String(protocol) };
    try {
      attach(webSocket, this.#state, sharedGroup(this.#settings, true), socket, assign);
    } catch (error) {
      if (webSocket.readyState !== CONNECTING) throw error;
      drop(this.#state, socket, /** @type {Error} */ (error).message);
    }
  }

  /**
   * What is wrong with the server's answer (RFC 6455 §4.1).
   *
   * @param {IncomingMessage} response
   * @param {string} key
   * @returns {string | null}
   */
  #faultOf({ headers }, key) {
    if (headers.upgrade?.toLowerCase() !== 'websocket') {
      return 'Invalid Upgrade header';
    }
    if (headers['sec-websocket-accept'] !== acceptKey(key)) {
      return 'Invalid Sec-WebSocket-Accept header';
    }
    const protocol = headers['sec-websocket-protocol'];
    if (protocol === undefined) {
      return this.#protocols.length > 0 ? 'Server sent no subprotocol' : null;
    }
    if (this.#protocols.length === 0) {
      return 'Server sent a subprotocol but none was requested';
    }
    return this.#protocols.includes(String(protocol)) ? null : 'Server sent an invalid subprotocol';
  }

  /** @param {string | undefined} value of the header @returns {string} as `assignSocket` takes it */
  #extensionsOf(value) {
    if (value === undefined) {
      return '';
    }
    if (this.#deflate === null) {
      throw new Error('Server sent a Sec-WebSocket-Extensions header but no extension was requested');
    }
    try {
      return confirmExtensions(value, {}, this.#deflate);
    } catch (error) {
      const isOther = /was not offered/.test(/** @type {Error} */ (error).message);
      throw new Error(
        isOther ? 'Server indicated an extension that was not requested' : 'Invalid Sec-WebSocket-Extensions header',
      );
    }
  }

  /** @param {ClientRequest} request @param {string} message */
  #abort(request, message) {
    abortRequest(this.#state, request, message);
  }
}

/** @param {unknown[]} protocols @returns {string[]} */
function checkProtocols(protocols) {
  const isList = protocols.every((one) => typeof one === 'string' && isToken(one));
  if (!isList || new Set(protocols).size < protocols.length) {
    throw new SyntaxError('An invalid or duplicated subprotocol was specified');
  }
  return /** @type {string[]} */ (protocols);
}

/** @param {Record<string, unknown>} headers @returns {Record<string, unknown>} with names in lower case */
function lowerCased(headers) {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}

/** @param {any} options */
function connectPlain(options) {
  options.path = options.socketPath;
  return net.connect(options);
}

/** @param {any} options */
function connectTls(options) {
  options.path = undefined;
  if (!options.servername && options.servername !== '') {
    options.servername = net.isIP(options.host) ? '' : options.host;
  }
  return tls.connect(options);
}

/**
 * Gives up a handshake that waits for its answer.
 *
 * @param {WebSocket} webSocket that is connecting
 * @param {State} state its own
 * @param {string} message
 */
function abort(webSocket, state, message) {
  if (webSocket._req === null) {
    state.readyState = CLOSING;
    nextTick(() => state.fail(new Error(message)));
    return;
  }
  abortRequest(state, webSocket._req, message);
}

/**
 * @param {State} state
 * @param {ClientRequest} request
 * @param {string} message
 */
function abortRequest(state, request, message) {
  state.readyState = CLOSING;
  aborted.add(request);
  const error = new Error(message);
  request.destroy();
  // It may have completed: then the socket is not its own any more.
  request.socket?.destroy();
  nextTick(() => state.fail(error));
}

/**
 * The server's answer is none that opens a WebSocket.
 *
 * @param {State} state
 * @param {import('node:stream').Duplex} socket
 * @param {string} message
 */
function drop(state, socket, message) {
  state.readyState = CLOSING;
  socket.once('error', () => {});
  socket.once('close', () => state.fail(new Error(message)));
  socket.destroy();
}

module.exports = { abort, connect };
