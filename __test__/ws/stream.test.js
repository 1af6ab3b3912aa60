'use strict';

// createWebSocketStream(): a Duplex over a WebSocket.

const assert = require('node:assert/strict');
const { once } = require('node:events');
const { PassThrough } = require('node:stream');
const { pipeline } = require('node:stream/promises');
const { test } = require('node:test');
const WebSocket = require('../../ws.js');
const { connect, inBothRoles } = require('../support/ws-entry');

const { createWebSocketStream } = WebSocket;

inBothRoles('chunks are messages, and messages are chunks; the end of one side is the end of both', async (t, role) => {
  const { ours, theirs, peer } = await connect(t, role);
  const duplex = createWebSocketStream(ours, { encoding: 'utf8' });
  duplex.write('hello');
  assert.deepEqual(await peer.next('message'), [Buffer.from('hello'), true]);
  theirs.send('world');
  assert.equal((await once(duplex, 'data'))[0], 'world');
  const closed = once(duplex, 'close');
  duplex.resume();
  duplex.end();
  assert.equal((await peer.next('close'))[0], 1005);
  await closed;
});

inBothRoles('much goes through it, as fast as both ends can take it', async (t, role) => {
  const { ours, theirs } = await connect(t, role);
  const bytes = Buffer.alloc(8_000_000, '0123456789abcdef');
  theirs.on('message', (data) => theirs.send(data));
  const duplex = createWebSocketStream(ours);
  const source = new PassThrough();
  const received = [];
  let length = 0;
  const done = new Promise((resolve) => {
    duplex.on('data', (chunk) => {
      received.push(chunk);
      length += chunk.length;
      if (length === bytes.length) resolve();
    });
  });
  const piped = pipeline(source, duplex, { end: false }).catch(() => {});
  source.end(bytes);
  await done;
  assert.ok(Buffer.concat(received).equals(bytes));
  duplex.end();
  await piped;
});

inBothRoles('a reader that stops holds the peer back, and goes on', async (t, role) => {
  const { ours, theirs } = await connect(t, role);
  const duplex = createWebSocketStream(ours, { readableHighWaterMark: 1000 });
  theirs.send(Buffer.alloc(2000));
  await once(duplex, 'readable');
  assert.equal(ours.isPaused, true);
  assert.equal(duplex.read().length, 2000);
  theirs.send('more');
  const [chunk] = await once(duplex, 'data');
  assert.equal(String(chunk), 'more');
});

inBothRoles('the peer’s close frame is the end of the readable side', async (t, role) => {
  const { ours, theirs } = await connect(t, role);
  const duplex = createWebSocketStream(ours);
  theirs.send('last');
  theirs.close();
  const chunks = [];
  duplex.on('data', (chunk) => chunks.push(String(chunk)));
  await once(duplex, 'end');
  assert.deepEqual(chunks, ['last']);
});

inBothRoles('destroy() drops the WebSocket, with the error', async (t, role) => {
  const { ours, peer } = await connect(t, role);
  const duplex = createWebSocketStream(ours);
  const failed = once(duplex, 'error');
  duplex.destroy(new Error('enough'));
  assert.equal((await failed)[0].message, 'enough');
  assert.equal((await peer.next('close'))[0], 1006);
});

inBothRoles('an error of the WebSocket is the stream’s', async (t, role) => {
  const { ours, theirs } = await connect(t, role, { ours: { maxPayload: 5 } });
  const duplex = createWebSocketStream(ours);
  const failed = once(duplex, 'error');
  theirs.send('too long');
  assert.equal((await failed)[0].code, 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH');
});

test('one that cannot be opened is an error of the stream', async () => {
  const duplex = createWebSocketStream(new WebSocket('ws://127.0.0.1:1'));
  duplex.end('never sent');
  const [error] = await once(duplex, 'error');
  assert.equal(error.code, 'ECONNREFUSED');
});
