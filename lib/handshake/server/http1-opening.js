'use strict';

const { STATUS_CODES } = require('node:http');

const { acceptKey } = require('../accept-key.js');
const { requestEnded } = require('../diagnostics.js');
const { headerValues } = require('../../options/headers.js');
const { linger } = require('./linger.js');
const { afterOwedResponses } = require('./owed-responses.js');
const { ignore } = require('./refusal.js');
const { readUpgradeRequest } = require('./upgrade-request.js');
const { isTracing, trace } = require('../../util/trace.js');

/**
 * A request to upgrade (RFC 6455 §4.2): the socket itself becomes the connection.
 *
 * @implements {Opening}
 * @typedef {import('./types').Opening} Opening
 */
class Http1Opening {
  /**
   * @param {import('node:http').IncomingMessage} req
   * @param {import('node:stream').Duplex} socket
   */
  constructor(req, socket) {
    this.req = req;
    this.stream = socket;
  }

  /** Also for a client that has ended its side: it does not wait for an answer. */
  get isOver() {
    const { destroyed, readableEnded, writable } = this.stream;
    return destroyed || writable === false || readableEnded;
  }

  /** Checks the request. @returns {import('./types').Asked} */
  read() {
    return readUpgradeRequest(this.req);
  }

  /** @param {() => void} then */
  whenDue(then) {
    afterOwedResponses(this.stream, then);
  }

  /**
   * RFC 6455 §4.2.2, item 5.
   *
   * @param {import('./types').Agreed} agreed
   */
  accept({ key, protocol, extensions, headers }) {
    const lines = [
      ['Upgrade', 'websocket'],
      ['Connection', 'Upgrade'],
      // Of a request that Rust has read, Rust has checked it.
      ['Sec-WebSocket-Accept', acceptKey(key ?? headerValues(this.req, 'sec-websocket-key')[0])],
    ];
    const more = linesOf({ protocol, extensions, headers });
    this.stream.write(`HTTP/1.1 101 Switching Protocols\r\n${textOf(lines)}${more}\r\n`, 'latin1');
    requestEnded(this.req, { status: 101, protocol });
  }

  /** Drops the socket. */
  abandon() {
    this.stream.destroy?.();
    requestEnded(this.req, { code: 'ERR_WS_UPGRADE_ABORTED' });
  }

  /** @param {import('./refusal.js').Refusal} refusal */
  refuse({ status, message, code, lines, body }) {
    const { req, stream: socket } = this;
    socket.on('error', ignore);
    requestEnded(req, { status, code });
    if (isTracing) {
      // Tokens are in what comes behind the path.
      trace('refused %s %j with %d: %s', req.method, String(req.url).split('?')[0], status, message);
    }
    const head = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${textOf([['Connection', 'close'], ...lines])}\r\n`;
    // The response to HEAD has no body, whatever its headers say (RFC 7230 §3.3.3).
    const text = req.method === 'HEAD' ? '' : body;
    afterOwedResponses(socket, () => {
      socket.end(Buffer.concat([Buffer.from(head, 'latin1'), Buffer.from(text)]));
      linger(socket);
      socket.resume?.();
    });
  }
}

/** Header lines as they are on the wire. @param {string[][]} lines */
function textOf(lines) {
  return lines.map(([name, value]) => `${name}: ${value}\r\n`).join('');
}

/**
 * What a response has beside the usual lines.
 *
 * @param {{ protocol: string, extensions: string, headers: [string, string][] }} agreed
 * @returns {string}
 */
function linesOf({ protocol, extensions, headers }) {
  if (protocol === '' && extensions === '' && headers.length === 0) return '';
  const lines = [...headers];
  if (extensions !== '') lines.unshift(['Sec-WebSocket-Extensions', extensions]);
  if (protocol !== '') lines.unshift(['Sec-WebSocket-Protocol', protocol]);
  return textOf(lines);
}

module.exports = { Http1Opening, linesOf };
