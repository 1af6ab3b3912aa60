'use strict';

const { IncomingMessage } = require('node:http');

const { headerValues, http2Headers } = require('../../options/headers.js');
const { peerError } = require('../../util/errors.js');
const { REFUSED_STREAM, drop } = require('../../util/http2-stream.js');
const { isTracing, trace } = require('../../util/trace.js');
const { ignore } = require('../server/refusal.js');
const { VERSION } = require('../server/upgrade-request.js');
const { requestHttp1 } = require('./http1-request.js');
const { readAgreed } = require('./upgrade-response.js');

/** @typedef {import('node:http2').ClientHttp2Stream} ClientHttp2Stream */
/** @typedef {import('./types').Way} Way */

/**
 * Asks for a WebSocket over HTTP/2 (RFC 8441 §5), or over HTTP/1.1 if the server takes none that way.
 */
class Http2Request {
  #target;
  #settings;
  #hears;
  /** Gives up what is under way. */
  #giveUp = ignore;
  /** Whether it has been asked for once already, on a session that the server was closing. */
  #isAgain = false;

  /**
   * @param {import('./target.js').Target} target
   * @param {import('./request-options.js').Settings} settings
   * @param {import('./http1-request.js').Hears} hears
   */
  constructor(target, settings, hears) {
    this.#target = target;
    this.#settings = settings;
    this.#hears = hears;
    this.#begin();
  }

  #begin() {
    const { connect, http2 } = this.#settings;
    this.#giveUp = /** @type {import('./types').Ways} */ (http2).take(this.#target, connect, (error, way) => {
      this.#giveUp = ignore;
      if (error !== null) this.#hears.failed(error);
      else this.#ask(/** @type {Way} */ (way));
    });
  }

  /** @param {Way} way */
  #ask({ session, leave, socket }) {
    if (session === undefined) {
      if (isTracing) trace('the server takes no WebSocket over HTTP/2: %s is asked over HTTP/1.1', this.#target.href);
      const request = requestHttp1(this.#target, this.#settings, this.#hears, socket);
      this.#giveUp = () => request.destroy();
      return;
    }
    let stream;
    try {
      stream = session.request(headersOf(this.#target, this.#settings));
    } catch (error) {
      // It was closed just now.
      leave();
      this.#hears.failed(/** @type {Error} */ (error));
      return;
    }
    this.#giveUp = () => drop(/** @type {ClientHttp2Stream} */ (stream));
    this.#hear(stream, session, leave);
  }

  /**
   * @param {ClientHttp2Stream} stream
   * @param {import('node:http2').ClientHttp2Session} session
   * @param {() => void} leave
   */
  #hear(stream, session, leave) {
    let isAnswered = false;
    /** @type {Error | undefined} */
    let failure;
    stream.on('error', (error) => {
      failure = error;
    });
    stream.once('close', () => {
      const { closed } = session;
      leave();
      if (isAnswered) {
        return;
      }
      if (stream.rstCode === REFUSED_STREAM && closed && !this.#isAgain) {
        // Nothing has been done with it (RFC 9113 §8.7), and another session may take it.
        this.#isAgain = true;
        this.#begin();
        return;
      }
      const message = 'The stream was closed before the server has answered';
      this.#hears.failed(failure ?? peerError(message, { code: 'ECONNRESET' }));
    });
    /** @param {import('node:http2').IncomingHttpHeaders} headers @param {number} _flags @param {string[]} rawHeaders */
    const answered = (headers, _flags, rawHeaders) => {
      isAnswered = true;
      const res = responseOf(stream, headers, rawHeaders);
      const { statusCode = 0 } = res;
      if (statusCode >= 200 && statusCode <= 299) {
        this.#hears.upgraded(res, stream, undefined, () => readAgreed(res, this.#settings));
      } else {
        this.#hears.answered(res, stream);
      }
    };
    stream.once('response', answered);
  }

  /** Gives it up. */
  destroy() {
    this.#giveUp();
  }
}

/**
 * @param {import('./target.js').Target} target
 * @param {import('./request-options.js').Settings} settings
 * @returns {import('node:http2').OutgoingHttpHeaders}
 */
function headersOf({ auth, authority, path, secure }, { headers: given, offer, protocols }) {
  const { host = authority, ...headers } = http2Headers(given);
  return {
    ...(auth === undefined ? {} : { authorization: `Basic ${Buffer.from(auth).toString('base64')}` }),
    ...headers,
    ':method': 'CONNECT',
    ':protocol': 'websocket',
    ':scheme': secure ? 'https' : 'http',
    ':authority': host,
    ':path': path,
    'sec-websocket-version': VERSION,
    ...(protocols.length === 0 ? {} : { 'sec-websocket-protocol': protocols.join(', ') }),
    ...(offer === '' ? {} : { 'sec-websocket-extensions': offer }),
  };
}

/**
 * A response in the form that one of HTTP/1.1 has.
 *
 * @param {ClientHttp2Stream} stream
 * @param {import('node:http2').IncomingHttpHeaders} all with pseudo-headers
 * @param {string[]} allRaw
 * @returns {IncomingMessage} without the body, which is the stream's
 */
function responseOf(stream, all, allRaw) {
  const res = new IncomingMessage(/** @type {import('node:net').Socket} */ (/** @type {unknown} */ (stream)));
  /** @param {string} name */
  const isHeader = (name) => !name.startsWith(':');
  const rawHeaders = allRaw.filter((_, at) => isHeader(allRaw[at - (at % 2)]));
  const headers = Object.fromEntries(Object.entries(all).filter(([name]) => isHeader(name)));
  const distinct = Object.keys(headers).map((name) => [name, headerValues({ rawHeaders }, name)]);
  return Object.assign(res, {
    statusCode: Number(all[':status']),
    httpVersion: '2.0',
    httpVersionMajor: 2,
    httpVersionMinor: 0,
    headers,
    headersDistinct: Object.fromEntries(distinct),
    rawHeaders,
  });
}

module.exports = { Http2Request };
