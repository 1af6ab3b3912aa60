'use strict';

const { EventEmitter } = require('node:events');
const http = require('node:http');

const { acceptKey } = require('../handshake/accept-key.js');
const { checkPerMessageDeflate } = require('../options/per-message-deflate.js');
const { nextTick } = require('../util/clock.js');
const { attach } = require('./attach.js');
const { deflateOptions } = require('../options/deflate-of-ws.js');
const { Refusal, readExtensions, readProtocols, readRequest, refuse } = require('./server-handshake.js');
const { makeGroup, withDefaults } = require('./settings.js');
const { kState } = require('./state.js');
const { WebSocket } = require('./web-socket.js');

const [RUNNING, CLOSING, CLOSED] = [0, 1, 2];

/** Such as `EMFILE`: the process has no descriptor left. */
const SYSTEM_ERROR = /^E[A-Z]+$/;

/**
 * @typedef {import('node:http').IncomingMessage} IncomingMessage
 * @typedef {import('node:stream').Duplex} Duplex
 * @typedef {(webSocket: WebSocket, request: IncomingMessage) => void} Accepted
 */

/**
 * A WebSocket server, as `ws` has it. Events: `connection` (webSocket, request), `headers` (lines, request),
 * `wsClientError` (error, socket, request), `listening`, `error`, `close`.
 */
class WebSocketServer extends EventEmitter {
  /** @type {import('node:http').Server | null} */
  _server = null;
  #phase = RUNNING;
  #group;
  #deflate;
  /** Undoes what was hung on the HTTP server. */
  #detach = () => {};
  /** Whether the end of the last client is what `close` waits for. */
  #waitsForClients = false;

  /**
   * @param {any} options see `docs/guide/ws.md`
   * @param {() => void} [callback] a listener of `listening`
   * @throws {TypeError} unless exactly one of `port`, `server` and `noServer` is there
   */
  constructor(options, callback) {
    super();
    this.options = {
      backlog: null,
      clientTracking: true,
      handleProtocols: null,
      host: null,
      noServer: false,
      path: null,
      perMessageDeflate: false,
      port: null,
      server: null,
      verifyClient: null,
      WebSocket,
      ...withDefaults(options),
    };
    const { backlog, clientTracking, host, noServer, perMessageDeflate, port, server } = this.options;
    if ([port !== null, Boolean(server), Boolean(noServer)].filter(Boolean).length !== 1) {
      throw new TypeError('One and only one of the "port", "server", or "noServer" options must be specified');
    }
    this.#deflate = checkPerMessageDeflate('The "perMessageDeflate" option', deflateOptions(perMessageDeflate));
    this.#group = makeGroup(this, this.options, false);
    /** Its open connections, and those that are closing. @type {Set<WebSocket> | undefined} */
    this.clients = clientTracking ? new Set() : undefined;
    if (!clientTracking) delete this.clients;
    if (port !== null) {
      this._server = http.createServer(requireUpgrade);
      this._server.listen(port, host, backlog, callback);
    } else if (server) {
      this._server = server;
    }
    if (this._server !== null) this.#attach(this._server);
  }

