'use strict';

const assert = require('node:assert/strict');
const { randomBytes } = require('node:crypto');
const { test } = require('node:test');
const { limit, served } = require('../support/server');
const { Deflater, Inflater, NAME, RSV1 } = require('../support/deflate');
const { BINARY, CLOSE, CONTINUATION, PING, TEXT, closePayload, encode } = require('../support/frames');

const LONG = 'a long message '.repeat(200);
const quick = { closeTimeout: 50 };

/** Appends its mark to text, and remembers what it saw. */
function suffixing(seen) {
  const step = (way, mark) => (next, frame) => {
    seen.push([way, frame.opcode, frame.rsv1, frame.content.toString()]);
    if (frame.opcode === TEXT) frame.content = Buffer.concat([frame.content, Buffer.from(mark)]);
    next(null, frame);
  };
  return { read: step('read', '<'), write: step('write', '>') };
}

/** Changes each byte of a message's payload, and changes it back. */
const flip = (bytes) => Buffer.from(bytes.map((byte) => byte ^ 0x55));

/** The same as an extension; it remembers the frames that it saw. */
function flipping(seen) {
  const step = (way) => (next, frame) => {
    seen.push([way, frame.opcode, frame.rsv1, frame.length]);
    if (frame.opcode < CLOSE) frame.content = flip(frame.content);
    next(null, frame);
  };
  return { read: step('read'), write: step('write') };
}

/** A server with this extension, and what the extension saw. */
function extended(agreed, extension, options, body) {
  return served({ agreed, ...options }, async (server) => {
    const seen = [];
    server.base.extensions = extension(seen);
    await body(server, seen);
  });
}

const before = (options, body) =>
  extended(`x-suffix, ${NAME}`, (seen) => ({ 'x-suffix': suffixing(seen) }), options, body);
const behind = (options, body) => extended(`${NAME}, x-flip`, (seen) => ({ 'x-flip': flipping(seen) }), options, body);

test(
  'an extension before permessage-deflate sees what messages say, both ways',
  limit,
  before({}, async ({ base, events, raw }, seen) => {
    const client = await raw();
    assert.deepEqual(base.sockets[client.sid].extensions, ['x-suffix', NAME]);
    assert.equal(base.sockets[client.sid].transport, 'stream');
    const [deflater, inflater] = [new Deflater(), new Inflater()];
    for (let i = 0; i < 3; i++) {
      await client.write(deflater.frame(`${i}${LONG}`));
      assert.equal((await events.next('message'))[0], `${i}${LONG}<`);
      base.send(client.sid, `${i}${LONG}`);
      const frame = await client.frame();
      assert.equal(frame.rsv, RSV1);
      assert.equal(inflater.message(frame), `${i}${LONG}>`);
    }
    assert.deepEqual(
      seen,
      [0, 1, 2].flatMap((i) => [
        ['read', TEXT, false, `${i}${LONG}`],
        ['write', TEXT, false, `${i}${LONG}`],
      ]),
    );
  }),
);

test(
  'there, fragments of a compressed message are one frame, and others pass',
  limit,
  before({}, async ({ events, raw }, seen) => {
    const client = await raw();
    const payload = new Deflater().compress('in pieces');
    await client.write(
      Buffer.concat([
        encode({ opcode: TEXT, rsv: RSV1, payload: payload.subarray(0, 3), fin: false }),
        encode({ opcode: PING, payload: 'between' }),
        encode({ opcode: CONTINUATION, payload: payload.subarray(3) }),
        encode({ opcode: TEXT, payload: 'plain, ', fin: false }),
        encode({ opcode: CONTINUATION, payload: 'and in pieces' }),
      ]),
    );
    assert.equal((await events.next('message'))[0], 'in pieces<');
    assert.equal((await events.next('message'))[0], 'plain, <and in pieces');
    assert.deepEqual(
      seen.filter(([way]) => way === 'read'),
      [
        ['read', PING, false, 'between'],
        ['read', TEXT, false, 'in pieces'],
        ['read', TEXT, false, 'plain, '],
        ['read', CONTINUATION, false, 'and in pieces'],
      ],
    );
  }),
);

