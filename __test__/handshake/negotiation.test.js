'use strict';

const assert = require('node:assert/strict');
const http = require('node:http');
const { PassThrough } = require('node:stream');
const { test } = require('node:test');
const { once } = require('node:events');
const { WebSocket, WebSocketServer } = require('ws');
const { Client, Server, Upgrade, acceptKey } = require('../..');
const { Inbox } = require('../support/inbox');
const { KEY } = require('../support/raw-http');
const { limit } = require('../support/server');

const PMD = 'permessage-deflate';
const plain = () => ({ read: (next) => next() });
const rsv1 = () => ({ ...plain(), rsv1: true });

/** What a server answers to an offer, by its response. */
async function answered(offer, options) {
  const headers = {
    Host: 'localhost',
    Upgrade: 'websocket',
    Connection: 'Upgrade',
    'Sec-WebSocket-Version': '13',
    'Sec-WebSocket-Key': KEY,
  };
  if (offer !== undefined) headers['Sec-WebSocket-Extensions'] = offer;
  const req = {
    method: 'GET',
    url: '/',
    httpVersionMajor: 1,
    httpVersionMinor: 1,
    rawHeaders: Object.entries(headers).flat(),
  };
  const socket = new PassThrough();
  const { error, assign } = await new Promise((resolve) =>
    Upgrade.handleUpgradeRequest(req, socket, options, (...args) => resolve({ error: args[0], assign: args[2] })),
  );
  assert.equal(error, null);
  const line = /^Sec-WebSocket-Extensions: (.*)\r$/m.exec(socket.read().toString());
  assert.equal(assign.extensions, line?.[1] ?? '');
  return assign.extensions;
}

/** [the client's offer, the server's options, its answer] */
for (const [offer, options, expected] of [
  // permessage-deflate alone
  [PMD, {}, ''],
  [PMD, { perMessageDeflate: false }, ''],
  [undefined, { perMessageDeflate: true }, ''],
  [PMD, { perMessageDeflate: true }, PMD],
  [`${PMD}; client_max_window_bits`, { perMessageDeflate: true }, PMD],
  [`${PMD}; client_max_window_bits=12`, { perMessageDeflate: true }, `${PMD}; client_max_window_bits=12`],
  [`${PMD}; server_max_window_bits=8`, { perMessageDeflate: true }, `${PMD}; server_max_window_bits=8`],
  [`${PMD}; server_max_window_bits=15`, { perMessageDeflate: true }, `${PMD}; server_max_window_bits=15`],
  [
    `${PMD}; server_max_window_bits="10"`,
    { perMessageDeflate: { serverMaxWindowBits: 9 } },
    `${PMD}; server_max_window_bits=9`,
  ],
  [
    `${PMD}; client_max_window_bits`,
    { perMessageDeflate: { clientMaxWindowBits: 9 } },
    `${PMD}; client_max_window_bits=9`,
  ],
  [PMD, { perMessageDeflate: { clientMaxWindowBits: 9 } }, ''],
  [
    `${PMD}, ${PMD}; client_max_window_bits`,
    { perMessageDeflate: { clientMaxWindowBits: 9 } },
    `${PMD}; client_max_window_bits=9`,
  ],
  [
    PMD,
    { perMessageDeflate: { serverNoContextTakeover: true, clientNoContextTakeover: true } },
    `${PMD}; server_no_context_takeover; client_no_context_takeover`,
  ],
  [`${PMD}; server_no_context_takeover`, { perMessageDeflate: true }, `${PMD}; server_no_context_takeover`],
  // An offer that is declined does not keep the next one from being taken
  [
    `${PMD}; x, ${PMD}; server_max_window_bits, ${PMD}; server_max_window_bits=7, ${PMD}; server_no_context_takeover`,
    { perMessageDeflate: true },
    `${PMD}; server_no_context_takeover`,
  ],
  [`${PMD}; client_no_context_takeover; client_no_context_takeover`, { perMessageDeflate: true }, ''],
  [`${PMD}; server_no_context_takeover=true`, { perMessageDeflate: true }, ''],
  ['x-webkit-deflate-frame', { perMessageDeflate: true }, ''],
  // With extensions of the app: in their order, compression last
  [`${PMD}, x-a, x-b`, { perMessageDeflate: true, extensions: { 'x-b': plain(), 'x-a': plain() } }, `x-b, x-a, ${PMD}`],
  ['x-a', { extensions: { 'x-b': plain(), 'x-a': plain() } }, 'x-a'],
  ['x-a; b', { extensions: { 'x-a': plain() } }, ''],
  ['x-a; b, x-a', { extensions: { 'x-a': plain() } }, 'x-a'],
  ['x-c', { extensions: { 'x-a': plain() } }, ''],
  // RSV1 has one meaning only
  [`${PMD}, x-a`, { perMessageDeflate: true, extensions: { 'x-a': rsv1() } }, 'x-a'],
  [`${PMD}`, { perMessageDeflate: true, extensions: { 'x-a': rsv1() } }, PMD],
  [
    `x-a, x-b, x-c, ${PMD}`,
    { perMessageDeflate: true, extensions: { 'x-c': plain(), 'x-b': rsv1(), 'x-a': rsv1() } },
    'x-c, x-b',
  ],
  // One of the app's by that name takes the built-in one's place
  [`${PMD}; client_max_window_bits, ${PMD}`, { perMessageDeflate: true, extensions: { [PMD]: rsv1() } }, PMD],
  [`${PMD}; client_max_window_bits`, { perMessageDeflate: true, extensions: { [PMD]: rsv1() } }, ''],
]) {
  test(`offered ${offer}, with ${JSON.stringify(options)}: ${expected || 'none'}`, limit, async () => {
    assert.equal(await answered(offer, options), expected);
  });
}

