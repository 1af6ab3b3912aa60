'use strict';

const assert = require('node:assert/strict');
const http = require('node:http');
const net = require('node:net');
const { after, before, test } = require('node:test');
const { once } = require('node:events');
const { Client, Server, acceptKey } = require('../..');
const { Inbox } = require('../support/inbox');
const { KEY, PROPER, exchange, requestText } = require('../support/raw-http');
const { limit } = require('../support/server');

const PROTOCOL = 'Sec-WebSocket-Protocol';
const EXTENSIONS = 'Sec-WebSocket-Extensions';
const VERSION = 'Sec-WebSocket-Version';
const SEC_KEY = 'Sec-WebSocket-Key';

let httpServer;
let server;
let port;

before(async () => {
  // What Node's own checks would keep from us is let through.
  httpServer = http.createServer({ requireHostHeader: false }, (_req, res) => {
    // Node takes it for a plain request: this is the app's answer.
    res.writeHead(426, { Connection: 'close', Upgrade: 'websocket', 'Content-Type': 'text/plain' });
    res.end('This is no upgrade request\n');
  });
  server = new Server({
    url: 'ws://localhost/',
    protocols: ['chat'],
    origins: ['https://good.example', /^https:\/\/[a-z]+\.good\.example$/],
    shouldAccept: ({ url }) => (url === '/?refuse' ? 503 : url !== '/?forbid'),
  });
  server.extensions['x-a'] = { read: (next) => next() };
  server.on('open', (sid) => server.send(sid, 'open'));
  server.listen(httpServer);
  await once(httpServer.listen(0, '127.0.0.1'), 'listening');
  ({ port } = httpServer.address());
});
after(() => {
  server.close();
  httpServer.close();
  httpServer.closeAllConnections();
});

const ORIGIN = { Origin: 'https://good.example' };
const headers = (more) => ({ headers: { ...ORIGIN, ...more } });
/** What makes a proper request one of so many headers. */
const filled = (count) => ({ X: new Array(count - Object.keys({ ...PROPER, ...ORIGIN }).length).fill('y') });
const line = (text) => ({ line: text, headers: ORIGIN });

