'use strict';

// A peer that answers is not given up because a thread of ours had no time to read what it said.

const assert = require('node:assert/strict');
const { randomBytes } = require('node:crypto');
const { test } = require('node:test');
const { setImmediate } = require('node:timers/promises');
const { run } = require('../support/child');
const { Inflater, NAME, RSV1 } = require('../support/deflate');
const { DRIVEN_BY, limit, served } = require('../support/server');

/** Text that takes a thread some 50 ms to compress. */
const large = () => randomBytes(1024 * 1024).toString('hex');
/** Text that takes as long, and that a peer has read in no time: it is to answer meanwhile. */
const slow = () => Array.from(randomBytes(64 * 1024), (byte) => byte.toString(2).padStart(8, '0')).join('');

test(
  'the JavaScript thread is blocked for longer than timeout',
  limit,
  served({ base: { timeout: 1000 } }, async ({ at, base, events }, t) => {
    const child = run(t, 'talking-client.js', [at, 4]);
    await child.says();
    for (let n = 0; n < 3; n++) {
      const until = performance.now() + 1300;
      while (performance.now() < until);
      await events.atLeast('message', 4 * (n + 1)); // all that is due has had its turn
    }
    assert.equal(base.connections, 4);
    assert.deepEqual(events.list('close'), []);
  }),
);

test(
  'what is sent to all comes faster than the I/O thread writes it, and still it reads',
  limit,
  served({ base: { maxConnections: Infinity } }, async ({ at, base, raw }, t) => {
    const [client, child] = [await raw(), run(t, 'listening-clients.js', [at, 300])];
    await child.says();
    let heard = 0;
    base.on('message', (_text, sid) => (heard += sid === client.sid));
    for (let n = 0; n < 30; n++) {
      client.text('.');
      for (; heard === n; await setImmediate()) base.send('.');
    }
  }),
);

test(
  'the I/O thread compresses for longer than pingInterval',
  limit,
  served({ agreed: NAME, base: { pingInterval: 500 } }, async ({ at, base, events }, t) => {
    const child = run(t, 'talking-client.js', [at, 2]);
    await child.says();
    for (let n = 0; n < 3; n++) {
      for (let m = 0; m < 14; m++) base.send(slow());
      base.ping(`${n}`); // behind all of these
      await events.atLeast('pong', 2 * (n + 1));
    }
    assert.equal(base.connections, 2);
  }),
);

test(
  'an I/O thread that is behind sends messages as they are',
  limit,
  served({ agreed: NAME }, async ({ base, raw }) => {
    const clients = [];
    while (clients.length < 4) clients.push(await raw());
    // As long as it is not: it may have been, if others had the processor.
    const texts = [];
    const isCompressed = (client) => client.frames[texts.length - 1].rsv === RSV1;
    do {
      texts.push('a short one '.repeat(200));
      base.send(texts[texts.length - 1]);
      for (const client of clients) await client.inbox.atLeast('frame', texts.length);
    } while (!clients.every(isCompressed));
    const before = texts.length;
    texts.push(...Array.from({ length: 6 }, large));
    for (const text of texts.slice(before)) base.send(text);
    let plain = 0;
    for (const client of clients) {
      await client.inbox.atLeast('frame', texts.length);
      const inflater = new Inflater();
      for (const [n, frame] of client.frames.entries()) {
        assert.ok(inflater.message(frame) === texts[n], `message ${n}`);
        plain += n < before || frame.rsv === RSV1 ? 0 : 1;
      }
    }
    // Some 1.2 s of work at once, of which 0.2 s are done; a stream's are done in the call.
    assert.equal(plain > 0, DRIVEN_BY === 'socket');
  }),
);