/** [the client's options, what it offers, the answer, what is agreed upon or what is wrong] */
for (const [options, offer, answer, expected] of [
  [{}, undefined, undefined, ''],
  [{ extensions: { 'x-b': plain(), 'x-a': plain() } }, 'x-b, x-a', 'x-a', 'x-a'],
  [{ extensions: { 'x-b': plain(), 'x-a': plain() } }, 'x-b, x-a', 'x-a, x-b', 'x-a, x-b'],
  [{ perMessageDeflate: true }, `${PMD}; client_max_window_bits`, undefined, ''],
  [{ perMessageDeflate: true }, `${PMD}; client_max_window_bits`, PMD, PMD],
  [
    { perMessageDeflate: true },
    `${PMD}; client_max_window_bits`,
    `${PMD}; client_max_window_bits=8; server_no_context_takeover`,
    `${PMD}; server_no_context_takeover; client_max_window_bits=8`,
  ],
  [
    { perMessageDeflate: true, extensions: { 'x-a': plain() } },
    `x-a, ${PMD}; client_max_window_bits`,
    `x-a, ${PMD}`,
    `x-a, ${PMD}`,
  ],
  [
    { perMessageDeflate: { clientMaxWindowBits: 10 } },
    `${PMD}; client_max_window_bits=10`,
    PMD,
    `${PMD}; client_max_window_bits=10`,
  ],
  [
    { perMessageDeflate: { clientMaxWindowBits: 10 } },
    `${PMD}; client_max_window_bits=10`,
    `${PMD}; client_max_window_bits=11`,
    /larger/,
  ],
  [
    { perMessageDeflate: { serverMaxWindowBits: 10 } },
    `${PMD}; server_max_window_bits=10; client_max_window_bits`,
    PMD,
    /not confirmed/,
  ],
  [
    { perMessageDeflate: { serverNoContextTakeover: true } },
    `${PMD}; server_no_context_takeover; client_max_window_bits`,
    PMD,
    /not confirmed/,
  ],
  [{ perMessageDeflate: true }, `${PMD}; client_max_window_bits`, `${PMD}; client_max_window_bits`, /no value/],
  [{ perMessageDeflate: true }, `${PMD}; client_max_window_bits`, `${PMD}; x`, /there is not/],
  [{ perMessageDeflate: true }, `${PMD}; client_max_window_bits`, `${PMD}; server_max_window_bits=08`, /8 to 15/],
  [
    { perMessageDeflate: true },
    `${PMD}; client_max_window_bits`,
    `${PMD}; server_no_context_takeover; server_no_context_takeover`,
    /twice/,
  ],
  [{ perMessageDeflate: true }, `${PMD}; client_max_window_bits`, `${PMD}, ${PMD}`, /twice/],
  [
    { perMessageDeflate: true, extensions: { 'x-a': plain() } },
    `x-a, ${PMD}; client_max_window_bits`,
    `${PMD}, x-a`,
    /comes after permessage-deflate/,
  ],
  [
    { perMessageDeflate: true, extensions: { 'x-a': rsv1() } },
    `x-a, ${PMD}; client_max_window_bits`,
    `x-a, ${PMD}`,
    /RSV1/,
  ],
  [{ perMessageDeflate: true, extensions: { 'x-a': rsv1() } }, `x-a, ${PMD}; client_max_window_bits`, PMD, PMD],
  [{ extensions: { 'x-b': rsv1(), 'x-a': rsv1() } }, 'x-b, x-a', 'x-a, x-b', /RSV1/],
  [{ extensions: { [PMD]: rsv1() }, perMessageDeflate: true }, PMD, PMD, PMD],
]) {
  test(`a client with ${JSON.stringify(options)}, answered ${answer}: ${expected || 'none'}`, limit, async (t) => {
    const server = http.createServer().on('upgrade', (req, socket) => {
      assert.equal(req.headers['sec-websocket-extensions'], offer);
      socket.on('error', () => {});
      const lines = [
        'HTTP/1.1 101 OK',
        'Upgrade: websocket',
        'Connection: Upgrade',
        `Sec-WebSocket-Accept: ${acceptKey(req.headers['sec-websocket-key'])}`,
      ];
      if (answer !== undefined) lines.push(`Sec-WebSocket-Extensions: ${answer}`);
      socket.end(`${lines.join('\r\n')}\r\n\r\n`);
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    t.after(() => server.close());
    const [error, socket, assign] = await new Promise((resolve) =>
      Upgrade.createUpgradeRequest(`ws://127.0.0.1:${server.address().port}/`, options, (...args) => resolve(args)),
    );
    if (typeof expected === 'string') {
      assert.equal(error, null);
      assert.equal(assign.extensions, expected);
      socket.destroy();
    } else {
      assert.equal(error.code, 'ERR_WS_INVALID_HANDSHAKE');
      assert.match(error.message, expected);
    }
  });
}

test('with a client of ws: it takes our answer', limit, async (t) => {
  const server = http.createServer().on('upgrade', (req, socket) => {
    const perMessageDeflate = { serverMaxWindowBits: 10, clientMaxWindowBits: 11, serverNoContextTakeover: true };
    Upgrade.handleUpgradeRequest(req, socket, { perMessageDeflate }, (error) => assert.equal(error, null));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  t.after(() => server.close());
  const client = new WebSocket(`ws://127.0.0.1:${server.address().port}/`);
  const opened = once(client, 'open');
  const [res] = await once(client, 'upgrade');
  assert.equal(
    res.headers['sec-websocket-extensions'],
    `${PMD}; server_no_context_takeover; server_max_window_bits=10; client_max_window_bits=11`,
  );
  await opened;
  assert.equal(client.extensions, PMD);
  client.terminate();
});

test('with a server of ws: we take its answer', limit, async (t) => {
  const server = new WebSocketServer({
    port: 0,
    host: '127.0.0.1',
    perMessageDeflate: { clientMaxWindowBits: 12, serverNoContextTakeover: true },
  });
  await once(server, 'listening');
  t.after(() => server.close());
  const [error, socket, assign] = await new Promise((resolve) =>
    Upgrade.createUpgradeRequest(`ws://127.0.0.1:${server.address().port}/`, { perMessageDeflate: true }, (...args) =>
      resolve(args),
    ),
  );
  assert.equal(error, null);
  assert.equal(assign.extensions, `${PMD}; server_no_context_takeover; client_max_window_bits=12`);
  socket.destroy();
});

test('Server and Client agree upon the extensions that both have, and use them', limit, async (t) => {
  const seen = [];
  const noting = (name) => ({
    read(next) {
      seen.push(`${name} read`);
      next();
    },
    write(next) {
      seen.push(`${name} write`);
      next();
    },
  });
  const server = new Server();
  server.extensions = { 'x-a': noting('a'), 'x-b': noting('b'), 'x-c': noting('c') };
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  const client = new Client({ url: `ws://127.0.0.1:${server.address().port}` });
  client.extensions = { 'x-b': plain(), 'x-d': plain(), 'x-a': plain() };
  const events = new Inbox(client, ['open', 'message']);
  const opened = once(server, 'open');
  client.open();
  const [sid] = await events.next('open');
  const [theirs] = await opened;
  assert.deepEqual(client.sockets[sid].extensions, ['x-a', 'x-b']);
  assert.deepEqual(server.sockets[theirs].extensions, ['x-a', 'x-b']);
  const echoed = once(server, 'message');
  client.send('x');
  await echoed;
  server.send('y');
  await events.next('message');
  assert.deepEqual(seen, ['b read', 'a read', 'a write', 'b write']);
  client.terminate(null);
});