/** [what is wrong, the change to a proper request, the status that it is refused with] */
const MALFORMED = [
  // The request line
  ['POST', line('POST / HTTP/1.1'), 405],
  ['HEAD', line('HEAD / HTTP/1.1'), 405],
  ['PUT', line('PUT / HTTP/1.1'), 405],
  ['OPTIONS', line('OPTIONS * HTTP/1.1'), 404],
  ['a method in lower case', line('get / HTTP/1.1'), 400],
  ['no method at all', line('FOO / HTTP/1.1'), 400],
  ['HTTP/1.0', line('GET / HTTP/1.0'), 400],
  ['HTTP/0.9', line('GET / HTTP/0.9'), 400],
  ['HTTP/3.0', line('GET / HTTP/3.0'), 400],
  ['no version', line('GET /'), 400],
  ['another path', line('GET /other HTTP/1.1'), 404],
  ['a path below', line('GET /a/b/c HTTP/1.1'), 404],
  ['a path with two slashes', line('GET // HTTP/1.1'), 404],
  ['the path of a file elsewhere', line('GET file:///etc/passwd HTTP/1.1'), 404],
  ['an asterisk', line('GET * HTTP/1.1'), 404],
  // Host
  ['no Host', headers({ Host: undefined }), 400],
  ['two Hosts', headers({ Host: ['localhost', 'localhost'] }), 400],
  ['an empty Host', headers({ Host: '' }), 400],
  // A body
  ['a Content-Length', { ...headers({ 'Content-Length': '5' }), body: 'hello' }, 400],
  ['a Content-Length that is no number', headers({ 'Content-Length': 'x' }), 400],
  ['a chunked body', { ...headers({ 'Transfer-Encoding': 'chunked' }), body: '0\r\n\r\n' }, 400],
  // Upgrade and Connection
  ['another protocol', headers({ Upgrade: 'h2c' }), 426],
  ['an empty Upgrade', headers({ Upgrade: '' }), 426],
  ['a longer name', headers({ Upgrade: 'websocket2' }), 426],
  ['a version behind it', headers({ Upgrade: 'websocket/13' }), 426],
  ['a space that is none', headers({ Upgrade: 'websocket\xa0' }), 426],
  ['no Upgrade', headers({ Upgrade: undefined }), 426],
  ['no Connection', headers({ Connection: undefined }), 426],
  ['a Connection that is to be closed', headers({ Connection: 'close' }), 426],
  ['a Connection that names another header', headers({ Connection: 'Upgrades' }), 426],
  ['it in quotes', headers({ Upgrade: '"websocket"' }), 426],
  // Sec-WebSocket-Version
  ['no version', headers({ [VERSION]: undefined }), 426],
  ['version 8', headers({ [VERSION]: '8' }), 426],
  ['version 14', headers({ [VERSION]: '14' }), 426],
  ['version 013', headers({ [VERSION]: '013' }), 426],
  ['version 13.0', headers({ [VERSION]: '13.0' }), 426],
  ['a list of versions', headers({ [VERSION]: '13, 8' }), 426],
  ['an empty version', headers({ [VERSION]: '' }), 426],
  ['a version twice', headers({ [VERSION]: ['13', '13'] }), 400],
  // Sec-WebSocket-Key
  ['no key', headers({ [SEC_KEY]: undefined }), 400],
  ['an empty key', headers({ [SEC_KEY]: '' }), 400],
  ['a key of 15 bytes', headers({ [SEC_KEY]: Buffer.alloc(15).toString('base64') }), 400],
  ['a key of 17 bytes', headers({ [SEC_KEY]: Buffer.alloc(17).toString('base64') }), 400],
  ['a key of 18 bytes', headers({ [SEC_KEY]: Buffer.alloc(18).toString('base64') }), 400],
  ['a key without padding', headers({ [SEC_KEY]: KEY.slice(0, 22) }), 400],
  ['a key with a character that is none', headers({ [SEC_KEY]: `!${KEY.slice(1)}` }), 400],
  ['a key of the alphabet for URLs', headers({ [SEC_KEY]: `_-${KEY.slice(2)}` }), 400],
  ['a key with a space in it', headers({ [SEC_KEY]: `${KEY.slice(0, 10)} ${KEY.slice(11)}` }), 400],
  ['two keys', headers({ [SEC_KEY]: [KEY, KEY] }), 400],
  ['two keys in one', headers({ [SEC_KEY]: `${KEY}, ${KEY}` }), 400],
  // Sec-WebSocket-Protocol
  ['an empty list of subprotocols', headers({ [PROTOCOL]: '' }), 400],
  ['nothing but commas', headers({ [PROTOCOL]: ' , ,' }), 400],
  ['a subprotocol twice', headers({ [PROTOCOL]: 'chat, chat' }), 400],
  ['a subprotocol twice, in two headers', headers({ [PROTOCOL]: ['chat', 'chat'] }), 400],
  ['a subprotocol with a space', headers({ [PROTOCOL]: 'chat room' }), 400],
  ['a subprotocol in quotes', headers({ [PROTOCOL]: '"chat"' }), 400],
  ['a subprotocol that is not ASCII', headers({ [PROTOCOL]: 'ch\xe4t' }), 400],
  ['65 subprotocols', headers({ [PROTOCOL]: Array.from({ length: 65 }, (_, i) => `p${i}`).join(',') }), 400],
  ['long subprotocols', headers({ [PROTOCOL]: 'p'.repeat(8200) }), 400],
  // Sec-WebSocket-Extensions
  ['an empty list of extensions', headers({ [EXTENSIONS]: '' }), 400],
  ['an extension with a space', headers({ [EXTENSIONS]: 'x a' }), 400],
  ['an extension without a name', headers({ [EXTENSIONS]: ';a' }), 400],
  ['a parameter without a name', headers({ [EXTENSIONS]: 'x;' }), 400],
  ['a parameter with nothing behind =', headers({ [EXTENSIONS]: 'x; a=' }), 400],
  ['a string without an end', headers({ [EXTENSIONS]: 'x; a="b' }), 400],
  ['a string that is no token', headers({ [EXTENSIONS]: 'x; a="b c"' }), 400],
  ['a slash in an extension', headers({ [EXTENSIONS]: 'x/a' }), 400],
  ['an extension that is not ASCII', headers({ [EXTENSIONS]: 'x\xe4' }), 400],
  ['33 extensions', headers({ [EXTENSIONS]: new Array(33).fill('x').join(',') }), 400],
  ['17 parameters', headers({ [EXTENSIONS]: `x${';a'.repeat(17)}` }), 400],
  ['long extensions', headers({ [EXTENSIONS]: 'x'.repeat(8200) }), 400],
  // Origin
  ['no Origin, where some are allowed', headers({ Origin: undefined }), 403],
  ['another Origin', headers({ Origin: 'https://evil.example' }), 403],
  ['an Origin in upper case', headers({ Origin: 'HTTPS://GOOD.EXAMPLE' }), 403],
  ['an Origin that begins like one', headers({ Origin: 'https://good.example.evil.example' }), 403],
  ['an Origin of null', headers({ Origin: 'null' }), 403],
  ['two Origins', headers({ Origin: ['https://good.example', 'https://evil.example'] }), 400],
  // shouldAccept
  ['what the app forbids', line('GET /?forbid HTTP/1.1'), 403],
  ['what the app refuses', line('GET /?refuse HTTP/1.1'), 503],
  // Headers as such
  ['1,001 headers', headers(filled(1001)), 431],
  [
    '1,200 headers, and Node leaves out the last of them',
    headers({ Host: undefined, ...filled(1199), hOST: 'localhost' }),
    431,
  ],
  ['a header without a colon', { headers: { ...ORIGIN, 'X: y\r\nnonsense\r\nX': '1' } }, 400],
  ['a space before a colon', { headers: { ...ORIGIN, 'X ': '1' } }, 400],
  ['a control character in a header', headers({ X: 'a\x00b' }), 400],
];

