'use strict';

const assert = require('node:assert/strict');
const zlib = require('node:zlib');
const { test } = require('node:test');
const { run } = require('../support/child');
const { RawClient } = require('../support/raw-client');
const { DRIVEN_BY, limit, served } = require('../support/server');
const { Deflater, NAME, RSV1 } = require('../support/deflate');
const { BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, encode } = require('../support/frames');

const agreed = `${NAME}; client_no_context_takeover`;
const quick = { closeTimeout: 50 };
const MiB = 1 << 20;

/** This much text by one frame, and by as few bytes as can be. */
const bombOf = (bytes, options) => new Deflater().frame(Buffer.alloc(bytes), { level: 9, ...options });

/** The connection ends by `code`, and says `closeCode` to both sides. */
async function assertRefused({ events }, client, code, closeCode) {
  const [error] = await events.next('error');
  assert.deepEqual([error.code, error.closeCode, error.sid], [code, closeCode, client.sid]);
  const frames = async () => {
    for (;;) {
      const frame = await client.frame();
      if (frame.opcode === CLOSE) return frame.payload.readUInt16BE(0);
    }
  };
  assert.equal(await frames(), closeCode);
  const [, sid, closedWith] = await events.next('close');
  assert.deepEqual([sid, closedWith], [client.sid, closeCode]);
}

/** Bytes of a frame that begins a compressed message. */
const compressed = (payload, options) => encode({ opcode: BINARY, rsv: RSV1, payload, ...options });

for (const [what, code, closeCode, bytes] of [
  ['a block of the reserved type', 'WS_ERR_INVALID_COMPRESSED_DATA', 1007, compressed(Buffer.from([0xff]))],
  ['random bytes', 'WS_ERR_INVALID_COMPRESSED_DATA', 1007, compressed(Buffer.from('garbage, not DEFLATE'))],
  [
    'a stored block of wrong length',
    'WS_ERR_INVALID_COMPRESSED_DATA',
    1007,
    compressed(Buffer.from([0x00, 5, 0, 0, 0, 1])),
  ],
  [
    'a message cut within a block',
    'WS_ERR_INVALID_COMPRESSED_DATA',
    1007,
    compressed(new Deflater().compress(`${'x'.repeat(500)}yz`).subarray(0, 4)),
  ],
  [
    'a reference to before the beginning',
    'WS_ERR_INVALID_COMPRESSED_DATA',
    1007,
    (() => {
      const deflater = new Deflater();
      deflater.compress('never sent '.repeat(50));
      return deflater.frame('never sent '.repeat(50));
    })(),
  ],
  ['no payload at all', 'WS_ERR_INVALID_COMPRESSED_DATA', 1007, compressed(Buffer.alloc(0))],
  [
    '2000 last blocks',
    'WS_ERR_INVALID_COMPRESSED_DATA',
    1007,
    compressed(Buffer.concat(new Array(2000).fill(Buffer.from([0x03, 0x00])))),
  ],
  [
    'text that is no UTF-8',
    'WS_ERR_INVALID_UTF8',
    1007,
    encode({ opcode: TEXT, rsv: RSV1, payload: new Deflater().compress(Buffer.from([0x61, 0xff])) }),
  ],
  [
    'text that ends within a code point',
    'WS_ERR_INVALID_UTF8',
    1007,
    encode({ opcode: TEXT, rsv: RSV1, payload: new Deflater().compress(Buffer.from('é').subarray(0, 1)) }),
  ],
  [
    'RSV1 on a continuation',
    'WS_ERR_UNEXPECTED_RSV_1',
    1002,
    Buffer.concat([
      compressed(new Deflater().compress('ab'), { fin: false }),
      encode({ opcode: CONTINUATION, rsv: RSV1, payload: 'x' }),
    ]),
  ],
  [
    'RSV1 on a continuation of a plain message',
    'WS_ERR_UNEXPECTED_RSV_1',
    1002,
    Buffer.concat([
      encode({ opcode: TEXT, fin: false, payload: 'a' }),
      encode({ opcode: CONTINUATION, rsv: RSV1, payload: 'x' }),
    ]),
  ],
  ['RSV1 on a ping', 'WS_ERR_UNEXPECTED_RSV_1', 1002, encode({ opcode: PING, rsv: RSV1, payload: 'x' })],
  ['RSV1 on a pong', 'WS_ERR_UNEXPECTED_RSV_1', 1002, encode({ opcode: PONG, rsv: RSV1 })],
  ['RSV1 on a close frame', 'WS_ERR_UNEXPECTED_RSV_1', 1002, encode({ opcode: CLOSE, rsv: RSV1 })],
  [
    'RSV2 on a compressed message',
    'WS_ERR_UNEXPECTED_RSV_2_3',
    1002,
    encode({ opcode: BINARY, rsv: RSV1 | 2, payload: new Deflater().compress('x') }),
  ],
  [
    'a new message within a compressed one',
    'WS_ERR_INVALID_OPCODE',
    1002,
    Buffer.concat([
      compressed(new Deflater().compress('ab'), { fin: false }),
      compressed(new Deflater().compress('ab')),
    ]),
  ],
]) {
  test(
    `${what} is ${code} and ${closeCode}`,
    limit,
    served({ agreed, base: quick }, async (server) => {
      const client = await server.raw();
      const before = new Deflater({ takeover: false }).frame('a good one');
      await client.write(Buffer.concat([before, bytes, before]));
      await assertRefused(server, client, code, closeCode);
      assert.equal(server.events.list('message').length, 1, 'what came before, and nothing behind');
      assert.equal(server.events.list('binary').length, 0);
    }),
  );
}

