'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { Base } = require('../..');
const { Inflater, RSV1 } = require('../support/deflate');
const { BINARY, CONTINUATION, PING, PONG, TEXT } = require('../support/frames');
const { limit, served } = require('../support/server');

/** The frames of one message that a client hears. */
async function fragments(client) {
  const frames = [];
  do frames.push(await client.frame());
  while (!frames.at(-1).fin);
  return frames;
}

/** Their payloads, joined. */
function joined(frames) {
  return Buffer.concat(frames.map(({ payload }) => payload));
}

/** What a message of `length` bytes comes in. */
function assertCut(frames, opcode, most, length, rsv = 0) {
  const [first, ...others] = frames;
  assert.equal(frames.length, Math.max(1, Math.ceil(length / most)));
  assert.deepEqual([first.opcode, first.rsv], [opcode, rsv]);
  for (const frame of others) assert.deepEqual([frame.opcode, frame.rsv], [CONTINUATION, 0]);
  for (const frame of frames.slice(0, -1)) assert.equal(frame.payload.length, most);
  assert.equal(joined(frames).length, length);
}

test(
  'a message longer than fragment leaves in several frames',
  limit,
  served({}, async ({ base, raw }) => {
    const client = await raw();
    for (const [length, most] of [
      [10, 3],
      [9, 3],
      [3, 3],
      [2, 3],
      [0, 3],
      [5, 1],
      [200_000, 32 * 1024],
      [70_000, 65_536],
    ]) {
      const data = Buffer.alloc(length, 'abcdefg');
      base.send(client.sid, data, { fragment: most });
      const frames = await fragments(client);
      assertCut(frames, BINARY, most, length);
      assert.deepEqual(joined(frames), data);
      base.send(client.sid, data.toString(), { fragment: most });
      assertCut(await fragments(client), TEXT, most, length);
    }
  }),
);

test(
  'it may be an option of the Base, and send() has the last word',
  limit,
  served({ base: { fragment: 4 } }, async ({ base, raw }) => {
    const client = await raw();
    base.send(client.sid, 'ten bytes!');
    assertCut(await fragments(client), TEXT, 4, 10);
    base.send(client.sid, 'ten bytes!', { fragment: Infinity });
    assertCut(await fragments(client), TEXT, Infinity, 10);
    base.send(client.sid, 'ten bytes!', { fragment: 6 });
    assertCut(await fragments(client), TEXT, 6, 10);
    base.ping(client.sid, 'ten bytes!');
    const ping = await client.frame();
    assert.deepEqual([ping.opcode, ping.fin, ping.payload.length], [PING, true, 10]);
  }),
);

test(
  'messages to all and to some are cut as well, and order is kept',
  limit,
  served({}, async ({ base, raw }) => {
    const clients = [await raw(), await raw(), await raw()];
    const sids = clients.map(({ sid }) => sid);
    base.send('first');
    base.send(null, 'x'.repeat(5000), { fragment: 2000 });
    base.send(sids, Buffer.alloc(5000), { fragment: 1500 });
    base.send(sids[0], 'second', { fragment: 3 });
    base.send('last');
    for (const client of clients) {
      assertCut(await fragments(client), TEXT, Infinity, 5);
      assertCut(await fragments(client), TEXT, 2000, 5000);
      assertCut(await fragments(client), BINARY, 1500, 5000);
      if (client === clients[0]) assertCut(await fragments(client), TEXT, 3, 6);
      assertCut(await fragments(client), TEXT, Infinity, 4);
    }
  }),
);

test(
  'each frame of a client has a masking key of its own',
  limit,
  served({ assign: { mask: true }, base: { enforceMasking: false } }, async ({ base, raw }) => {
    const client = await raw();
    const data = Buffer.alloc(1000, 'abc');
    for (const to of [client.sid, [client.sid], null]) {
      base.send(to, data, { fragment: 100 });
      const frames = await fragments(client);
      assertCut(frames, BINARY, 100, 1000);
      assert.deepEqual(joined(frames), data);
      assert.equal(new Set(frames.map(({ key }) => key.toString('hex'))).size, 10);
    }
  }),
);