test('the table is as long as it should be', () => assert.ok(MALFORMED.length >= 60, `${MALFORMED.length}`));

for (const [what, change, status] of MALFORMED) {
  test(`${what}: ${status}`, limit, async () => {
    const opened = server.connections;
    const response = await exchange(port, requestText(change));
    assert.equal(response.status, status);
    assert.equal(response.headers.connection, 'close');
    assert.ok(response.ended);
    assert.equal(server.connections, opened);
    if (status === 426) assert.equal(response.headers.upgrade, 'websocket');
    if (status === 405) assert.equal(response.headers.allow, 'GET');
    if (VERSION in (change.headers ?? {}) && status === 426)
      assert.equal(response.headers['sec-websocket-version'], '13');
    const length = response.headers['content-length'];
    if (length !== undefined && what !== 'HEAD') {
      assert.equal(Number(length), response.body.length);
      assert.match(response.headers['content-type'], /^text\/plain/);
      assert.ok(response.body.length > 10);
    } else if (response.headers['transfer-encoding'] === undefined) {
      assert.equal(response.body, ''); // Node's parser has refused it
    }
  });
}

test('so many headers as the HTTP server reads, and no more', limit, async (t) => {
  const few = http.createServer({ requireHostHeader: false });
  new Server().listen(few);
  await once(few.listen(0, '127.0.0.1'), 'listening');
  t.after(() => few.close());
  const answerTo = async (count) => {
    const response = await exchange(few.address().port, requestText(headers(filled(count))));
    response.socket.destroy();
    return [response.status, response.body];
  };
  few.maxHeadersCount = 10;
  assert.deepEqual(await answerTo(10), [101, '']);
  const [status, body] = await answerTo(11);
  assert.equal(status, 431);
  // Newer versions of Node refuse it themselves.
  assert.match(body, /^(?:There are more than 10 headers\n)?$/);
  few.maxHeadersCount = 0;
  assert.deepEqual(await answerTo(1200), [101, '']);
});

