'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { Deflater } = require('../support/deflate');
const { TEXT, encode } = require('../support/frames');
const { DRIVEN_BY, limit, served } = require('../support/server');

const PEERS = 5;
const BOMBS = 10;

test(
  'a peer that sends little is heard among others whose compressed messages are large',
  { ...limit, skip: DRIVEN_BY !== 'socket' && 'the event loop takes what its streams bring in their order' },
  served({ agreed: 'permessage-deflate; client_no_context_takeover' }, async ({ base, raw }) => {
    base.removeAllListeners('message'); // the inbox's
    const bomb = new Deflater({ takeover: false }).frame('é'.repeat(2 << 20), { level: 9 });
    const others = [];
    for (let i = 0; i < PEERS; i++) others.push(await raw());
    const innocent = await raw();
    let bombs = 0;
    const before = [];
    const all = new Promise((resolve) => {
      base.on('message', (_text, sid) => {
        if (sid === innocent.sid) {
          before.push(bombs);
          innocent.write(encode({ opcode: TEXT, payload: 'again' })).catch(() => {}); // it is over by then, the last time
        } else if (++bombs === PEERS * BOMBS) resolve();
      });
    });
    for (const peer of others) peer.write(Buffer.concat(new Array(BOMBS).fill(bomb)));
    await innocent.write(encode({ opcode: TEXT, payload: 'first' }));
    await all;
    // Those that the thread had begun with, and those that are under way to JavaScript.
    const times = before.slice(1).filter((heard, index) => heard > before[index]);
    assert.ok(before[0] <= 3 * PEERS, `it was first heard after ${before[0]} of the others' messages`);
    assert.ok(times.length > BOMBS / 2, `it was heard after ${before} of the others' messages`);
  }),
);
