'use strict';

const { STATUS_CODES } = require('node:http');

const { clearTimeout, setTimeout } = require('../../util/clock.js');
const { isTracing, trace } = require('../../util/trace.js');
const { afterOwedResponses } = require('./owed-responses.js');

/** How long, in ms, a client that was refused may take to end its side. */
const PATIENCE = 2_000;

/**
 * Why a request is not upgraded, thrown by what looks at it.
 */
class Refusal {
  /**
   * @param {number} status
   * @param {string} message what the client and the app are told
   * @param {object} [more]
   * @param {string} [more.code]
   * @param {[string, string][]} [more.headers]
   * @param {string} [more.body] what the client is told in place of `message`
   * @param {unknown} [more.cause]
   */
  constructor(status, message, { code = 'ERR_WS_INVALID_UPGRADE', headers = [], body, cause } = {}) {
    this.status = status;
    this.message = message;
    this.code = code;
    this.headers = headers;
    this.body = body ?? `${message}\n`;
    this.cause = cause;
  }
}

/**
 * Answers a request with a refusal, and closes its socket.
 *
 * @param {import('node:http').IncomingMessage} req
 * @param {import('node:stream').Duplex} socket nothing that happens to it is an uncaught error
 * @param {Refusal} refusal
 */
function refuse(req, socket, { status, message, headers, body }) {
  socket.on('error', ignore);
  if (isTracing) {
    // Tokens are in what comes behind the path.
    trace('refused %s %j with %d: %s', req.method, String(req.url).split('?')[0], status, message);
  }
  const types = headers.some(([name]) => name.toLowerCase() === 'content-type')
    ? []
    : [['Content-Type', 'text/plain; charset=utf-8']];
  const lines = [['Connection', 'close'], ...types, ['Content-Length', Buffer.byteLength(body)], ...headers].map(
    ([name, value]) => `${name}: ${value}\r\n`,
  );
  const head = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${lines.join('')}\r\n`;
  // The response to HEAD has no body, whatever its headers say (RFC 7230 §3.3.3).
  const text = req.method === 'HEAD' ? '' : body;
  afterOwedResponses(socket, () => {
    socket.end(Buffer.concat([Buffer.from(head, 'latin1'), Buffer.from(text)]));
    linger(socket);
  });
}

/**
 * Answers a request whose socket could not be made a connection. If that is for its options, it is the app's fault.
 *
 * @param {import('node:http').IncomingMessage} req
 * @param {any} socket
 * @param {Error & { code?: string }} error
 */
function refuseUntaken(req, socket, error) {
  if (error.code === 'ERR_WS_SOCKET_TAKEN') {
    // It carries a WebSocket already.
    socket.destroy();
    return;
  }
  const status = error instanceof TypeError ? 500 : 503;
  refuse(req, socket, new Refusal(status, 'The WebSocket could not be opened'));
}

/**
 * Lets the client read the response: destroyed while something of it lies unread, the socket would be
 * reset, and the response lost with it.
 *
 * @param {import('node:stream').Duplex} socket an old-style one may lack some methods
 */
function linger(socket) {
  const timer = setTimeout(() => socket.destroy?.(), PATIENCE);
  timer.unref();
  socket.once('close', () => clearTimeout(timer));
  socket.resume?.();
}

/** Hears of an error that is another's business. */
function ignore() {}

module.exports = { Refusal, ignore, refuse, refuseUntaken };
