'use strict';

// Messages that are sent in fragments, with permessage-deflate and without; ws is who reads them.

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { connect, inBothRoles } = require('../support/ws-entry');

/** Text that compresses to almost nothing. */
const LONG = 'again and again '.repeat(2_000);
const PIECES = ['begins, ', LONG, '', 'goes on, ', LONG, 'ends'];

/** Sends a message in pieces. */
function sendPieces(ws, pieces, options) {
  for (const [index, piece] of pieces.entries()) ws.send(piece, { ...options, fin: index === pieces.length - 1 });
}

/** Both ends with permessage-deflate. */
const deflated = (t, role, options, more) =>
  connect(t, role, {
    ours: { perMessageDeflate: { threshold: 0, ...options }, ...more },
    theirs: { perMessageDeflate: { threshold: 0, ...options } },
  });

/** What the other end has read while `act` ran, once this many messages have come. */
async function bytesOf({ theirs, peer }, count, act) {
  const before = theirs._socket.bytesRead;
  act();
  const messages = await peer.atLeast('message', count);
  return { bytes: theirs._socket.bytesRead - before, messages };
}

for (const [how, options] of [
  ['with context takeover', {}],
  ['without', { serverNoContextTakeover: true, clientNoContextTakeover: true }],
  ['with the smallest windows', { serverMaxWindowBits: 9, clientMaxWindowBits: 9 }],
]) {
  inBothRoles(`fragments are compressed, ${how}, and ws reads them`, async (t, role) => {
    const pair = await deflated(t, role, options);
    const { ours } = pair;
    const { bytes, messages } = await bytesOf(pair, 4, () => {
      sendPieces(ours, PIECES);
      ours.send(LONG);
      sendPieces(ours, PIECES.map(Buffer.from), { binary: true });
      ours.send('and a short one');
    });
    assert.deepEqual(
      messages.map(([data, isBinary]) => [String(data), isBinary]),
      [
        [PIECES.join(''), false],
        [LONG, false],
        [PIECES.join(''), true],
        ['and a short one', false],
      ],
    );
    assert.ok(bytes < 5_000, `${bytes} bytes`);
  });
}

inBothRoles('pings come between compressed fragments', async (t, role) => {
  const { ours, peer } = await deflated(t, role, {});
  ours.send('begins, ', { fin: false });
  ours.ping('between');
  ours.send('goes on, ', { fin: false });
  ours.pong('between');
  ours.send('ends');
  assert.deepEqual(await peer.next('message'), [Buffer.from('begins, goes on, ends'), false]);
  assert.deepEqual(
    peer.all.map(({ name }) => name).filter((name) => name !== 'open'),
    ['ping', 'pong', 'message'],
  );
});

inBothRoles('the first fragment says whether a message is compressed', async (t, role) => {
  const pair = await deflated(t, role, {});
  const { ours } = pair;
  const plain = await bytesOf(pair, 1, () => {
    ours.send(LONG, { fin: false, compress: false });
    ours.send(LONG, { fin: true, compress: true });
  });
  assert.ok(plain.bytes > 2 * LONG.length);
  const short = await bytesOf(pair, 2, () => {
    ours.send('', { fin: false, compress: true });
    ours.send(LONG, { fin: true, compress: false });
  });
  assert.ok(short.bytes < LONG.length / 4);
  assert.deepEqual(
    short.messages.map(([data]) => String(data)),
    [LONG + LONG, LONG],
  );
});

inBothRoles('a fragment stays what it was when it was sent', async (t, role) => {
  const { ours, peer } = await deflated(t, role, {});
  const memory = Buffer.alloc(1_000, 1);
  ours.send(memory, { fin: false });
  memory.fill(2);
  ours.send(memory);
  memory.fill(3);
  const [data] = await peer.next('message');
  assert.deepEqual(data, Buffer.concat([Buffer.alloc(1_000, 1), Buffer.alloc(1_000, 2)]));
});

inBothRoles('the callbacks of fragments are called once those are written', async (t, role) => {
  const { ours, peer } = await deflated(t, role, {});
  const called = [];
  await new Promise((resolve) => {
    ours.send('one, ', { fin: false }, () => called.push('one'));
    ours.send('two', { fin: true }, () => resolve(called.push('two')));
  });
  assert.deepEqual(called, ['one', 'two']);
  assert.equal(String((await peer.next('message'))[0]), 'one, two');
});

test('what generateMask masks is compressed as well, whole or in fragments', async (t) => {
  const keys = [];
  const generateMask = (key) => keys.push(key.fill(keys.length + 1));
  const pair = await deflated(t, 'client', {}, { generateMask });
  const { bytes, messages } = await bytesOf(pair, 2, () => {
    pair.ours.send(LONG);
    sendPieces(pair.ours, PIECES);
  });
  assert.deepEqual(
    messages.map(([data]) => String(data)),
    [LONG, PIECES.join('')],
  );
  assert.ok(bytes < 5_000, `${bytes} bytes`);
  assert.equal(keys.length, 1 + PIECES.length);
});
