'use strict';

// memoryLimit: how much the windows of permessage-deflate may take before a Server agrees on no more
// of them, and a Client does not offer it. The HTTP server is the test's own, so this runs over sockets only.

const assert = require('node:assert/strict');
const { once } = require('node:events');
const http = require('node:http');
const { test } = require('node:test');
const { WebSocket } = require('ws');
const { Client, Server } = require('../..');
const { limit } = require('../support/server');

const WITHOUT = 'permessage-deflate; server_no_context_takeover; client_no_context_takeover';
/** What a server keeps for a connection with both contexts: the reminder of what it sent, a window. */
const BOTH = 4 * 1024 + 32 * 1024;

async function listening(t, options) {
  const server = new Server(options);
  const http_ = http.createServer();
  server.listen(http_);
  http_.listen(0, '127.0.0.1');
  await once(http_, 'listening');
  t.after(async () => {
    await new Promise((resolve) => server.close(resolve));
    http_.close();
  });
  return { server, url: `ws://127.0.0.1:${http_.address().port}/` };
}

/** @returns {Promise<{ client: WebSocket, agreed: string | undefined }>} */
async function connect(url, perMessageDeflate = true) {
  const client = new WebSocket(url, { perMessageDeflate });
  const [response] = await once(client, 'upgrade');
  if (client.readyState !== WebSocket.OPEN) await once(client, 'open');
  return { client, agreed: response.headers['sec-websocket-extensions'] };
}

test('a Server agrees on contexts as long as there is memory for them', limit, async (t) => {
  const { server, url } = await listening(t, { perMessageDeflate: { memoryLimit: BOTH + 1 } });
  const first = await connect(url);
  const second = await connect(url);
  const third = await connect(url);
  assert.equal(first.agreed, 'permessage-deflate');
  assert.equal(second.agreed, 'permessage-deflate', 'less than the limit was taken');
  assert.equal(third.agreed, undefined, 'a client that does not offer to keep none is not asked to');
  assert.equal((await connect(url, { clientNoContextTakeover: true })).agreed, WITHOUT);
  const closed = once(server, 'close');
  first.client.close();
  await closed;
  assert.equal((await connect(url)).agreed, 'permessage-deflate', 'one has given back its own');
});

test('what takes over no context takes none of it', limit, async (t) => {
  const { url } = await listening(t, {
    perMessageDeflate: { memoryLimit: 1, serverNoContextTakeover: true, clientNoContextTakeover: true },
  });
  for (let n = 0; n < 3; n++) {
    assert.equal((await connect(url)).agreed, WITHOUT);
  }
});

/** What a Client has offered with its next connection, and what came of it. */
async function offered(client, server, url) {
  const [[, request], [sid]] = await Promise.all([once(server, 'open'), once(client, 'open'), client.open(url)]);
  return { offer: request.headers['sec-websocket-extensions'], extensions: client.sockets[sid].extensions, sid };
}

test('a Client offers it as long as there is memory for it, and past that not at all', limit, async (t) => {
  const { server, url } = await listening(t, { perMessageDeflate: true });
  const client = new Client({ perMessageDeflate: { memoryLimit: BOTH + 1 } });
  const [first, second, third] = [
    await offered(client, server, url),
    await offered(client, server, url),
    await offered(client, server, url),
  ];
  for (const { offer, extensions } of [first, second]) {
    assert.match(offer, /^permessage-deflate/);
    assert.doesNotMatch(offer, /no_context_takeover/);
    assert.deepEqual(extensions, ['permessage-deflate']);
  }
  assert.deepEqual([third.offer, third.extensions], [undefined, []]);
  const closed = once(client, 'close');
  client.close(first.sid);
  await closed;
  assert.match((await offered(client, server, url)).offer, /^permessage-deflate/, 'one has given back its own');
  client.terminate(null);
});

test('with memoryLimit 0 a Client never offers it, and a Server without contexts only', limit, async (t) => {
  const { server, url } = await listening(t, { perMessageDeflate: { memoryLimit: 0 } });
  assert.equal((await connect(url, { clientNoContextTakeover: true })).agreed, WITHOUT);
  assert.equal((await connect(url)).agreed, undefined);
  const client = new Client({ perMessageDeflate: { memoryLimit: 0 } });
  assert.equal((await offered(client, server, url)).offer, undefined);
  client.terminate(null);
});
