'use strict';

// Requests of every sort: those that open a WebSocket, those that nearly do, and others.

const http = require('node:http');

/** @param {string} lines @param {string} [first] */
const request = (lines, first = 'GET /chat?a=b HTTP/1.1') => `${first}\r\nHost: localhost\r\n${lines}\r\n`;

/** The header lines that ask for an upgrade to WebSocket. */
const ASKS = 'Upgrade: websocket\r\nConnection: Upgrade\r\n';

/** Those that an opening handshake has beside them (RFC 6455 §4.1). */
const KEYED = 'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n';

/**
 * @param {string} more header lines of each that opens a WebSocket
 * @returns {Record<string, string | string[]>} bytes in latin1, or the pieces that they come in
 */
function casesOf(more) {
  const asks = ASKS + more;
  /** @param {number} count of headers in all: Host is one of them */
  const headers = (count) => request(asks + 'A: b\r\n'.repeat(count - asks.split('\r\n').length));
  return {
    'a handshake': request(asks),
    'names in any case': request(`uPGRADE: WebSocket\r\nCONNECTION: upgrade\r\n${more}`),
    'a list of connection options': request(`Upgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n${more}`),
    'white space around values': request(`${asks}A:b\r\nB:   c d  \r\nC:\r\nD:  \r\n`),
    'tabs around values': request(`${asks}A:\tb\r\nB:   c d \t \r\nC: \t\r\n`),
    'a tab behind a connection option': request(`Upgrade: websocket\r\nConnection: Upgrade\t\r\n${more}`),
    'a tab between connection options': request(`Upgrade: websocket\r\nConnection: Upgrade\t, keep-alive\r\n${more}`),
    'headers that come twice': request(
      `${asks}A: 1\r\na: 2\r\nCookie: a=1\r\nCookie: b=2\r\nSet-Cookie: a\r\nSet-Cookie: b\r\nUser-Agent: a\r\nUser-Agent: b\r\n`,
    ),
    'two Origin headers': request(`${asks}Origin: a\r\nOrigin: b\r\n`),
    'bytes beyond ASCII': request(`${asks}A: \xe9\xff\x80\r\nB: \xc3\xa9\r\n`),
    'names of properties': request(`${asks}__proto__: a\r\nconstructor: b\r\ntoString: c\r\nhasOwnProperty: d\r\n`),
    'tokens of every sort': request(`${asks}!#$%&'*+-.^_\`|~0aZ: a\r\n`),
    '64 headers': headers(64),
    '65 headers': headers(65),
    '999 headers': headers(999),
    '1,001 headers': headers(1_001),
    'a head of 16,000 bytes': request(`${asks}A: ${'b'.repeat(15_900)}\r\n`),
    'a head of 17,000 bytes': request(`${asks}A: ${'b'.repeat(17_000)}\r\n`),
    'a target of every sort': request(asks, 'GET /-._~!$&\'()*+,;=:@%2e?a=[]{}|\\^`<>" HTTP/1.1'),
    'a fragment in the target': request(asks, 'GET /a#b HTTP/1.1'),
    'a URL as the target': request(asks, 'GET http://localhost/a HTTP/1.1'),
    'no path': request(asks, 'GET * HTTP/1.1'),
    'bytes beyond ASCII in the target': request(asks, 'GET /\xe9 HTTP/1.1'),
    'a tab in the target': request(asks, 'GET /a\tb HTTP/1.1'),
    'HTTP/1.0': request(asks, 'GET / HTTP/1.0'),
    'HTTP/1.2': request(asks, 'GET / HTTP/1.2'),
    'HTTP/2.0': request(asks, 'GET / HTTP/2.0'),
    'no version': request(asks, 'GET /'),
    'two spaces': request(asks, 'GET  / HTTP/1.1'),
    'another method': request(asks, 'POST / HTTP/1.1'),
    'a method in lower case': request(asks, 'get / HTTP/1.1'),
    'no Host': `GET / HTTP/1.1\r\n${asks}\r\n`,
    'another protocol': request(`Upgrade: h2c\r\nConnection: Upgrade\r\n${more}`),
    'two protocols': request(`Upgrade: h2c, websocket\r\nConnection: Upgrade\r\n${more}`),
    'two Upgrade headers': request(`Upgrade: h2c\r\n${asks}`),
    'two Connection headers': request(`${asks}Connection: keep-alive\r\n`),
    'a connection that is closed as well': request(`Upgrade: websocket\r\nConnection: close, Upgrade\r\n${more}`),
    'no Connection': request(`Upgrade: websocket\r\n${more}`),
    'no Upgrade': request(`Connection: Upgrade\r\n${more}`),
    'a body of no length': request(`${asks}Content-Length: 0\r\n`),
    'a body': `${request(`${asks}Content-Length: 4\r\n`)}body`,
    'a body in chunks': `${request(`${asks}Transfer-Encoding: chunked\r\n`)}0\r\n\r\n`,
    'a wait for 100': request(`${asks}Expect: 100-continue\r\n`),
    'bytes behind it': `${request(asks)}\x81\x80abcd`,
    'a request behind it': request(asks) + request(''),
    'a request before it': request('') + request(asks),
    'an empty line before it': `\r\n${request(asks)}`,
    'bare line feeds': request(asks).replaceAll('\r\n', '\n'),
    'a bare carriage return': request(`${asks}A: b\rc\r\n`),
    'a bare line feed in a header': request(`${asks}A: b\nB: c\r\n`),
    'a header of two lines': request(`${asks}A: b\r\n c\r\n`),
    'a space before the colon': request(`${asks}A : b\r\n`),
    'a header without a name': request(`${asks}: b\r\n`),
    'a header without a colon': request(`${asks}A\r\n`),
    'NUL in a value': request(`${asks}A: b\0c\r\n`),
    'a control character in a value': request(`${asks}A: b\x01c\r\n`),
    'DEL in a value': request(`${asks}A: b\x7fc\r\n`),
    'a plain request': request(''),
    'a plain request in pieces': request('').match(/.{1,7}/gs),
    'a handshake in two pieces': [request(asks).slice(0, 30), request(asks).slice(30)],
    'a handshake without its last byte': request(asks).slice(0, -1),
    'a handshake byte by byte': request(asks).split(''),
    TLS: '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
    'HTTP/2': 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
    nothing: [],
  };
}

/** A class that an app may choose for its requests. */
class Own extends http.IncomingMessage {
  constructor(socket) {
    super(socket);
    this.peer = socket.remoteAddress;
  }
}

/** Options of an HTTP server, and properties, that say how it reads requests. @type {[title: string, options: object, change?: object][]} */
const OPTIONS = [
  ['joinDuplicateHeaders', { joinDuplicateHeaders: true }],
  ['maxHeaderSize', { maxHeaderSize: 100 }],
  ['insecureHTTPParser', { insecureHTTPParser: true }],
  ['a class of requests', { IncomingMessage: Own }],
  ['maxHeadersCount', {}, { maxHeadersCount: 3 }],
  ['maxHeadersCount: 64', {}, { maxHeadersCount: 64 }],
  ['maxHeadersCount: 0', {}, { maxHeadersCount: 0 }],
  ['maxRequestsPerSocket', {}, { maxRequestsPerSocket: 1 }],
];

module.exports = { ASKS, KEYED, OPTIONS, casesOf, request };
