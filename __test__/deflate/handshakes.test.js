'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { once } = require('node:events');
const { WebSocket, WebSocketServer } = require('ws');
const { Client, Server } = require('../..');
const { Inbox } = require('../support/inbox');
const { limit } = require('../support/server');

/** Compressible, longer than any window, and not the same twice. */
const messages = [1, 2, 3].map((seed) =>
  Array.from({ length: 9_000 }, (_, i) => `line ${(i * seed) % 777}`).join('\n'),
);

const POLICIES = [
  true,
  { threshold: 0, serverNoContextTakeover: true },
  { threshold: 0, clientNoContextTakeover: true, serverMaxWindowBits: 9 },
  { threshold: 0, serverMaxWindowBits: 8, clientMaxWindowBits: 8 },
  {
    threshold: 0,
    serverMaxWindowBits: 12,
    clientMaxWindowBits: 10,
    serverNoContextTakeover: true,
    clientNoContextTakeover: true,
  },
];

/** Sends all messages to an echo and looks at what comes back. */
async function echoed(client, inbox, sid) {
  for (const text of messages) client.send(text);
  for (const text of messages) assert.deepEqual(await inbox.next('message'), [text, sid]);
}

function serve(t, options) {
  const server = new Server(options);
  t.after(() => server.terminate(null).close());
  server.on('message', (text, sid) => server.send(sid, text));
  return new Promise((resolve) =>
    server.listen(0, '127.0.0.1', () => resolve({ server, url: `ws://127.0.0.1:${server.address().port}/` })),
  );
}

function open(t, options) {
  const client = new Client(options);
  const events = new Inbox(client, ['open', 'message', 'error', 'close']);
  t.after(() => client.terminate(null));
  client.open();
  return { client, events };
}

for (const perMessageDeflate of POLICIES) {
  const name = JSON.stringify(perMessageDeflate);

  test(`a Server with ${name} and a client of ws`, limit, async (t) => {
    const { server, url } = await serve(t, { perMessageDeflate });
    const opened = once(server, 'open');
    const client = new WebSocket(url, { perMessageDeflate: { threshold: 0 } });
    const inbox = new Inbox(client, ['open', 'message']);
    await inbox.next('open');
    const [sid] = await opened;
    assert.equal(client.extensions, 'permessage-deflate');
    assert.deepEqual(server.sockets[sid].extensions, ['permessage-deflate']);
    for (const text of messages) client.send(text);
    for (const text of messages) assert.equal((await inbox.next('message'))[0].toString(), text);
    const length = messages.reduce((sum, text) => sum + text.length, 0);
    assert.ok(server.stats().bytesReceived < length / 2 && server.stats().bytesSent < length / 2);
    client.terminate();
  });

  test(`a Client with ${name} and a server of ws`, limit, async (t) => {
    const wss = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: { threshold: 0 } });
    wss.on('connection', (peer) => peer.on('message', (data) => peer.send(data.toString())));
    await once(wss, 'listening');
    t.after(() => wss.close());
    const { client, events } = open(t, { url: `ws://127.0.0.1:${wss.address().port}`, perMessageDeflate });
    const [sid] = await events.next('open');
    assert.deepEqual(client.sockets[sid].extensions, ['permessage-deflate']);
    await echoed(client, events, sid);
    const length = messages.reduce((sum, text) => sum + text.length, 0);
    assert.ok(client.stats().bytesReceived < length / 2 && client.stats().bytesSent < length / 2);
  });

  test(`a Server and a Client, both with ${name}`, limit, async (t) => {
    const { server, url } = await serve(t, { perMessageDeflate });
    const { client, events } = open(t, { url, perMessageDeflate });
    const [sid] = await events.next('open');
    await echoed(client, events, sid);
    assert.deepEqual(client.sockets[sid].extensions, ['permessage-deflate']);
    assert.equal(server.connections, 1);
  });
}

test('one side without it: nothing is compressed', limit, async (t) => {
  const { url } = await serve(t, { perMessageDeflate: true });
  const { client, events } = open(t, { url });
  const [sid, res] = await events.next('open');
  assert.equal(res.headers['sec-websocket-extensions'], undefined);
  await echoed(client, events, sid);
});

test("an extension of the app's sees messages before they are compressed", limit, async (t) => {
  const seen = [];
  const noting = () => ({
    read(next, frame) {
      seen.push(['read', frame.rsv1, frame.content.toString()]);
      next();
    },
    write(next, frame) {
      seen.push(['write', frame.rsv1, frame.content.toString()]);
      next();
    },
  });
  const { server, url } = await serve(t, { perMessageDeflate: { threshold: 0 } });
  server.extensions['x-note'] = noting();
  const client = new Client({ url, perMessageDeflate: { threshold: 0 } });
  t.after(() => client.terminate(null));
  client.extensions['x-note'] = { read: (next) => next() };
  const events = new Inbox(client, ['open', 'message']);
  client.open();
  const [sid] = await events.next('open');
  assert.deepEqual(client.sockets[sid].extensions, ['x-note', 'permessage-deflate']);
  const text = 'again and '.repeat(100);
  client.send(text);
  assert.equal((await events.next('message'))[0], text);
  assert.deepEqual(seen, [
    ['read', false, text],
    ['write', false, text],
  ]);
});
