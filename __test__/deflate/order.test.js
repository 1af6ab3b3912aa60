'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { limit, served } = require('../support/server');
const { Deflater, Inflater, NAME, RSV1 } = require('../support/deflate');
const { CLOSE, PING, closePayload, encode } = require('../support/frames');
const { randomText, seeded } = require('../support/random');

/** How the connections of a test differ, by what an end in this role sends. */
function kinds(role) {
  const [forgets, small] = [`${role}_no_context_takeover`, `${role}_max_window_bits=9`];
  const elements = [[], [forgets], [small], [forgets, small], [], [forgets]].map((parameters) =>
    [NAME, ...parameters].join('; '),
  );
  return [undefined, ...elements, undefined];
}

/** One connection of each kind, with what its peer inflates by. */
async function connectKinds(server, role = 'server') {
  const clients = [];
  for (const agreed of kinds(role)) {
    server.agreed = agreed;
    const client = await server.raw();
    client.inflater = new Inflater({ takeover: !(agreed ?? '').includes('no_context') });
    client.compresses = agreed !== undefined;
    clients.push(client);
  }
  return clients;
}

/** What the client was told, in order; pings in brackets. */
function told({ frames, inflater }) {
  return frames.map((frame) => (frame.opcode === PING ? `[${frame.payload}]` : inflater.message(frame)));
}

for (const mask of [false, true]) {
  test(
    `compressed, plain and short messages and pings, to one, some and all (mask: ${mask}), keep their order`,
    limit,
    served({ base: { mask, perMessageDeflate: { threshold: 100 } } }, async (server) => {
      const { base } = server;
      const random = seeded(11);
      const clients = await connectKinds(server, mask ? 'client' : 'server');
      const expected = clients.map(() => []);
      for (let i = 0; i < 1500; i++) {
        const isPing = random(6) === 0;
        const text = isPing ? `${i}` : `${i} ${'the same words '.repeat(random(30))}${randomText(random, random(20))}`;
        const some = clients.filter(() => random(3) === 0);
        const [whom, reached] = [
          [null, clients],
          [some.map(({ sid }) => sid), some],
          [clients[i % clients.length].sid, [clients[i % clients.length]]],
        ][random(3)];
        if (isPing) base.ping(whom, text);
        else base.send(whom, text, { compress: random(4) > 0 });
        for (const client of reached) expected[clients.indexOf(client)].push(isPing ? `[${text}]` : text);
        if (random(20) === 0) await new Promise((resolve) => setImmediate(resolve));
      }
      for (const [n, client] of clients.entries()) {
        await client.inbox.atLeast('frame', expected[n].length);
        assert.deepEqual(told(client), expected[n], `client ${n}`);
        assert.equal(
          client.frames.some(({ rsv }) => rsv === RSV1),
          client.compresses,
        );
        assert.ok(client.frames.some(({ rsv }) => rsv === 0));
      }
    }),
  );
}

test(
  'a broadcast is compressed for those who agreed, each in its way',
  limit,
  served({}, async (server) => {
    const clients = await connectKinds(server);
    const text = 'to all of you '.repeat(200);
    for (let i = 0; i < 3; i++) server.base.send(text);
    for (const client of clients) {
      await client.inbox.atLeast('frame', 3);
      assert.deepEqual(told(client), [text, text, text]);
      for (const { rsv } of client.frames) assert.equal(rsv, client.compresses ? RSV1 : 0);
    }
  }),
);

test(
  'what a broadcast said is in the window of the next message to one, and the other way round',
  limit,
  served({ agreed: NAME }, async ({ base, raw }) => {
    const client = await raw();
    const inflater = new Inflater();
    const text = randomText(seeded(3), 900);
    for (const whom of [null, client.sid, [client.sid], null]) base.send(whom, text);
    await client.inbox.atLeast('frame', 4);
    const sizes = client.frames.map(({ payload }) => payload.length);
    for (const frame of client.frames) assert.equal(inflater.message(frame), text);
    for (const size of sizes.slice(1)) assert.ok(size < sizes[0] / 10, `${sizes}`);
  }),
);

test(
  'replies in the listener of the last message leave before the answer to the close frame',
  limit,
  served({ agreed: NAME }, async ({ base, events, raw }) => {
    const words = (n) => `reply ${n} `.repeat(500);
    base.on('message', (_text, sid) => {
      for (let i = 0; i < 3; i++) base.send(sid, words(i));
      base.send(sid, 'short');
      base.send(words(3));
    });
    for (let round = 0; round < 20; round++) {
      const client = await raw();
      await client.write(
        Buffer.concat([new Deflater().frame('x'.repeat(2000)), encode({ opcode: CLOSE, payload: closePayload(1000) })]),
      );
      await client.ended();
      const inflater = new Inflater();
      const messages = client.frames.slice(0, -1).map((frame) => inflater.message(frame));
      assert.deepEqual(messages, [words(0), words(1), words(2), 'short', words(3)]);
      assert.equal(client.frames.at(-1).opcode, CLOSE);
      await events.next('close');
    }
  }),
);

test(
  'what is sent before close() leaves before the close frame',
  limit,
  served({ agreed: NAME }, async ({ base, raw }) => {
    for (let round = 0; round < 20; round++) {
      const client = await raw();
      const text = 'words '.repeat(5000);
      base.send(client.sid, text);
      base.send(text);
      base.close(client.sid, 4000, 'enough');
      base.send(client.sid, text);
      const inflater = new Inflater();
      assert.equal(inflater.message(await client.frame()), text);
      assert.equal(inflater.message(await client.frame()), text);
      assert.deepEqual(await client.closeFrame(), { code: 4000, reason: 'enough' });
      await client.close(4000);
    }
  }),
);
