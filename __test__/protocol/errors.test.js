'use strict';

const assert = require('node:assert/strict');
const { errorMonitor } = require('node:events');
const { test } = require('node:test');
const { run } = require('../support/child');
const { RawClient } = require('../support/raw-client');
const { limit, served } = require('../support/server');
const { BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, encode } = require('../support/frames');

const start = { opcode: TEXT, payload: 'start', fin: false };

/** what the peer does, the frames it does it with, the code of the error (the names of ws), the close code */
const VIOLATIONS = [
  ['a frame without a mask', [{ opcode: TEXT, payload: 'x', mask: false }], 'WS_ERR_EXPECTED_MASK', 1002],
  ['a control frame without a mask', [{ opcode: PING, mask: false }], 'WS_ERR_EXPECTED_MASK', 1002],
  ['RSV1', [{ opcode: TEXT, payload: 'x', rsv: 4 }], 'WS_ERR_UNEXPECTED_RSV_1', 1002],
  ['RSV1 on a control frame', [{ opcode: PING, rsv: 4 }], 'WS_ERR_UNEXPECTED_RSV_1', 1002],
  ['RSV2', [{ opcode: TEXT, payload: 'x', rsv: 2 }], 'WS_ERR_UNEXPECTED_RSV_2_3', 1002],
  ['RSV3', [{ opcode: BINARY, payload: 'x', rsv: 1 }], 'WS_ERR_UNEXPECTED_RSV_2_3', 1002],
  ['the opcode 3', [{ opcode: 3 }], 'WS_ERR_INVALID_OPCODE', 1002],
  ['the opcode 7', [{ opcode: 7 }], 'WS_ERR_INVALID_OPCODE', 1002],
  ['the opcode 11', [{ opcode: 11 }], 'WS_ERR_INVALID_OPCODE', 1002],
  ['the opcode 15', [{ opcode: 15 }], 'WS_ERR_INVALID_OPCODE', 1002],
  ['a continuation of nothing', [{ opcode: CONTINUATION, payload: 'x' }], 'WS_ERR_INVALID_OPCODE', 1002],
  ['a new message within a fragmented one', [start, { opcode: TEXT, payload: 'x' }], 'WS_ERR_INVALID_OPCODE', 1002],
  ['a fragmented ping', [{ opcode: PING, fin: false }], 'WS_ERR_EXPECTED_FIN', 1002],
  ['a fragmented close', [{ opcode: CLOSE, fin: false }], 'WS_ERR_EXPECTED_FIN', 1002],
  ['a ping of 126 bytes', [{ opcode: PING, payload: 'x'.repeat(126) }], 'WS_ERR_INVALID_CONTROL_PAYLOAD_LENGTH', 1002],
  ['a pong of 126 bytes', [{ opcode: PONG, payload: 'x'.repeat(126) }], 'WS_ERR_INVALID_CONTROL_PAYLOAD_LENGTH', 1002],
  [
    'a close of 126 bytes',
    [{ opcode: CLOSE, payload: 'x'.repeat(126) }],
    'WS_ERR_INVALID_CONTROL_PAYLOAD_LENGTH',
    1002,
  ],
  ['5 bytes with a length of 16 bits', [{ opcode: TEXT, payload: 'short', lengthBytes: 2 }], /^WS_ERR_/, 1002],
  [
    '125 bytes with a length of 64 bits',
    [{ opcode: TEXT, payload: 's'.repeat(125), lengthBytes: 8 }],
    /^WS_ERR_/,
    1002,
  ],
  [
    '65535 bytes with a length of 64 bits',
    [{ opcode: BINARY, payload: 's'.repeat(65535), lengthBytes: 8 }],
    /^WS_ERR_/,
    1002,
  ],
  [
    'a length with the highest bit set',
    [{ opcode: BINARY, lengthBytes: 8, declaredLength: 1n << 63n }],
    /^WS_ERR_/,
    /1002|1009/,
  ],
  ['text that is not UTF-8', [{ opcode: TEXT, payload: Buffer.from([0x61, 0xff]) }], 'WS_ERR_INVALID_UTF8', 1007],
  ['an encoded surrogate', [{ opcode: TEXT, payload: Buffer.from([0xed, 0xa0, 0x80]) }], 'WS_ERR_INVALID_UTF8', 1007],
  ['an overlong form', [{ opcode: TEXT, payload: Buffer.from([0xc0, 0xaf]) }], 'WS_ERR_INVALID_UTF8', 1007],
  [
    'a code point past the last',
    [{ opcode: TEXT, payload: Buffer.from([0xf4, 0x90, 0x80, 0x80]) }],
    'WS_ERR_INVALID_UTF8',
    1007,
  ],
  [
    'text that ends within a code point',
    [{ opcode: TEXT, payload: Buffer.from([0xe6, 0xbc]) }],
    'WS_ERR_INVALID_UTF8',
    1007,
  ],
  [
    'text that goes wrong in a later fragment',
    [
      { ...start, payload: Buffer.from([0xe6]) },
      { opcode: CONTINUATION, payload: Buffer.from([0x41]) },
    ],
    'WS_ERR_INVALID_UTF8',
    1007,
  ],
];