for (const parameters of ['', '; server_no_context_takeover']) {
  test(
    `the fragments are those of the compressed bytes: permessage-deflate${parameters}`,
    limit,
    served({ agreed: `permessage-deflate${parameters}`, base: { perMessageDeflate: { threshold: 0 } } }, async (it) => {
      const client = await it.raw();
      const inflater = new Inflater({ takeover: parameters === '' });
      const data = Buffer.from(Array.from({ length: 5000 }, (_, i) => (i * i) % 251));
      for (const to of [client.sid, [client.sid], null]) {
        it.base.send(to, data, { fragment: 50 });
        const frames = await fragments(client);
        assertCut(frames, BINARY, 50, joined(frames).length, RSV1);
        assert.ok(frames.length > 1);
        assert.deepEqual(inflater.message({ ...frames[0], payload: joined(frames) }), data);
      }
      it.base.send(client.sid, 'as it is', { fragment: 3, compress: false });
      assertCut(await fragments(client), TEXT, 3, 8);
    }),
  );
}

test(
  'ws joins them, with permessage-deflate and without',
  limit,
  served({ base: { fragment: 1000 } }, async ({ base, connect }) => {
    const client = await connect();
    const text = 'Grüße, 世界 '.repeat(1000);
    base.send(client.sid, text);
    assert.equal(await client.message(), text);
    base.send(text);
    assert.equal(await client.message(), text);
  }),
);

test(
  'a pong comes between messages, and bufferedAmount counts the frames',
  limit,
  served({ base: { fragment: 1024 } }, async ({ base, raw, events }) => {
    const client = await raw();
    client.pause();
    while (base.bufferedAmount(client.sid) < 1 << 20) base.send(client.sid, Buffer.alloc(1 << 20));
    client.resume();
    while (base.bufferedAmount(client.sid) > 0) await events.next('drain');
    await client.send({ opcode: PING, payload: 'p' });
    let frame;
    do frame = await client.frame();
    while (frame.opcode !== PONG);
    assert.equal(frame.payload.toString(), 'p');
  }),
);

test(
  'extensions see whole messages, and what they make of them is cut',
  limit,
  served({ assign: {} }, async ({ base, assignOptions, raw }) => {
    const seen = [];
    base.extensions = {
      twice: {
        write(next, frame) {
          seen.push([frame.fin, frame.opcode, frame.length]);
          frame.rsv2 = true;
          frame.content = Buffer.concat([frame.content, frame.content]);
          next(null, frame);
        },
      },
    };
    delete assignOptions.transport;
    assignOptions.extensions = ['twice'];
    const client = await raw();
    base.send(client.sid, 'ten bytes!', { fragment: 8 });
    assertCut(await fragments(client), TEXT, 8, 20, 2);
    base.send(null, Buffer.alloc(10), { fragment: 8 });
    assertCut(await fragments(client), BINARY, 8, 20, 2);
    assert.deepEqual(seen, [
      [true, TEXT, 10],
      [true, BINARY, 10],
    ]);
  }),
);

test('what is no number of bytes is refused, and nothing is sent', () => {
  const base = new Base();
  for (const bad of ['32', true, null, {}]) {
    assert.throws(() => new Base({ fragment: bad }), {
      name: 'TypeError',
      code: 'ERR_INVALID_ARG_TYPE',
      message: /"fragment"/,
    });
    assert.throws(() => base.send(null, 'x', { fragment: bad }), {
      code: 'ERR_INVALID_ARG_TYPE',
      message: /"fragment"/,
    });
  }
  for (const bad of [0, -1, 1.5, Number.NaN]) {
    assert.throws(() => new Base({ fragment: bad }), {
      name: 'RangeError',
      code: 'ERR_OUT_OF_RANGE',
      message: /"fragment"/,
    });
    assert.throws(() => base.send(null, 'x', { fragment: bad }), { code: 'ERR_OUT_OF_RANGE', message: /"fragment"/ });
  }
});