test(
  'an extension behind permessage-deflate sees compressed payloads with rsv1, both ways',
  limit,
  behind({}, async ({ base, events, raw }, seen) => {
    const client = await raw();
    assert.deepEqual(base.sockets[client.sid].extensions, [NAME, 'x-flip']);
    const [deflater, inflater] = [new Deflater(), new Inflater()];
    for (let i = 0; i < 3; i++) {
      const payload = deflater.compress(`${i}${LONG}`);
      await client.write(
        Buffer.concat([
          encode({ opcode: TEXT, rsv: RSV1, payload: flip(payload.subarray(0, 5)), fin: false }),
          encode({ opcode: CONTINUATION, payload: flip(payload.subarray(5)) }),
        ]),
      );
      assert.equal((await events.next('message'))[0], `${i}${LONG}`);
      assert.deepEqual(seen.splice(0), [
        ['read', TEXT, true, 5],
        ['read', CONTINUATION, false, payload.length - 5],
      ]);
      base.send(client.sid, `${i}${LONG}`);
      const frame = await client.frame();
      assert.equal(frame.rsv, RSV1);
      assert.equal(inflater.message({ ...frame, payload: flip(frame.payload) }), `${i}${LONG}`);
      assert.deepEqual(seen.splice(0), [['write', TEXT, true, frame.payload.length]]);
    }
  }),
);

test(
  'short messages, compress: false, pings and broadcasts',
  limit,
  behind({}, async ({ base, raw }, seen) => {
    const clients = [await raw(), await raw()];
    base.send(LONG);
    base.send('short');
    base.send(null, LONG, { compress: false });
    base.ping('p');
    for (const client of clients) {
      const inflater = new Inflater();
      const texts = [];
      for (let i = 0; i < 3; i++) {
        const frame = await client.frame();
        texts.push([frame.rsv, inflater.message({ ...frame, payload: flip(frame.payload) })]);
      }
      assert.deepEqual(texts, [
        [RSV1, LONG],
        [0, 'short'],
        [0, LONG],
      ]);
      assert.equal(await client.said(), 'p');
    }
    assert.equal(seen.length, 8);
  }),
);

test(
  'an extension that takes its time keeps the order, and the windows',
  limit,
  served({ agreed: `x-slow, ${NAME}, x-slow` }, async ({ base, events, raw }) => {
    const slow = (next, frame) => setTimeout(next, frame.length % 3, null, frame);
    base.extensions = { 'x-slow': { read: slow, write: slow } };
    const client = await raw();
    const [deflater, inflater] = [new Deflater(), new Inflater()];
    const texts = Array.from({ length: 30 }, (_, i) => `${i} ${LONG.slice(0, 1500 * (i % 3))}`);
    await client.write(Buffer.concat(texts.map((text) => deflater.frame(text))));
    for (const text of texts) base.send(client.sid, text);
    assert.deepEqual(
      (await events.atLeast('message', texts.length)).map(([text]) => text),
      texts,
    );
    await client.inbox.atLeast('frame', texts.length);
    assert.deepEqual(
      client.frames.map((frame) => inflater.message(frame)),
      texts,
    );
  }),
);

test(
  'an extension that drops a message before it is compressed leaves no gap',
  limit,
  served({ agreed: `x-drop, ${NAME}` }, async ({ base, events, raw }) => {
    base.extensions = {
      'x-drop': {
        write: (next, frame) => next(frame.content.includes('secret') ? new Error('a secret') : null, frame),
      },
    };
    const client = await raw();
    const inflater = new Inflater();
    for (const word of ['one', 'secret', 'three']) base.send(client.sid, word + LONG);
    assert.equal(inflater.message(await client.frame()), `one${LONG}`);
    assert.equal(inflater.message(await client.frame()), `three${LONG}`);
    assert.equal((await events.next('error'))[0].message, 'a secret');
  }),
);

/** Ways not to let a frame through. */
const DROPS = {
  'next(error)': (next) => next(new Error('dropped')),
  'next(error) later': (next) => setImmediate(next, new Error('dropped')),
  'a throw': () => {
    throw new Error('dropped');
  },
  'no Frame': (next) => next(null, {}),
};

/** Drops the data frame with this number in one direction. */
function dropping(way, number, drop) {
  let count = 0;
  return {
    [way]: (next, frame) => (frame.opcode < CLOSE && count++ === number ? drop(next, frame) : next(null, frame)),
  };
}

