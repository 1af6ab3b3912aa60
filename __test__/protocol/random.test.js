'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { limit, served } = require('../support/server');
const { hearsInPieces } = require('../support/pieces');
const { randomText, seeded } = require('../support/random');
const { BINARY, CONTINUATION, PING, PONG, TEXT, encode } = require('../support/frames');

/** A random message in random fragments with random control frames between, and its events. */
function randomMessage(random) {
  const isText = random(2) === 0;
  const size = [random(10), 120 + random(12), random(5000), 65_530 + random(12)][random(4)];
  const text = randomText(random, isText ? size : size % 100);
  const bytes = isText ? Buffer.from(text) : Buffer.alloc(size, random(256));
  const frames = [];
  const events = [];
  const fragments = 1 + (random(3) === 0 ? random(5) : 0);
  for (let i = 0, at = 0; i < fragments; i++) {
    const end = i === fragments - 1 ? bytes.length : at + random(bytes.length - at + 1);
    frames.push(
      encode({
        opcode: i > 0 ? CONTINUATION : isText ? TEXT : BINARY,
        payload: bytes.subarray(at, end),
        fin: i === fragments - 1,
      }),
    );
    at = end;
    if (i < fragments - 1 && random(2) === 0) {
      const payload = randomText(random, random(30));
      const ping = random(2) === 0;
      frames.push(encode({ opcode: ping ? PING : PONG, payload }));
      events.push([ping ? 'ping' : 'pong', payload]);
    }
  }
  events.push(isText ? ['message', text] : ['binary', bytes]);
  return { frames, events };
}

for (const seed of [1, 2, 3, 4]) {
  test(
    `random frames, cut at random places (seed ${seed})`,
    limit,
    served({}, async ({ events, raw }) => {
      const random = seeded(seed);
      const messages = Array.from({ length: 150 }, () => randomMessage(random));
      const bytes = Buffer.concat(messages.flatMap(({ frames }) => frames));
      const expected = messages.flatMap((message) => message.events);
      await hearsInPieces({ events, raw, random, bytes, expected });
    }),
  );
}

for (const mask of [false, true]) {
  test(
    `random text and bytes sent, to one and to all (mask: ${mask})`,
    limit,
    served({ base: { mask } }, async ({ base, raw }) => {
      const random = seeded(5);
      const clients = [await raw(), await raw()];
      const expected = [[], []];
      for (let i = 0; i < 300; i++) {
        const size = [random(10), 120 + random(12), random(9000), 65_530 + random(12)][random(4)];
        const data = random(2) === 0 ? randomText(random, size) : Buffer.alloc(size, random(256));
        const who = random(3);
        if (who === 2) base.send(data);
        else base.send(clients[who].sid, data);
        for (const n of [0, 1]) if (who === n || who === 2) expected[n].push(data);
        if (random(5) === 0) await new Promise((resolve) => setImmediate(resolve));
      }
      for (const [n, client] of clients.entries()) {
        await client.inbox.atLeast('frame', expected[n].length);
        for (const [i, { opcode, payload }] of client.frames.entries()) {
          const data = expected[n][i];
          assert.equal(opcode, typeof data === 'string' ? TEXT : BINARY);
          assert.ok(payload.equals(Buffer.from(data)), `message ${i} to client ${n}`);
        }
      }
    }),
  );
}
