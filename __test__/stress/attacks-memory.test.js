'use strict';

// Peers that send more than the app takes, whichever way it holds them back: what the server process has in
// memory at most.

const assert = require('node:assert/strict');
const fs = require('node:fs');
const { setTimeout: sleep } = require('node:timers/promises');
const { describe, test } = require('node:test');
const { attack, attacked } = require('../support/attacked');
const { MiB, inMiB, memoryOf } = require('../support/memory');

const limit = { timeout: 120_000 };
const skip = !fs.existsSync('/proc/self/status') && 'no /proc here';
/** How long an attack goes on: what is not bounded by then is past any bound. */
const ATTACK = 8000;
/** What waits for JavaScript, what V8 makes of it, and what TLS and the kernel's bytes are read into. */
const BOUND = 96 * MiB;

/** What the server may do, by how many peers it is attacked, and on which transports. */
const HELD = {
  'an iterator': { peers: 200, flags: ['--max-old-space-size=512'] },
  'an iterator a connection': { peers: 50 },
  'pauses of 5 ms': { peers: 100 },
};

describe('messages of one byte, as many as are taken, and an app that takes few', { skip }, () => {
  for (const [app, { peers, flags }] of Object.entries(HELD)) {
    for (const transport of ['socket', 'stream', 'tls']) {
      test(`${app}, ${peers} peers, ${transport}: ${inMiB(BOUND)} more than at rest, at most`, limit, async (t) => {
        const server = await attacked(t, { app, transport }, flags);
        await server.ask('here');
        const { now: atRest } = memoryOf(server.pid);
        await attack(t, server, '1 byte', peers);
        await sleep(ATTACK);
        const grown = memoryOf(server.pid).peak - atRest;
        t.diagnostic(`${inMiB(grown)} more than at rest, ${await server.ask('heard')} messages heard`);
        assert.ok(grown <= BOUND, `${inMiB(grown)} more than at rest`);
      });
    }
  }
});

/** How long a server is looked at whose JavaScript does nothing: all that may come meanwhile does. */
const BUSY = 4000;
/** The text that JavaScript has, one that waits for it, and one that is being made (as it came, and its UTF-16), of 16 MiB
 *  each; and 16 MiB that 10 connections and the I/O thread have read ahead, and a copy of. Of texts that come as they are,
 *  half a message of each peer, too. */
const TEXTS = { 'text that inflates to 16 MiB': 80 * MiB, 'text of 16 MiB': (80 + 160) * MiB };

describe('10 peers that send texts of 16 MiB while JavaScript does nothing', { skip }, () => {
  for (const [kind, bound] of Object.entries(TEXTS)) {
    test(`${kind}: ${inMiB(bound)} more than at rest, at most`, limit, async (t) => {
      const server = await attacked(t, { app: 'busy from the first text on' });
      await server.ask('here');
      const { now: atRest } = memoryOf(server.pid);
      await attack(t, server, kind, 10);
      await server.says('busy');
      await sleep(BUSY);
      const { now, peak } = memoryOf(server.pid);
      t.diagnostic(`${inMiB(peak - atRest)} more than at rest, and ${inMiB(now - atRest)} in the end`);
      assert.ok(peak - atRest <= bound, `${inMiB(peak - atRest)} more than at rest`);
    });
  }
});