/** [what is odd, the change to a proper request, headers that the response must have] */
const ODD = [
  ['everything as usual', headers({})],
  ['header names in any case', { headers: { Host: undefined, hOST: 'localhost', oRIGIN: 'https://good.example' } }],
  ['Upgrade in capitals', headers({ Upgrade: 'WEBSOCKET' })],
  ['Upgrade as a list', headers({ Upgrade: 'h2c, WebSocket' })],
  ['Upgrade twice', headers({ Upgrade: ['h2c', 'websocket'] })],
  ['Connection as Firefox has it', headers({ Connection: 'keep-alive, Upgrade' })],
  ['Connection in capitals, as a list', headers({ Connection: ' UPGRADE , TE ' })],
  ['Connection twice', headers({ Connection: ['keep-alive', 'upgrade'] })],
  ['a search', line('GET /?a=b HTTP/1.1')],
  ['a whole URL', line('GET http://localhost/ HTTP/1.1')],
  ['a Content-Length of 0', headers({ 'Content-Length': '0' })],
  ['a subprotocol', headers({ [PROTOCOL]: 'soap, chat' }), { 'sec-websocket-protocol': 'chat' }],
  ['subprotocols in two headers', headers({ [PROTOCOL]: ['soap', 'chat'] }), { 'sec-websocket-protocol': 'chat' }],
  ['empty elements of a list', headers({ [PROTOCOL]: ', soap,, chat ,' }), { 'sec-websocket-protocol': 'chat' }],
  [
    'subprotocols that nobody speaks',
    headers({ [PROTOCOL]: 'Chat, constructor' }),
    { 'sec-websocket-protocol': undefined },
  ],
  ['64 subprotocols', headers({ [PROTOCOL]: Array.from({ length: 64 }, (_, i) => `p${i}`).join(',') })],
  ['an extension', headers({ [EXTENSIONS]: 'x-b, x-a' }), { 'sec-websocket-extensions': 'x-a' }],
  ['extensions in two headers', headers({ [EXTENSIONS]: ['x-b;a', 'x-a'] }), { 'sec-websocket-extensions': 'x-a' }],
  ['an extension twice', headers({ [EXTENSIONS]: 'x-a, x-a' }), { 'sec-websocket-extensions': 'x-a' }],
  [
    'an extension with parameters, and without',
    headers({ [EXTENSIONS]: 'x-a; b="c", x-a' }),
    { 'sec-websocket-extensions': 'x-a' },
  ],
  [
    'an extension with parameters only',
    headers({ [EXTENSIONS]: 'x-a; b=c' }),
    { 'sec-websocket-extensions': undefined },
  ],
  [
    'extensions that nobody knows',
    headers({ [EXTENSIONS]: '__proto__, toString, X-A' }),
    { 'sec-websocket-extensions': undefined },
  ],
  [
    'compression, which is off',
    headers({ [EXTENSIONS]: 'permessage-deflate; client_max_window_bits' }),
    { 'sec-websocket-extensions': undefined },
  ],
  ['an Origin that a RegExp takes', headers({ Origin: 'https://www.good.example' })],
  ['a key whose last bits are not zero', headers({ [SEC_KEY]: 'AAAAAAAAAAAAAAAAAAAAAB==' })],
  ['1,000 headers', headers(filled(1000))],
  [
    'header folding is not needed for many headers',
    headers(Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`X-${i}`, 'y']))),
  ],
];

for (const [what, change, expected = {}] of ODD) {
  test(`${what}: 101`, limit, async () => {
    const response = await exchange(port, requestText(change));
    assert.equal(response.status, 101);
    const { upgrade, connection } = response.headers;
    assert.deepEqual([upgrade, connection], ['websocket', 'Upgrade']);
    assert.equal(response.headers['sec-websocket-accept'], acceptKey(change.headers[SEC_KEY] ?? KEY));
    for (const [name, value] of Object.entries(expected)) assert.equal(response.headers[name], value, name);
    response.socket.destroy();
  });
}

