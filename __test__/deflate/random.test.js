'use strict';

const assert = require('node:assert/strict');
const zlib = require('node:zlib');
const { test } = require('node:test');
const { limit, served } = require('../support/server');
const { Deflater, Inflater, NAME, RSV1 } = require('../support/deflate');
const { BINARY, CONTINUATION, PING, PONG, TEXT, encode } = require('../support/frames');
const { hearsInPieces } = require('../support/pieces');
const { randomText, seeded } = require('../support/random');

const { Z_FILTERED, Z_FIXED, Z_HUFFMAN_ONLY, Z_RLE } = zlib.constants;
const STRATEGIES = [undefined, Z_FILTERED, Z_FIXED, Z_HUFFMAN_ONLY, Z_RLE];

/** Bytes of which some repeat what came shortly, or long, before. */
function randomBytes(random, size) {
  const parts = [];
  const sample = randomText(random, 40);
  for (let length = 0; length < size; ) {
    const part = [
      () => Buffer.alloc(1 + random(300), random(256)),
      () => Buffer.from(sample),
      () => Buffer.from(Array.from({ length: 1 + random(300) }, () => random(256))),
      () => Buffer.from(parts[random(parts.length)] ?? 'first'),
    ][random(4)]();
    parts.push(part);
    length += part.length;
  }
  return Buffer.concat(parts).subarray(0, size);
}

/** A random message, compressed in a random way or not at all, and its events. */
function randomMessage(random, deflater) {
  const isText = random(2) === 0;
  const size = [random(10), 120 + random(12), random(5000), 65_530 + random(12)][random(4)];
  const text = randomText(random, isText ? size >> 1 : 0);
  const bytes = isText ? Buffer.from(text) : randomBytes(random, size);
  const isCompressed = random(4) > 0;
  const strategy = STRATEGIES[random(STRATEGIES.length)];
  const options = { level: random(10), memLevel: 1 + random(9), last: random(5) === 0, ...(strategy && { strategy }) };
  const payload = isCompressed ? deflater.compress(bytes, options) : bytes;
  const frames = [];
  const events = [];
  const fragments = 1 + (random(3) === 0 ? random(5) : 0);
  for (let i = 0, at = 0; i < fragments; i++) {
    const end = i === fragments - 1 ? payload.length : at + random(payload.length - at + 1);
    frames.push(
      encode({
        opcode: i > 0 ? CONTINUATION : isText ? TEXT : BINARY,
        rsv: isCompressed && i === 0 ? RSV1 : 0,
        payload: payload.subarray(at, end),
        fin: i === fragments - 1,
      }),
    );
    at = end;
    if (i < fragments - 1 && random(2) === 0) {
      const said = randomText(random, random(30));
      const ping = random(2) === 0;
      frames.push(encode({ opcode: ping ? PING : PONG, payload: said }));
      events.push([ping ? 'ping' : 'pong', said]);
    }
  }
  events.push(isText ? ['message', text] : ['binary', bytes]);
  return { frames, events };
}

/** The parameters that this seed agrees on. */
function parametersOf(seed) {
  const bits = [15, 9, 12, 8][seed % 4];
  const takeover = seed % 3 !== 0;
  return {
    bits,
    takeover,
    of: (role) =>
      [NAME, `${role}_max_window_bits=${bits}`, ...(takeover ? [] : [`${role}_no_context_takeover`])].join('; '),
  };
}

for (const seed of [1, 2, 3, 4, 5, 6]) {
  const { bits, takeover, of } = parametersOf(seed);
  test(
    `random compressed frames, cut at random places (seed ${seed}: ${of('client')})`,
    limit,
    served({ agreed: of('client') }, async ({ events, raw }) => {
      const random = seeded(seed);
      const deflater = new Deflater({ takeover, windowBits: bits });
      const messages = Array.from({ length: 120 }, () => randomMessage(random, deflater));
      const bytes = Buffer.concat(messages.flatMap(({ frames }) => frames));
      const expected = messages.flatMap((message) => message.events);
      await hearsInPieces({ events, raw, random, bytes, expected });
    }),
  );

  test(`random messages sent, of every level (seed ${seed}: ${of('server')})`, limit, async (t) => {
    for (let level = seed % 2; level <= 9; level += 2) {
      const base = { perMessageDeflate: { level, threshold: 20 } };
      await served({ agreed: of('server'), base }, async ({ base: server, raw }) => {
        const random = seeded(seed);
        const client = await raw();
        const expected = [];
        for (let i = 0; i < 60; i++) {
          const size = [random(10), 120 + random(12), random(9000), 65_530 + random(12)][random(4)];
          const data = random(2) === 0 ? randomText(random, size >> 2) : randomBytes(random, size);
          expected.push(data);
          server.send(random(2) === 0 ? client.sid : null, data, { compress: random(5) > 0 });
          if (random(5) === 0) await new Promise((resolve) => setImmediate(resolve));
        }
        await client.inbox.atLeast('frame', expected.length);
        const inflater = new Inflater({ takeover, windowBits: bits });
        for (const [i, frame] of client.frames.entries()) {
          assert.deepEqual(inflater.message(frame), expected[i], `message ${i} of level ${level}`);
        }
      })(t);
    }
  });
}