  /** @param {import('node:http').Server} server */
  #attach(server) {
    const listeners = {
      listening: () => this.emit('listening'),
      error: (/** @type {Error} */ error) => this.emit('error', error),
      upgrade: (/** @type {IncomingMessage} */ request, /** @type {Duplex} */ socket, /** @type {Buffer} */ head) =>
        this.handleUpgrade(request, socket, head, (webSocket) => this.emit('connection', webSocket, request)),
    };
    for (const [event, listener] of Object.entries(listeners)) server.on(event, listener);
    this.#detach = () => {
      for (const [event, listener] of Object.entries(listeners)) server.off(event, listener);
    };
  }

  /**
   * @returns {import('node:net').AddressInfo | string | null} where it listens
   * @throws {Error} if it was made with `noServer`
   */
  address() {
    if (this.options.noServer) {
      throw new Error('The server is operating in "noServer" mode');
    }
    return this._server === null ? null : this._server.address();
  }

  /**
   * Takes no more connections; those that there are go on. `close` follows once they have ended.
   *
   * @param {(error?: Error) => void} [callback] a listener of `close`; gets an error if the server is closed already
   */
  close(callback) {
    if (this.#phase === CLOSED) {
      if (callback) this.once('close', () => callback(new Error('The server is not running')));
      nextTick(() => this.#closed());
      return;
    }
    if (callback) this.once('close', callback);
    if (this.#phase === CLOSING) {
      return;
    }
    this.#phase = CLOSING;
    const server = this._server;
    const isOwn = !this.options.noServer && !this.options.server;
    this.#detach();
    this._server = null;
    if (isOwn) {
      server?.close(() => this.#closed());
    } else if (this.clients !== undefined && this.clients.size > 0) {
      this.#waitsForClients = true;
    } else {
      nextTick(() => this.#closed());
    }
  }

  #closed() {
    this.#phase = CLOSED;
    this.emit('close');
  }

  /** How far it is: 0 running, 1 closing, 2 closed. */
  get _state() {
    return this.#phase;
  }

  /**
   * Whether a request is for this server: by its path, unless a subclass says otherwise.
   *
   * @param {IncomingMessage} request
   * @returns {boolean}
   */
  shouldHandle({ url = '' }) {
    const { path } = this.options;
    return !path || url.split('?', 1)[0] === path;
  }

  /**
   * Answers a request to upgrade.
   *
   * @param {IncomingMessage} request
   * @param {Duplex} socket
   * @param {Buffer} head
   * @param {Accepted} callback not called if the request is refused
   */
  handleUpgrade(request, socket, head, callback) {
    socket.on('error', destroySelf);
    let asked;
    try {
      asked = readRequest(request);
      if (!this.shouldHandle(request)) {
        refuse(socket, 400);
        return;
      }
      Object.assign(asked, {
        protocols: readProtocols(request),
        extensions: readExtensions(request, this.#deflate),
      });
    } catch (reason) {
      if (!(reason instanceof Refusal)) throw reason;
      this.#refuse(request, socket, reason);
      return;
    }
    this.#verify(request, socket, asked.version, () => {
      const { extensions, key, protocols } = /** @type {import('./server-handshake.js').Asked} */ (asked);
      this.completeUpgrade(extensions, key, protocols, request, socket, head, callback);
    });
  }

  /** @param {IncomingMessage} request @param {Duplex} socket @param {Refusal} reason */
  #refuse(request, socket, { status, message, headers }) {
    if (this.listenerCount('wsClientError') > 0) {
      this.emit('wsClientError', new Error(message), socket, request);
    } else {
      refuse(socket, status, message, headers);
    }
  }

  /**
   * Asks the app's `verifyClient`.
   *
   * @param {IncomingMessage} request
   * @param {Duplex} socket
   * @param {number} version
   * @param {() => void} accept
   */
  #verify(request, socket, version, accept) {
    const { verifyClient } = this.options;
    if (!verifyClient) {
      accept();
      return;
    }
    const { authorized, encrypted } = /** @type {any} */ (request.socket);
    const info = {
      origin: request.headers[version === 8 ? 'sec-websocket-origin' : 'origin'],
      secure: Boolean(authorized || encrypted),
      req: request,
    };
    if (verifyClient.length !== 2) {
      verifyClient(info) ? accept() : refuse(socket, 401);
      return;
    }
    /** @type {(isVerified: boolean, status?: number, message?: string, headers?: Record<string, unknown>) => void} */
    const verdict = (isVerified, status, message, headers) => {
      isVerified ? accept() : refuse(socket, status || 401, message, headers);
    };
    verifyClient(info, verdict);
  }

  /**
   * Ends the opening handshake, and makes its socket a WebSocket.
   *
   * @param {string} extensions as the response has them
   * @param {string} key
   * @param {Set<string>} protocols
   * @param {IncomingMessage} request
   * @param {Duplex} socket
   * @param {Buffer} head
   * @param {Accepted} callback
   * @throws {Error} if the socket carries a WebSocket already
   */
  completeUpgrade(extensions, key, protocols, request, socket, head, callback) {
    if (!socket.readable || !socket.writable) {
      // The client has ended its side: it does not wait for an answer.
      socket.destroy();
      return;
    }
    if (this.#phase > RUNNING) {
      refuse(socket, 503);
      return;
    }
    const { handleProtocols, WebSocket: Class } = this.options;
    const [first = ''] = protocols;
    const protocol = (protocols.size > 0 && handleProtocols ? handleProtocols(protocols, request) : first) || '';
    const lines = [
      'HTTP/1.1 101 Switching Protocols',
      'Upgrade: websocket',
      'Connection: Upgrade',
      `Sec-WebSocket-Accept: ${acceptKey(key)}`,
      ...(protocol ? [`Sec-WebSocket-Protocol: ${protocol}`] : []),
      ...(extensions ? [`Sec-WebSocket-Extensions: ${extensions}`] : []),
    ];
    const webSocket = new Class(null, undefined, this.options);
    this.emit('headers', lines, request);
    const assign = { head, mask: false, extensions, protocol };
    const accept = () => socket.write(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
    try {
      attach(webSocket, webSocket[kState], this.#group, socket, assign, accept);
    } catch (error) {
      this.#failed(request, socket, /** @type {Error & { code?: string }} */ (error));
      return;
    }
    socket.off('error', destroySelf);
    this.#track(webSocket);
    callback(webSocket, request);
  }

  /**
   * A socket cannot be taken. What the system lacks is no fault of whoever has called us.
   *
   * @param {IncomingMessage} request
   * @param {Duplex} socket
   * @param {Error & { code?: string }} error
   */
  #failed(request, socket, error) {
    const { code = '' } = error;
    if (code === 'ERR_WS_SOCKET_TAKEN') {
      socket.off('error', destroySelf);
      throw new Error(
        'server.handleUpgrade() was called more than once with the same socket, possibly due to a misconfiguration',
        { cause: error },
      );
    }
    if (!SYSTEM_ERROR.test(code) && code !== 'ERR_WS_TOO_MANY_CONNECTIONS') {
      refuse(socket, 503);
      throw error;
    }
    // The client need not know what.
    if (this.listenerCount('wsClientError') > 0) this.emit('wsClientError', error, socket, request);
    else refuse(socket, 503);
  }

  /** @param {WebSocket} webSocket */
  #track(webSocket) {
    const { clients } = this;
    if (clients === undefined) {
      return;
    }
    clients.add(webSocket);
    webSocket.on('close', () => {
      clients.delete(webSocket);
      if (this.#waitsForClients && clients.size === 0) nextTick(() => this.#closed());
    });
  }
}

/**
 * Answers what is no upgrade, on a server of our own.
 *
 * @param {IncomingMessage} _request
 * @param {import('node:http').ServerResponse} response
 */
function requireUpgrade(_request, response) {
  const body = http.STATUS_CODES[426] ?? '';
  response.writeHead(426, { 'Content-Length': body.length, 'Content-Type': 'text/plain' });
  response.end(body);
}

/** @this {Duplex} */
function destroySelf() {
  this.destroy();
}

module.exports = { WebSocketServer };