for (const [how, drop] of Object.entries({
  ...DROPS,
  'an invalid frame': (next, frame) => next(null, Object.assign(frame, { opcode: 11 })),
})) {
  test(
    `a compressed frame that is not sent, by ${how}: no later message refers to it`,
    limit,
    served({ agreed: `${NAME}, x-drop` }, async ({ base, events, raw }) => {
      base.extensions = { 'x-drop': dropping('write', 1, drop) };
      const client = await raw();
      const inflater = new Inflater();
      const [one, two] = [randomBytes(700), randomBytes(700)].map((bytes) => bytes.toString('hex'));
      const texts = [one, two, two, `${two}${one}`];
      for (const text of texts) base.send(client.sid, text);
      base.ping(client.sid, 'all');
      const got = [];
      for (let i = 0; i < 3; i++) {
        const frame = await client.frame();
        assert.equal(frame.rsv, RSV1);
        got.push(inflater.message(frame));
      }
      assert.deepEqual(got, [texts[0], ...texts.slice(2)]);
      assert.equal(events.list('error').length, 1);
    }),
  );
}

for (const [how, drop] of Object.entries(DROPS)) {
  test(
    `a compressed frame of the peer that never comes to the inflater, by ${how}, ends the connection`,
    limit,
    served({ agreed: `x-late, ${NAME}, x-drop` }, async ({ base, events, raw }) => {
      const seen = [];
      base.extensions = {
        'x-late': {
          read(next, frame) {
            seen.push(frame.content.toString());
            next(null, frame);
          },
        },
        'x-drop': dropping('read', 1, drop),
      };
      const client = await raw();
      const deflater = new Deflater();
      await client.write(Buffer.concat(['one', 'two', 'three', 'four'].map((word) => deflater.frame(word + LONG))));
      assert.equal((await client.closeFrame()).code, 1011);
      const reason = 'an extension dropped a compressed frame; what follows refers to it';
      assert.deepEqual(await events.next('close'), [reason, client.sid, 1011]);
      assert.deepEqual(
        events.list('error').map(([{ code, closeCode, sid }]) => [code, closeCode, sid]),
        [
          ['ERR_WS_EXTENSION', undefined, client.sid],
          ['ERR_WS_EXTENSION', 1011, client.sid],
        ],
      );
      assert.deepEqual([seen, events.list('message').map(([text]) => text)], [[`one${LONG}`], [`one${LONG}`]]);
    }),
  );
}

for (const number of [0, 1, 2]) {
  test(
    `the same of fragment ${number} of a compressed message`,
    limit,
    served({ agreed: `${NAME}, x-drop` }, async ({ base, events, raw }) => {
      base.extensions = { 'x-drop': dropping('read', number, DROPS['next(error)']) };
      const client = await raw();
      const payload = new Deflater().compress(LONG);
      await client.write(
        Buffer.concat([
          encode({ opcode: TEXT, rsv: RSV1, payload: payload.subarray(0, 5), fin: false }),
          encode({ opcode: CONTINUATION, payload: payload.subarray(5, 9), fin: false }),
          encode({ opcode: CONTINUATION, payload: payload.subarray(9) }),
        ]),
      );
      assert.equal((await events.next('close'))[2], 1011);
      assert.equal(events.list('message').length, 0);
    }),
  );
}

test(
  'what is not compressed may be dropped on its way to the inflater',
  limit,
  served({ agreed: `${NAME}, x-drop` }, async ({ base, events, raw }) => {
    base.extensions = {
      'x-drop': { read: (next, frame) => (frame.rsv1 || frame.opcode === CLOSE ? next() : next(new Error('plain'))) },
    };
    const client = await raw();
    const deflater = new Deflater();
    await client.write(
      Buffer.concat([
        deflater.frame(LONG),
        encode({ opcode: TEXT, payload: 'plain' }),
        encode({ opcode: PING, payload: 'plain' }),
        deflater.frame(`${LONG}!`),
      ]),
    );
    assert.deepEqual(
      (await events.atLeast('message', 2)).map(([text]) => text),
      [LONG, `${LONG}!`],
    );
    assert.equal(events.list('error').length, 2);
  }),
);

