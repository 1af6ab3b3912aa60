'use strict';

// What a request is, by `createServer` and by `node:http`: neither differs, whoever of Rust and Node.js reads it.

const assert = require('node:assert/strict');
const http = require('node:http');
const { test } = require('node:test');
const { createServer } = require('../..');
const { heard } = require('../support/heard');
const { limit } = require('../support/server');

const ASKS = 'Upgrade: websocket\r\nConnection: Upgrade\r\n';

/** @param {string} lines @param {string} [first] */
const request = (lines, first = 'GET /chat?a=b HTTP/1.1') => `${first}\r\nHost: localhost\r\n${lines}\r\n`;

/** @type {Record<string, string | string[]>} */
const CASES = {
  'a handshake': request(`${ASKS}Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n`),
  'names in any case': request('uPGRADE: WebSocket\r\nCONNECTION: upgrade\r\n'),
  'a list of connection options': request('Upgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n'),
  'white space around values': request(`${ASKS}A:b\r\nB:   c d \t \r\nC:\r\nD: \t\r\n`),
  'headers that come twice': request(
    `${ASKS}A: 1\r\na: 2\r\nCookie: a=1\r\nCookie: b=2\r\nSet-Cookie: a\r\nSet-Cookie: b\r\nUser-Agent: a\r\nUser-Agent: b\r\nOrigin: a\r\nOrigin: b\r\n`,
  ),
  'bytes beyond ASCII': request(`${ASKS}A: \xe9\xff\x80\r\nB: \xc3\xa9\r\n`),
  'names of properties': request(`${ASKS}__proto__: a\r\nconstructor: b\r\ntoString: c\r\nhasOwnProperty: d\r\n`),
  'tokens of every sort': request(`${ASKS}!#$%&'*+-.^_\`|~0aZ: a\r\n`),
  '64 headers': request(`${ASKS}${'A: b\r\n'.repeat(61)}`),
  '65 headers': request(`${ASKS}${'A: b\r\n'.repeat(62)}`),
  '999 headers': request(`${ASKS}${'A: b\r\n'.repeat(996)}`),
  '1,001 headers': request(`${ASKS}${'A: b\r\n'.repeat(998)}`),
  'a head of 16,000 bytes': request(`${ASKS}A: ${'b'.repeat(15_900)}\r\n`),
  'a head of 17,000 bytes': request(`${ASKS}A: ${'b'.repeat(17_000)}\r\n`),
  'a target of every sort': request(ASKS, 'GET /-._~!$&\'()*+,;=:@%2e?a=[]{}|\\^`<>" HTTP/1.1'),
  'a fragment in the target': request(ASKS, 'GET /a#b HTTP/1.1'),
  'a URL as the target': request(ASKS, 'GET http://localhost/a HTTP/1.1'),
  'no path': request(ASKS, 'GET * HTTP/1.1'),
  'bytes beyond ASCII in the target': request(ASKS, 'GET /\xe9 HTTP/1.1'),
  'a tab in the target': request(ASKS, 'GET /a\tb HTTP/1.1'),
  'HTTP/1.0': request(ASKS, 'GET / HTTP/1.0'),
  'HTTP/1.2': request(ASKS, 'GET / HTTP/1.2'),
  'HTTP/2.0': request(ASKS, 'GET / HTTP/2.0'),
  'no version': request(ASKS, 'GET /'),
  'two spaces': request(ASKS, 'GET  / HTTP/1.1'),
  'another method': request(ASKS, 'POST / HTTP/1.1'),
  'a method in lower case': request(ASKS, 'get / HTTP/1.1'),
  'no Host': `GET / HTTP/1.1\r\n${ASKS}\r\n`,
  'another protocol': request('Upgrade: h2c\r\nConnection: Upgrade\r\n'),
  'two protocols': request('Upgrade: h2c, websocket\r\nConnection: Upgrade\r\n'),
  'two Upgrade headers': request(`Upgrade: h2c\r\n${ASKS}`),
  'two Connection headers': request(`${ASKS}Connection: keep-alive\r\n`),
  'a connection that is closed as well': request('Upgrade: websocket\r\nConnection: close, Upgrade\r\n'),
  'no Connection': request('Upgrade: websocket\r\n'),
  'no Upgrade': request('Connection: Upgrade\r\n'),
  'a body of no length': request(`${ASKS}Content-Length: 0\r\n`),
  'a body': `${request(`${ASKS}Content-Length: 4\r\n`)}body`,
  'a body in chunks': `${request(`${ASKS}Transfer-Encoding: chunked\r\n`)}0\r\n\r\n`,
  'a wait for 100': request(`${ASKS}Expect: 100-continue\r\n`),
  'bytes behind it': `${request(ASKS)}\x81\x80abcd`,
  'a request behind it': request(ASKS) + request(''),
  'a request before it': request('') + request(ASKS),
  'an empty line before it': `\r\n${request(ASKS)}`,
  'bare line feeds': request(ASKS).replaceAll('\r\n', '\n'),
  'a bare carriage return': request(`${ASKS}A: b\rc\r\n`),
  'a bare line feed in a header': request(`${ASKS}A: b\nB: c\r\n`),
  'a header of two lines': request(`${ASKS}A: b\r\n c\r\n`),
  'a space before the colon': request(`${ASKS}A : b\r\n`),
  'a header without a name': request(`${ASKS}: b\r\n`),
  'a header without a colon': request(`${ASKS}A\r\n`),
  'NUL in a value': request(`${ASKS}A: b\0c\r\n`),
  'a control character in a value': request(`${ASKS}A: b\x01c\r\n`),
  'DEL in a value': request(`${ASKS}A: b\x7fc\r\n`),
  'a plain request': request(''),
  'a plain request in pieces': request('').match(/.{1,7}/gs),
  'a handshake in two pieces': [request(ASKS).slice(0, 30), request(ASKS).slice(30)],
  'a handshake without its last byte': request(ASKS).slice(0, -1),
  'a handshake byte by byte': request(ASKS).split(''),
  TLS: '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
  'HTTP/2': 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  nothing: [],
};

