'use strict';

// maxFragments and maxBufferedChunks. Each test runs with ws in our place as well: it is what they say.

const assert = require('node:assert/strict');
const { once } = require('node:events');
const { test } = require('node:test');
const reference = require('ws');
const ours = require('../../ws.js');
const { Inbox } = require('../support/inbox');
const { serve, trust } = require('../support/ws-entry');

const { Sender } = reference;
const TEXT = 1;
const CONTINUATION = 0;

/** The events that are looked at. */
const EVENTS = ['message', 'error', 'close'];

/**
 * A WebSocket that is measured, and the socket of its peer, which may say anything.
 *
 * @returns {Promise<{ ws: object, inbox: Inbox, write: (bytes: Buffer) => void, frame: Function }>}
 */
async function open(t, module, role, options) {
  const isServer = role === 'server';
  const { wss, url } = await serve(t, isServer ? options : {}, isServer ? module : reference);
  const Client = isServer ? reference : module;
  const accepted = once(wss, 'connection');
  const client = new Client(url, { ...trust, ...(isServer ? {} : options) });
  const [[served]] = await Promise.all([accepted, once(client, 'open')]);
  t.after(() => client.terminate());
  const [ws, peer] = isServer ? [served, client] : [client, served];
  peer.on('error', () => {});
  return {
    ws,
    inbox: new Inbox(ws, EVENTS),
    peer: new Inbox(peer, ['close']),
    write: (bytes) => peer._socket.write(bytes),
    frame: (data, { opcode = TEXT, fin = true } = {}) =>
      Buffer.concat(Sender.frame(Buffer.from(data), { opcode, fin, mask: isServer, maskBuffer: Buffer.alloc(4) })),
  };
}

/** A test of ours and of ws, in each role. */
function ofBoth(name, body) {
  for (const [whose, module] of [
    ['ours', ours],
    ['ws', reference],
  ]) {
    for (const role of ['server', 'client']) {
      test(`${name} (${whose}, ${role})`, { timeout: 60_000 }, (t) =>
        body(t, (options) => open(t, module, role, options)),
      );
    }
  }
}

/** Sends bytes so that each chunk is read by itself. */
async function inChunks({ ws, write }, chunks) {
  for (const chunk of chunks) {
    const before = ws._socket.bytesRead;
    write(chunk);
    // Over TLS a chunk is more bytes there.
    while (ws._socket.bytesRead < before + chunk.length && ws.readyState === 1) await new Promise(setImmediate);
  }
}

/** Bytes, cut into this many pieces. */
function cut(bytes, count) {
  const size = Math.floor(bytes.length / count);
  return Array.from({ length: count }, (_, i) =>
    bytes.subarray(i * size, i === count - 1 ? undefined : (i + 1) * size),
  );
}

/** A message of so many frames, as bytes. */
const message = (frame, count, data = 'x') =>
  Buffer.concat(
    Array.from({ length: count }, (_, i) =>
      frame(data, { opcode: i === 0 ? TEXT : CONTINUATION, fin: i === count - 1 }),
    ),
  );

/** It has failed with 1008, and says what was too many. */
async function assertFailed({ inbox, peer }, text) {
  const [error] = await inbox.next('error');
  assert.deepEqual(
    [error.name, error.code, error.message],
    ['RangeError', 'WS_ERR_TOO_MANY_BUFFERED_PARTS', `Too many ${text}`],
  );
  const [code] = await peer.next('close');
  assert.equal(code, 1008);
}

ofBoth('maxFragments frames of a message are heard, one more is an error and 1008', async (_t, connect) => {
  const pair = await connect({ maxFragments: 5 });
  pair.write(message(pair.frame, 5));
  pair.write(message(pair.frame, 1));
  pair.write(message(pair.frame, 5));
  const got = await pair.inbox.atLeast('message', 3);
  assert.deepEqual(
    got.map(([data]) => String(data)),
    ['xxxxx', 'x', 'xxxxx'],
  );
  pair.write(message(pair.frame, 6));
  await assertFailed(pair, 'message fragments');
});

ofBoth('empty fragments count as others do', async (_t, connect) => {
  const pair = await connect({ maxFragments: 3_000 });
  pair.write(message(pair.frame, 3_000, ''));
  assert.deepEqual(await pair.inbox.next('message'), [Buffer.alloc(0), false]);
  pair.write(message(pair.frame, 3_001, ''));
  await assertFailed(pair, 'message fragments');
});

ofBoth('with maxFragments 0 there is no limit', async (_t, connect) => {
  const pair = await connect({ maxFragments: 0 });
  pair.write(message(pair.frame, 140_000, 'y'));
  const [data] = await pair.inbox.next('message');
  assert.equal(data.length, 140_000);
});

ofBoth('a frame may come in maxBufferedChunks chunks, one more is an error and 1008', async (_t, connect) => {
  const pair = await connect({ maxBufferedChunks: 4 });
  const text = 'of some length '.repeat(20);
  const frame = pair.frame(text);
  await inChunks(pair, cut(frame, 4));
  assert.equal(String((await pair.inbox.next('message'))[0]), text);
  // Each frame has as many.
  const [first, last] = [pair.frame(text, { fin: false }), pair.frame(text, { opcode: CONTINUATION })];
  await inChunks(pair, [...cut(first, 4), ...cut(last, 4)]);
  assert.equal(String((await pair.inbox.next('message'))[0]), text + text);
  await inChunks(pair, cut(frame, 5));
  await assertFailed(pair, 'buffered chunks');
});

ofBoth('the chunks of a large frame count as well', async (_t, connect) => {
  const pair = await connect({ maxBufferedChunks: 10 });
  await inChunks(pair, cut(pair.frame(Buffer.alloc(300_000, 'z')), 12));
  await assertFailed(pair, 'buffered chunks');
});

ofBoth('with maxBufferedChunks 0 there is no limit', async (_t, connect) => {
  const pair = await connect({ maxBufferedChunks: 0 });
  const text = 'z'.repeat(200);
  await inChunks(pair, cut(pair.frame(text), 200));
  assert.equal(String((await pair.inbox.next('message'))[0]), text);
});