test(
  'so may a whole message of a peer that does not take its context over',
  limit,
  served({ agreed: `${NAME}; client_no_context_takeover, x-drop` }, async ({ base, events, raw }) => {
    base.extensions = { 'x-drop': dropping('read', 1, DROPS['next(error)']) };
    const client = await raw();
    const deflater = new Deflater({ takeover: false });
    await client.write(Buffer.concat(['one', 'two', 'three'].map((word) => deflater.frame(word + LONG))));
    assert.deepEqual(
      (await events.atLeast('message', 2)).map(([text]) => text),
      [`one${LONG}`, `three${LONG}`],
    );
  }),
);

test(
  "permessage-deflate among base.extensions is the app's own",
  limit,
  served({ agreed: NAME }, async ({ base, raw }) => {
    const seen = [];
    base.extensions = { [NAME]: suffixing(seen) };
    const client = await raw();
    base.send(client.sid, LONG);
    const frame = await client.frame();
    assert.deepEqual([frame.rsv, frame.payload.toString()], [0, `${LONG}>`]);
  }),
);

for (const [where, wrapped] of [
  ['before', before],
  ['behind', behind],
]) {
  const wire = where === 'behind' ? flip : (bytes) => bytes;
  const first = (payload, options) => encode({ opcode: TEXT, rsv: RSV1, payload: wire(payload), ...options });
  for (const [what, code, closeCode, frames] of [
    ['no DEFLATE data', 'WS_ERR_INVALID_COMPRESSED_DATA', 1007, first(Buffer.from([0xff]))],
    ['a bomb', 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH', 1009, first(new Deflater().compress('x'.repeat(200_000)))],
    [
      'a frame that is too long',
      'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH',
      1009,
      encode({ opcode: BINARY, rsv: RSV1, declaredLength: 200_000n }),
    ],
    [
      'a fragment that is too long',
      'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH',
      1009,
      Buffer.concat([
        first(new Deflater().compress('x'), { fin: false }),
        encode({ opcode: CONTINUATION, declaredLength: 200_000n }),
      ]),
    ],
    [
      'a plain frame that is too long',
      'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH',
      1009,
      encode({ opcode: BINARY, declaredLength: 200_000n }),
    ],
    ['a reserved opcode', 'WS_ERR_INVALID_OPCODE', 1002, encode({ opcode: 3 })],
    ['no UTF-8', 'WS_ERR_INVALID_UTF8', 1007, first(new Deflater().compress(Buffer.from([0xff])))],
    [
      'RSV1 on a continuation',
      'WS_ERR_UNEXPECTED_RSV_1',
      1002,
      Buffer.concat([first(new Deflater().compress('x'), { fin: false }), encode({ opcode: CONTINUATION, rsv: RSV1 })]),
    ],
    ['RSV1 on a ping', 'WS_ERR_UNEXPECTED_RSV_1', 1002, encode({ opcode: PING, rsv: RSV1 })],
    [
      'a new message within a compressed one',
      'WS_ERR_INVALID_OPCODE',
      1002,
      Buffer.concat([
        first(new Deflater().compress('x'), { fin: false }),
        encode({ opcode: TEXT, payload: wire(Buffer.from('y')) }),
      ]),
    ],
  ]) {
    test(
      `${what}, with an extension ${where} it, is ${code} and ${closeCode}`,
      limit,
      wrapped({ base: { maxPayload: 100_000, ...quick } }, async ({ events, raw }) => {
        const client = await raw();
        await client.write(Buffer.concat([first(new Deflater().compress('good')), frames]));
        const [error] = await events.next('error');
        assert.deepEqual([error.code, error.closeCode, error.sid], [code, closeCode, client.sid]);
        assert.equal((await client.closeFrame()).code, closeCode);
        assert.equal((await events.next('close'))[2], closeCode);
        assert.equal(events.list('message').length, 1);
      }),
    );
  }
}

test(
  'replies with extensions leave before the answer to the close frame',
  limit,
  before({}, async ({ base, raw }) => {
    base.on('message', (_text, sid) => base.send(sid, LONG));
    const client = await raw();
    await client.write(
      Buffer.concat([new Deflater().frame('hello'), encode({ opcode: CLOSE, payload: closePayload(1000) })]),
    );
    assert.equal(new Inflater().message(await client.frame()), `${LONG}>`);
    assert.equal((await client.closeFrame()).code, 1000);
  }),
);
