'use strict';

const { connectsToWebSocket } = require('../handshake/server/connect-request.js');
const { refuse } = require('../handshake/server/opening.js');
const { Refusal } = require('../handshake/server/refusal.js');
const { nextTick } = require('../util/clock.js');
const { isTracing, trace } = require('../util/trace.js');

/** On a listener of ours, of whatever copy of the module. */
const kOurs = Symbol.for('websockets.http2');

/** @typedef {import('node:http2').Http2ServerRequest} Http2ServerRequest */
/** @typedef {import('node:http2').ServerHttp2Stream} ServerHttp2Stream */
/** @typedef {import('node:http2').IncomingHttpHeaders} Headers */

/**
 * An extended CONNECT.
 *
 * @typedef {object} Asked
 * @property {string | undefined} url its `:path`
 * @property {ServerHttp2Stream} stream
 * @property {() => Http2ServerRequest} request makes the request, if there is none yet: it hears of the stream's errors,
 *   and so is not made for a stream that may be the app's
 */

/**
 * What hears the WebSockets that are asked for over HTTP/2. All that is not ours is left to the app, or answered as if
 * nobody of ours were there.
 *
 * If the app hears `'request'`, Node's compatibility API answers each CONNECT with 405 unless somebody hears
 * `'connect'`; if it does not, there is no `'connect'`. So both this event and `'stream'` are heard.
 */
class Http2Requests {
  #httpServer;
  #take;
  /** Requests that have been heard of by either event. @type {WeakSet<ServerHttp2Stream>} */
  #heard = new WeakSet();
  /** Those that `'connect'` was emitted for: the compatibility API is on. @type {WeakSet<ServerHttp2Stream>} */
  #connected = new WeakSet();

  /**
   * @param {import('node:http2').Http2Server} httpServer
   * @param {(asked: Asked) => boolean} take returns whether nobody of ours has it
   */
  constructor(httpServer, take) {
    this.#httpServer = httpServer;
    this.#take = take;
  }

  begin() {
    this.#httpServer.on('stream', this.#stream);
    this.#httpServer.on('connect', this.#connect);
    if (isTracing) this.#httpServer.on('session', checkSettings);
  }

  end() {
    this.#httpServer.off('stream', this.#stream);
    this.#httpServer.off('connect', this.#connect);
    this.#httpServer.off('session', checkSettings);
  }

  #stream = ours(
    /** @param {ServerHttp2Stream} stream @param {Headers} headers @param {number} _flags @param {string[]} rawHeaders */
    (stream, headers, _flags, rawHeaders) => {
      const { Http2ServerRequest } = require('node:http2');
      const request = () => new Http2ServerRequest(stream, headers, {}, rawHeaders);
      if (headers[':method'] !== 'CONNECT') {
        // Nobody else would answer, nor hear that the client has reset it.
        if (this.#others('stream') === 0) refuse(request(), stream, new Refusal(404, 'There are WebSockets only'));
      } else if (!this.#heard.has(stream)) {
        this.#hear(stream, headers, request);
      }
    },
  );

  #connect = ours(
    /** @param {Http2ServerRequest} req */
    (req) => {
      const { stream } = req;
      this.#connected.add(stream);
      if (!this.#heard.has(stream)) this.#hear(stream, req.headers, () => req);
    },
  );

  /** @param {ServerHttp2Stream} stream @param {Headers} headers @param {Asked['request']} request */
  #hear(stream, headers, request) {
    this.#heard.add(stream);
    if (stream.headersSent) {
      // The app has answered it.
      return;
    }
    const isWebSocket = connectsToWebSocket(headers);
    if (!isWebSocket || this.#take({ url: headers[':path'], stream, request })) {
      // Whoever else hears of it does so within this tick.
      nextTick(() => this.#leave(stream, request, isWebSocket));
    }
  }

  /** Nobody of ours has it. @param {ServerHttp2Stream} stream @param {Asked['request']} request @param {boolean} isWebSocket */
  #leave(stream, request, isWebSocket) {
    if (!stream.headersSent && !this.#isApps(stream)) {
      const refusal = isWebSocket
        ? new Refusal(404, 'There is no WebSocket at this path')
        : new Refusal(405, 'CONNECT is for WebSockets only');
      refuse(request(), stream, refusal);
    }
  }

  /** Whether a listener of the app's has heard of a request, and may answer it. @param {ServerHttp2Stream} stream */
  #isApps(stream) {
    const isCompatible = this.#connected.has(stream);
    // One is of the compatibility API, which has told of it by 'connect'.
    return this.#others('stream') > (isCompatible ? 1 : 0) || (isCompatible && this.#others('connect') > 0);
  }

  /** @param {string} event @returns {number} how many listeners are not ours */
  #others(event) {
    return this.#httpServer.listeners(event).filter((one) => !(kOurs in one)).length;
  }
}

/**
 * Marks a listener.
 *
 * @template {Function} F
 * @param {F} listener
 * @returns {F}
 */
function ours(listener) {
  return Object.assign(listener, { [kOurs]: true });
}

/**
 * Says so if the app has not set what browsers and others ask for before they open a WebSocket.
 *
 * @param {import('node:http2').ServerHttp2Session} session
 */
function checkSettings(session) {
  session.once('localSettings', ({ enableConnectProtocol }) => {
    if (enableConnectProtocol !== true) {
      trace(
        'an HTTP/2 server has no { settings: { enableConnectProtocol: true } }: no client opens a WebSocket over it',
      );
    }
  });
}

module.exports = { Http2Requests };
