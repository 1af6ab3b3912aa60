'use strict';

// Messages to all, with 1,000 readers that do not read, and some that keep up. They run on all three
// transports, compressed ones on the socket transport.

const assert = require('node:assert/strict');
const { describe, test } = require('node:test');
const { KiB, MiB, inMiB } = require('../support/memory');
const { TRANSPORTS, pressed, reportWithin } = require('../support/pressed');

const limit = { timeout: 180_000 };
const FAST = 10;
/** Clients of TLS are at work for longer. */
const SLOW = { socket: 1000, stream: 1000, tls: 200 };
/** What V8 makes meanwhile, and what TLS has under way. */
const BESIDE = 96 * MiB;

/**
 * Kinds of messages: `count` of them of `size` bytes each, `perTurn` in a turn of the event loop. What
 * they may cost: `shared` bytes once for all, `each` for each reader, and `encrypted` for each over TLS,
 * which has of a turn's messages a copy of its own.
 */
const KINDS = {
  'of 64 KiB': { size: 65_536, count: 32, perTurn: 1, shared: 2 * MiB, each: 32 * KiB, encrypted: 256 * KiB },
  'of 64 KiB, in one turn': {
    size: 65_536,
    count: 32,
    perTurn: 32,
    shared: 2 * MiB,
    each: 32 * KiB,
    encrypted: 512 * KiB,
  },
  'of 1,000 bytes': { size: 1000, count: 500, perTurn: 10, shared: 0, each: 512 * KiB, encrypted: MiB },
};

/** A server with its readers, and what is due to them. */
async function readers(t, { transport, size, count, agreed, max = 4 * MiB }, deflate) {
  const options = { transport, agreed, unix: true, base: { maxBufferedAmount: max } };
  const { server, clients } = await pressed(t, options, deflate);
  const slow = SLOW[transport];
  await clients.ask('connect', 'slow', 'deaf', slow);
  await clients.ask('connect', 'fast', 'fast', FAST);
  await server.ask('opened', slow + FAST);
  for (const group of ['slow', 'fast']) await clients.ask('expect', group, count, size);
  await server.ask('measure');
  return { server, clients, slow };
}

for (const transport of TRANSPORTS) {
  describe(`broadcasts to ${SLOW[transport]} readers that do not read at first: ${transport}`, () => {
    for (const [what, kind] of Object.entries(KINDS)) {
      const { size, count, perTurn } = kind;
      test(`messages ${what}: bounded memory, and all arrive, in order, with drain`, limit, async (t) => {
        const { server, clients, slow } = await readers(t, { transport, size, count });
        const bound = kind.shared + slow * (transport === 'tls' ? kind.encrypted : kind.each) + BESIDE;
        await server.ask('broadcast', 0, count, size, perTurn);
        await clients.says('fast heard');
        const { queued } = await reportWithin(t, server, bound);
        t.diagnostic(`${inMiB(queued)} were queued in all`);
        await clients.ask('read', 'slow');
        await clients.says('slow heard');
        await server.ask('drained', slow);
        const { connections, dropped } = await reportWithin(t, server, bound);
        assert.deepEqual({ connections, dropped }, { connections: slow + FAST, dropped: 0 });
      });
    }

    test('past maxBufferedAmount they are dropped; those that keep up hear all, in order', limit, async (t) => {
      const [size, count, rounds] = [65_536, 8, 6];
      const { server, clients, slow } = await readers(t, { transport, size, count, max: MiB });
      for (let round = 0; round < rounds; round++) {
        await clients.ask('expect', 'fast', (round + 1) * count, size);
        await server.ask('broadcast', round * count, count, size, 1);
        await clients.says('fast heard');
      }
      await server.ask('closed', slow);
      await server.ask('written');
      const { connections, dropped, closed } = await reportWithin(t, server, rounds * MiB + slow * 256 * KiB + BESIDE);
      assert.deepEqual({ connections, dropped, closed }, { connections: FAST, dropped: slow, closed: { 1006: slow } });
    });
  });
}

describe('the same, compressed, on the I/O threads', () => {
  for (const [how, agreed, deflate] of [
    ['each with its own context', 'permessage-deflate', {}],
    ['without context takeover', 'permessage-deflate; server_no_context_takeover', { takeover: false }],
  ]) {
    test(`${how}, in one turn: bounded memory, and all arrive, in order`, limit, async (t) => {
      const [size, count] = [65_536, 32];
      const { server, clients, slow } = await readers(t, { transport: 'socket', size, count, agreed }, deflate);
      await server.ask('broadcast', 0, count, size, count);
      await clients.says('fast heard');
      await clients.ask('read', 'slow');
      await clients.says('slow heard');
      const { connections, dropped } = await reportWithin(t, server, count * size + slow * 64 * KiB + BESIDE);
      assert.deepEqual({ connections, dropped }, { connections: slow + FAST, dropped: 0 });
    });
  }
});