test(
  'RSV1 where nothing was agreed on is 1002',
  limit,
  served({ base: quick }, async (server) => {
    const client = await server.raw();
    await client.write(new Deflater().frame('x'));
    await assertRefused(server, client, 'WS_ERR_UNEXPECTED_RSV_1', 1002);
  }),
);

test(
  'a reference into a message of before is refused where the client takes over nothing',
  limit,
  served({ agreed, base: quick }, async (server) => {
    const client = await server.raw();
    const deflater = new Deflater();
    const text = 'some words of the last message '.repeat(5);
    await client.write(deflater.frame(text));
    assert.deepEqual(await server.events.next('message'), [text, client.sid]);
    await client.write(deflater.frame(text));
    await assertRefused(server, client, 'WS_ERR_INVALID_COMPRESSED_DATA', 1007);
  }),
);

test(
  'a message of exactly maxPayload is heard, and one byte more is 1009',
  limit,
  served({ agreed, base: { maxPayload: 100_000, ...quick } }, async (server) => {
    const client = await server.raw();
    await client.write(bombOf(100_000));
    assert.equal((await server.events.next('binary'))[0].length, 100_000);
    await client.write(bombOf(100_001));
    await assertRefused(server, client, 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH', 1009);
  }),
);

test(
  'a message of maxPayload that compression made longer is heard',
  limit,
  served({ agreed, base: { maxPayload: 70_000, ...quick } }, async (server) => {
    const client = await server.raw();
    const data = Buffer.alloc(70_000, 'abc');
    // Stored as it is, with five bytes for each block; and in codes of 9 bits for each byte.
    const stored = new Deflater().compress(data, { level: 0 });
    const bytes = Buffer.alloc(70_000, 0xf0);
    const fixed = new Deflater().compress(bytes, { strategy: zlib.constants.Z_FIXED, level: 9 });
    assert.ok(stored.length > data.length);
    await client.write(compressed(stored));
    assert.deepEqual((await server.events.next('binary'))[0], data);
    await client.write(compressed(fixed));
    assert.deepEqual((await server.events.next('binary'))[0], bytes);
  }),
);

test(
  'maxPayload of 0 leaves empty messages, compressed ones too',
  limit,
  served({ agreed, base: { maxPayload: 0, ...quick } }, async (server) => {
    const client = await server.raw();
    await client.write(new Deflater().frame(''));
    assert.equal((await server.events.next('message'))[0], '');
    await client.write(new Deflater().frame('x'));
    await assertRefused(server, client, 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH', 1009);
  }),
);

test(
  '10 MiB in 10 KiB are refused with 1009',
  limit,
  served({ agreed, base: { maxPayload: MiB, ...quick } }, async (server) => {
    const client = await server.raw();
    const bomb = bombOf(10 * MiB);
    assert.ok(bomb.length < 11 * 1024, `${bomb.length}`);
    await client.write(bomb);
    await assertRefused(server, client, 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH', 1009);
    assert.equal(server.events.list('binary').length, 0);
  }),
);

test(
  'the same in fragments, and by blocks with BFINAL',
  limit,
  served({ agreed, base: { maxPayload: MiB, ...quick } }, async (server) => {
    const payload = new Deflater().compress(Buffer.alloc(10 * MiB), { level: 9 });
    const one = await server.raw();
    await one.write(
      Buffer.concat([
        compressed(payload.subarray(0, 5000), { fin: false }),
        encode({ opcode: CONTINUATION, payload: payload.subarray(5000) }),
      ]),
    );
    await assertRefused(server, one, 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH', 1009);
    const two = await server.raw();
    const block = zlib.deflateRawSync(Buffer.alloc(100_000), { level: 9 });
    await two.write(compressed(Buffer.concat(new Array(20).fill(block))));
    await assertRefused(server, two, 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH', 1009);
  }),
);

test('bombs cost a process no more memory than maxPayload asks for', {
  ...limit,
  skip: process.platform !== 'linux' && 'only Linux tells',
}, async (t) => {
  const maxPayload = 8 * MiB;
  const child = run(t, 'peak-memory.js', [maxPayload, DRIVEN_BY]);
  const [, port] = await child.says();
  const attack = async (frame) => {
    const client = new RawClient({ port, host: '127.0.0.1' });
    t.after(() => client.destroy());
    await client.inbox.next('head');
    await client.write(frame);
    const { code } = await client.closeFrame();
    client.destroy();
    const [, peak] = await child.says();
    return { code, peak };
  };
  // The first is heard, and closes: threads, buffers and heaps are there from then on.
  const heard = bombOf(maxPayload);
  let before = 0;
  for (let i = 0; i < 3; i++) {
    const { code, peak } = await attack(heard);
    assert.equal(code, 1000);
    before = peak;
  }
  const bomb = bombOf(256 * MiB);
  assert.ok(bomb.length < 300 * 1024);
  for (let i = 0; i < 3; i++) {
    const { code, peak } = await attack(bomb);
    assert.equal(code, 1009);
    const grown = peak - before;
    t.diagnostic(`the peak grew by ${(grown / MiB).toFixed(1)} MiB by a bomb of 256 MiB, with maxPayload at 8 MiB`);
    assert.ok(grown < 2 * maxPayload, `${grown}`);
  }
});

test('many bombs in one read are not all inflated before the first is heard', {
  ...limit,
  skip: process.platform !== 'linux' && 'only Linux tells',
}, async (t) => {
  const child = run(t, 'peak-memory.js', [4 * MiB, DRIVEN_BY]);
  const [, port] = await child.says();
  const bomb = bombOf(4 * MiB);
  const attack = async (count) => {
    const client = new RawClient({ port, host: '127.0.0.1' });
    t.after(() => client.destroy());
    await client.inbox.next('head');
    await client.write(Buffer.concat(new Array(count).fill(bomb)));
    assert.equal((await client.closeFrame()).code, 1000, 'the first is a message as any other');
    client.destroy();
    return (await child.says())[1];
  };
  let before = 0;
  for (let i = 0; i < 3; i++) before = await attack(1);
  // 16 MiB of one step, as many that wait for JavaScript, and what it has taken: more, if it has to wait for
  // the processor. All of them are 480 MiB.
  const grown = (await attack(120)) - before;
  t.diagnostic(`the peak grew by ${(grown / MiB).toFixed(1)} MiB by 120 of them, in 480 KiB`);
  assert.ok(grown < 88 * MiB, `${grown}`);
});

test(
  'the end of a message by BFINAL, and what may follow it',
  limit,
  served({ agreed }, async ({ events, raw }) => {
    const client = await raw();
    const deflater = new Deflater({ takeover: false });
    await client.write(deflater.frame('with BFINAL', { last: true }));
    assert.equal((await events.next('message'))[0], 'with BFINAL');
    // RFC 7692 §7.2.3.4: a padding of one empty block behind it.
    await client.write(
      encode({
        opcode: TEXT,
        rsv: RSV1,
        payload: Buffer.concat([deflater.compress('padded', { last: true }), Buffer.from([0x00])]),
      }),
    );
    assert.equal((await events.next('message'))[0], 'padded');
    await client.write(
      encode({
        opcode: TEXT,
        rsv: RSV1,
        payload: Buffer.concat([deflater.compress('one, ', { last: true }), deflater.compress('two', { last: true })]),
      }),
    );
    assert.equal((await events.next('message'))[0], 'one, two');
    await client.write(deflater.frame('and as ever'));
    assert.equal((await events.next('message'))[0], 'and as ever');
  }),
);

test(
  'empty messages in each of their forms',
  limit,
  served({ agreed }, async ({ events, raw }) => {
    const client = await raw();
    const forms = [[0x00], [0x02, 0x00], [0x03, 0x00], [0x01, 0x00, 0x00, 0xff, 0xff]];
    for (const form of forms) await client.write(encode({ opcode: TEXT, rsv: RSV1, payload: Buffer.from(form) }));
    await client.write(encode({ opcode: TEXT }));
    const heard = await events.atLeast('message', forms.length + 1);
    assert.deepEqual(
      heard.map(([text]) => text),
      ['', '', '', '', ''],
    );
  }),
);

test(
  'fragments of every size, with control frames between',
  limit,
  served({ agreed }, async ({ events, raw }) => {
    const client = await raw();
    const text = 'a message in many pieces, é漢😀 '.repeat(40);
    const payload = new Deflater().compress(text);
    for (let size = 1; size <= payload.length + 1; size += 7) {
      const frames = [];
      for (let at = 0; at < payload.length; at += size) {
        frames.push(
          encode({
            opcode: at === 0 ? TEXT : CONTINUATION,
            rsv: at === 0 ? RSV1 : 0,
            fin: at + size >= payload.length,
            payload: payload.subarray(at, at + size),
          }),
        );
        frames.push(encode({ opcode: PING, payload: `${at}` }));
      }
      await client.write(Buffer.concat(frames));
      assert.equal((await events.next('message'))[0], text);
    }
    // An empty first frame, and an empty last one.
    await client.write(
      Buffer.concat([
        encode({ opcode: TEXT, rsv: RSV1, fin: false }),
        encode({ opcode: CONTINUATION, payload, fin: false }),
        encode({ opcode: CONTINUATION }),
      ]),
    );
    assert.equal((await events.next('message'))[0], text);
    assert.equal(events.list('error').length, 0);
  }),
);

test(
  'compressed fragments count by maxFragments',
  limit,
  served({ agreed, base: { maxFragments: 3, ...quick } }, async (server) => {
    const client = await server.raw();
    const payload = new Deflater().compress('abcdef');
    const pieces = [0, 1, 2, 3].map((i) => payload.subarray(i, i === 3 ? payload.length : i + 1));
    await client.write(
      Buffer.concat(
        pieces.map((piece, i) =>
          encode({
            opcode: i === 0 ? TEXT : CONTINUATION,
            rsv: i === 0 ? RSV1 : 0,
            fin: i === 3,
            payload: piece,
          }),
        ),
      ),
    );
    await assertRefused(server, client, 'WS_ERR_TOO_MANY_BUFFERED_PARTS', 1008);
  }),
);