for (const [what, frames, code, closeCode] of VIOLATIONS) {
  test(
    `${what}: error ${code}, close ${closeCode}`,
    limit,
    served({ base: { closeTimeout: 50 } }, async ({ base, events, raw }) => {
      base.on('error', ({ sid }) => assert.equal(base.sockets[sid], undefined, 'gone when the error is told'));
      const client = await raw();
      await client.write(Buffer.concat([...frames.map(encode), encode({ opcode: TEXT, payload: 'not to be heard' })]));

      const [error] = await events.next('error');
      assert.ok(error instanceof Error);
      assert.match(error.code, code instanceof RegExp ? code : new RegExp(`^${code}$`));
      assert.match(String(error.closeCode), new RegExp(`^(${closeCode.source ?? closeCode})$`));
      assert.equal(error.sid, client.sid);
      assert.ok(error.message.length > 0);

      const said = await client.closeFrame();
      assert.equal(said.code, error.closeCode);
      assert.ok(said.reason.length > 0, 'the peer is told why');
      const [, sid, closedWith] = await events.next('close');
      assert.deepEqual([sid, closedWith], [client.sid, error.closeCode]);
      await client.ended();
      assert.deepEqual(
        events.all.map(({ name }) => name),
        ['open', 'error', 'close'],
      );
    }),
  );
}

test(
  'bad text fails at its first bad byte, long before its frame is whole',
  limit,
  served({}, async ({ events, raw }) => {
    const client = await raw();
    const frame = encode({ opcode: TEXT, payload: Buffer.concat([Buffer.from([0xff]), Buffer.alloc(1 << 20, 'x')]) });
    await client.write(frame.subarray(0, 100));
    const [error] = await events.next('error');
    assert.equal(error.code, 'WS_ERR_INVALID_UTF8');
    assert.equal((await client.closeFrame()).code, 1007);
  }),
);

test(
  'messages before the violation are delivered, and other connections do not notice',
  limit,
  served({}, async ({ base, events, raw, connect }) => {
    const other = await connect();
    const client = await raw();
    await client.write(
      Buffer.concat([
        encode({ opcode: TEXT, payload: 'fine' }),
        encode({ opcode: 3 }),
        encode({ opcode: TEXT, payload: 'lost' }),
      ]),
    );
    await events.next('error');
    assert.deepEqual(events.list('message'), [['fine', client.sid]]);
    assert.deepEqual([...base.socketsHistory], [other.sid]);
    base.send('still here');
    assert.equal(await other.message(), 'still here');
  }),
);

test(
  'what a peer does is not thrown where nobody listens to error',
  limit,
  served(
    {
      hearErrors: false,
      base: { maxConnections: VIOLATIONS.length, closeTimeout: 50 },
    },
    async ({ base, events, raw, connect }) => {
      assert.equal(base.listenerCount('error'), 0);
      for (const [what, frames, , closeCode] of VIOLATIONS) {
        const client = await raw();
        await client.write(Buffer.concat(frames.map(encode)));
        assert.match(String((await events.next('close'))[2]), new RegExp(closeCode.source ?? closeCode), what);
      }
      const client = await connect();
      base.send('still here');
      assert.equal(await client.message(), 'still here');
    },
  ),
);

test('nor does it end a process in which nobody listens', limit, async (t) => {
  const child = run(t, 'echo-server.js');
  const [, port] = await child.says();
  const at = { port, host: '127.0.0.1' };
  const bad = new RawClient(at);
  t.after(() => bad.destroy());
  await bad.inbox.next('head');
  await bad.send({ opcode: 3 });
  assert.equal((await bad.closeFrame()).code, 1002);
  const good = new RawClient(at);
  t.after(() => good.destroy());
  await good.text('alive?');
  assert.equal(await good.said(), 'alive?');
});

test(
  "a peer's error is heard by a monitor, and not thrown where there is nobody else",
  limit,
  served(
    {
      hearErrors: false,
    },
    async ({ base, events, raw }) => {
      const heard = [];
      base.on(errorMonitor, (error) => heard.push(error));
      const client = await raw();
      await client.send({ opcode: 3 });
      assert.deepEqual((await events.next('close')).slice(1), [client.sid, 1002]);
      assert.equal(heard.length, 1);
      assert.ok(heard[0] instanceof Error);
      assert.deepEqual([heard[0].sid, heard[0].closeCode], [client.sid, 1002]);
      assert.equal(base.stats().errors, 1);
    },
  ),
);