for (const [title, bytes] of Object.entries(CASES)) {
  test(title, limit, async (t) => {
    const pieces = [bytes].flat();
    const expected = await heard(t, http.createServer(), pieces);
    assert.deepEqual(await heard(t, createServer(), pieces), expected);
  });
}

const TWICE = request(`${ASKS}A: 1\r\nA: 2\r\nOrigin: a\r\nOrigin: b\r\n`);

for (const [title, options, change = {}] of [
  ['joinDuplicateHeaders', { joinDuplicateHeaders: true }],
  ['maxHeaderSize', { maxHeaderSize: 100 }],
  ['insecureHTTPParser', { insecureHTTPParser: true }],
  ['a class of requests', { IncomingMessage: class Own extends http.IncomingMessage {} }],
  ['maxHeadersCount', {}, { maxHeadersCount: 3 }],
  ['maxHeadersCount: 0', {}, { maxHeadersCount: 0 }],
  ['maxRequestsPerSocket', {}, { maxRequestsPerSocket: 1 }],
]) {
  test(`the option ${title}`, limit, async (t) => {
    const [byNode, ours] = [http.createServer, createServer].map((create) => {
      const server = Object.assign(create(options), change);
      const classes = [];
      server.on('upgrade', (req) => classes.push(req.constructor));
      return { server, classes };
    });
    const expected = await heard(t, byNode.server, [TWICE]);
    assert.deepEqual(await heard(t, ours.server, [TWICE]), expected);
    assert.deepEqual(ours.classes, byNode.classes);
  });
}

test('every cut of a handshake', limit, async (t) => {
  const whole = request(`${ASKS}A: b\r\n`);
  const expected = await heard(t, http.createServer(), [whole]);
  assert.equal(expected.events[0][0], 'upgrade');
  for (let cut = 1; cut < whole.length; cut++) {
    const pieces = [whole.slice(0, cut), whole.slice(cut)];
    assert.deepEqual(await heard(t, createServer(), pieces), expected, `after ${cut} bytes`);
  }
});
