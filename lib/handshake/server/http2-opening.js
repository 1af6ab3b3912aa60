'use strict';

const { acceptKey } = require('../accept-key.js');
const { requestEnded } = require('../diagnostics.js');
const { readConnectRequest } = require('./connect-request.js');
const { linger } = require('./linger.js');
const { http2Headers } = require('../../options/headers.js');
const { ignore } = require('./refusal.js');
const { drop } = require('../../util/http2-stream.js');
const { isTracing, trace } = require('../../util/trace.js');

/**
 * An extended CONNECT (RFC 8441): the request's stream becomes the connection.
 *
 * @implements {Opening}
 * @typedef {import('./types').Opening} Opening
 */
class Http2Opening {
  #stream;

  /**
   * @param {import('node:http2').Http2ServerRequest} req
   * @param {import('node:http2').ServerHttp2Stream} stream
   */
  constructor(req, stream) {
    this.req = req;
    this.#stream = stream;
  }

  get stream() {
    return this.#stream;
  }

  /** Also if the app has answered the request itself. */
  get isOver() {
    const { closed, destroyed, headersSent, readableEnded, writable } = this.#stream;
    return closed || destroyed || headersSent || readableEnded || !writable;
  }

  /** Checks the request. @returns {import('./types').Asked} */
  read() {
    return readConnectRequest(this.req, this.#stream);
  }

  /** No other stream's response is in its way. @param {() => void} then */
  whenDue(then) {
    then();
  }

  /**
   * Says 200 instead of 101 (RFC 8441 §5). `Sec-WebSocket-Accept` has no meaning here, but some clients look at it
   * if they have sent a key.
   *
   * @param {import('./types').Agreed} agreed
   */
  accept({ key, protocol, extensions, headers }) {
    this.#respond(200, [
      ...lineOf('sec-websocket-accept', key === null ? '' : acceptKey(key)),
      ...lineOf('sec-websocket-protocol', protocol),
      ...lineOf('sec-websocket-extensions', extensions),
      ...headers,
    ]);
    requestEnded(this.req, { status: 200, protocol });
  }

  /** Drops the stream, unless the app has answered the request. */
  abandon() {
    if (!this.#stream.headersSent) drop(this.#stream);
    requestEnded(this.req, { code: 'ERR_WS_UPGRADE_ABORTED' });
  }

  /** @param {import('./refusal.js').Refusal} refusal */
  refuse({ status, message, code, lines, body }) {
    const stream = this.#stream;
    stream.on('error', ignore);
    requestEnded(this.req, { status, code });
    if (isTracing) {
      // Tokens are in what comes behind the path.
      trace('refused %s %j with %d: %s', this.req.method, String(this.req.url).split('?')[0], status, message);
    }
    if (this.#respond(status, lines)) {
      // Node resets it with NO_ERROR behind that (RFC 9113 §8.1): nothing of it was read.
      stream.end(body);
      linger(stream);
    }
  }

  /**
   * @param {number} status
   * @param {[string, string][]} lines
   * @returns {boolean} whether that could be said
   */
  #respond(status, lines) {
    const stream = this.#stream;
    if (stream.closed || stream.destroyed || stream.headersSent) {
      return false;
    }
    stream.respond({ ...http2Headers(lines), ':status': status });
    return true;
  }
}

/** @param {string} name @param {string} value @returns {[string, string][]} none for `''` */
function lineOf(name, value) {
  return value === '' ? [] : [[name, value]];
}

module.exports = { Http2Opening };
