'use strict';

const assert = require('node:assert/strict');
const talk = require('./talk');

/** Bytes of the messages: they go in one frame or in several, and in one read or in several. */
const SIZES = [1, 70_000, 1_000_000];

/**
 * Loads a page, which opens two WebSockets and talks to an echo server that chooses the subprotocol `b` and permessage-deflate.
 *
 * @param {import('playwright-core').Page} tab
 * @param {import('node:net').Server} httpServer that listens, by TLS
 */
async function converse(tab, httpServer) {
  await tab.goto(`https://127.0.0.1:${httpServer.address().port}/`);
  const { lengths, protocol, extensions, closed } = await tab.evaluate(talk, SIZES);
  assert.deepEqual(
    lengths,
    SIZES.flatMap((size) => [size, size]),
  );
  assert.equal(protocol, 'b');
  assert.match(extensions, /^permessage-deflate/);
  assert.deepEqual(closed, [4000, true]);
}

module.exports = converse;