test('a request that comes byte by byte is upgraded', limit, async () => {
  const socket = net.connect({ port, host: '127.0.0.1', noDelay: true });
  await once(socket, 'connect');
  for (const byte of requestText(headers({}))) await new Promise((resolve) => socket.write(byte, resolve));
  const [chunk] = await once(socket, 'data');
  assert.match(chunk.toString(), /^HTTP\/1\.1 101 /);
  socket.destroy();
});

// The other way round: what a server may not answer.

const ACCEPT = '{accept}';
const SWITCHING = ['Upgrade: websocket', 'Connection: Upgrade', `Sec-WebSocket-Accept: ${ACCEPT}`];
const without = (name) => SWITCHING.filter((one) => !one.startsWith(name));
const INVALID = 'ERR_WS_INVALID_HANDSHAKE';
const UNEXPECTED = 'ERR_WS_UNEXPECTED_RESPONSE';
const answer = (lines, status = '101 Switching Protocols') => `HTTP/1.1 ${status}\r\n${lines.join('\r\n')}\r\n\r\n`;
const plus = (...lines) => answer([...SWITCHING, ...lines]);

/** [what is wrong, the response, the code of the error, what else it says] */
const RESPONSES = [
  ['no Upgrade', answer(without('Upgrade')), INVALID],
  ['another Upgrade', answer(['Upgrade: h2c', ...without('Upgrade')]), INVALID, /Upgrade/],
  ['a list as Upgrade', answer(['Upgrade: websocket, h2c', ...without('Upgrade')]), INVALID, /Upgrade/],
  ['Upgrade twice', answer(['Upgrade: websocket', ...SWITCHING]), INVALID, /twice/],
  ['no Connection', answer(without('Connection')), INVALID],
  ['another Connection', answer(['Connection: close', ...without('Connection')]), INVALID],
  ['no accept key', answer(without('Sec')), INVALID, /Accept/],
  ['an empty accept key', answer([...without('Sec'), 'Sec-WebSocket-Accept:']), INVALID, /Accept/],
  ['our key as accept key', answer([...without('Sec'), 'Sec-WebSocket-Accept: {key}']), INVALID, /Accept/],
  [
    'an accept key for another',
    answer([...without('Sec'), `Sec-WebSocket-Accept: ${acceptKey('x')}`]),
    INVALID,
    /Accept/,
  ],
  ['an accept key in another case', answer([...without('Sec'), 'Sec-WebSocket-Accept: {ACCEPT}']), INVALID, /Accept/],
  ['the accept key twice', plus(`Sec-WebSocket-Accept: ${ACCEPT}`), INVALID, /twice/],
  ['a subprotocol that was not offered', plus(`${PROTOCOL}: soap`), INVALID, /not offered/],
  ['a subprotocol in another case', plus(`${PROTOCOL}: CHAT`), INVALID, /not offered/],
  ['two subprotocols', plus(`${PROTOCOL}: chat, room`), INVALID, /not offered/],
  ['two subprotocols, in two headers', plus(`${PROTOCOL}: chat`, `${PROTOCOL}: room`), INVALID, /twice/],
  ['an empty subprotocol', plus(`${PROTOCOL}:`), INVALID, /not offered/],
  ['no subprotocol', plus(), INVALID, /missing/],
  [
    'an extension that was not offered',
    plus(`${PROTOCOL}: chat`, `${EXTENSIONS}: x-b`),
    INVALID,
    /x-b was not offered/,
  ],
  [
    'compression that was not offered',
    plus(`${PROTOCOL}: chat`, `${EXTENSIONS}: permessage-deflate`),
    INVALID,
    /not offered/,
  ],
  ['an extension twice', plus(`${PROTOCOL}: chat`, `${EXTENSIONS}: x-a, x-a`), INVALID, /twice/],
  [
    'two headers of extensions',
    plus(`${PROTOCOL}: chat`, `${EXTENSIONS}: x-a`, `${EXTENSIONS}: x-c`),
    INVALID,
    /twice/,
  ],
  ['parameters that were not offered', plus(`${PROTOCOL}: chat`, `${EXTENSIONS}: x-a; b`), INVALID, /parameters/],
  ['extensions that are malformed', plus(`${PROTOCOL}: chat`, `${EXTENSIONS}: x-a;`), INVALID, /token/],
  ['200', `${answer(['Content-Length: 2'], '200 OK')}ok`, UNEXPECTED, /200/],
  ['204', answer([], '204 No Content'), UNEXPECTED, /204/],
  ['401', answer(['Content-Length: 0', 'WWW-Authenticate: Basic'], '401 Unauthorized'), UNEXPECTED, /401/],
  [
    '426, and the headers of 101',
    answer([...SWITCHING, 'Content-Length: 0'], '426 Upgrade Required'),
    UNEXPECTED,
    /426/,
  ],
  ['a redirect', answer(['Location: /', 'Content-Length: 0'], '302 Found'), UNEXPECTED, /302/],
  ['500 with no end', answer([], '500 Oops'), UNEXPECTED, /500/],
  ['no HTTP', 'SSH-2.0-OpenSSH_9.0\r\n', 'HPE_INVALID_CONSTANT'],
  ['frames', '\x81\x02hi', 'HPE_INVALID_CONSTANT'],
  ['nothing', '', 'ECONNRESET'],
  ['half an answer', 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: webso', 'ECONNRESET'],
  ['too many headers', plus(...new Array(2000).fill('X-Filler: yyyyyyyyyyyyyyyy')), 'HPE_HEADER_OVERFLOW'],
];

for (const [what, response, code, message = /./] of RESPONSES) {
  test(`a server that answers with ${what}: ${code}`, limit, async (t) => {
    const bad = net.createServer((socket) => {
      socket.on('error', () => {});
      socket.once('data', (request) => {
        const key = /sec-websocket-key: (\S+)/i.exec(request)[1];
        const accept = acceptKey(key);
        const filled = response
          .replaceAll(ACCEPT, accept)
          .replaceAll('{key}', key)
          .replaceAll('{ACCEPT}', accept.toUpperCase());
        socket.end(filled, 'latin1');
      });
    });
    await once(bad.listen(0, '127.0.0.1'), 'listening');
    t.after(() => bad.close());
    const client = new Client({ protocols: ['chat', 'room'] });
    for (const name of ['x-a', 'x-c']) client.extensions[name] = { read: (next) => next() };
    const events = new Inbox(client, ['open', 'error', 'close']);
    client.open(`ws://127.0.0.1:${bad.address().port}/`);
    const [error] = await events.next('error');
    assert.equal(error.code, code);
    assert.match(error.message, message);
    if (code === UNEXPECTED) assert.equal(error.statusCode, Number(response.slice(9, 12)));
    assert.deepEqual([client.connections, events.all.length], [0, 1]);
  });
}

test('that server would do, were its answer in order', limit, async (t) => {
  const good = net.createServer((socket) => {
    socket.once('data', (request) => {
      const key = /sec-websocket-key: (\S+)/i.exec(request)[1];
      socket.write(plus(`${PROTOCOL}: chat`, `${EXTENSIONS}: x-c, x-a`).replace(ACCEPT, acceptKey(key)));
    });
  });
  await once(good.listen(0, '127.0.0.1'), 'listening');
  t.after(() => good.close());
  const client = new Client({ protocols: ['chat', 'room'] });
  for (const name of ['x-a', 'x-c']) client.extensions[name] = { read: (next) => next() };
  client.open(`ws://127.0.0.1:${good.address().port}/`);
  const [sid] = await once(client, 'open');
  assert.equal(client.sockets[sid].protocol, 'chat');
  assert.deepEqual(client.sockets[sid].extensions, ['x-c', 'x-a']);
  client.terminate(sid);
  await once(client, 'close');
});
