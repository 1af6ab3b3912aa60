'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { limit, served } = require('../support/server');
const { BINARY, CONTINUATION, PING, TEXT, encode } = require('../support/frames');

/** The connection ends by `code`, and says `closeCode` to both sides. */
async function assertRefused({ events }, client, code, closeCode) {
  const [error] = await events.next('error');
  assert.equal(error.code, code);
  assert.equal(error.closeCode, closeCode);
  assert.equal(error.sid, client.sid);
  assert.equal((await client.closeFrame()).code, closeCode);
  const [, sid, closedWith] = await events.next('close');
  assert.deepEqual([sid, closedWith], [client.sid, closeCode]);
  assert.equal(events.list('message').length + events.list('binary').length, 0);
}

/** A message of `count` fragments, each of which carries `payload`. */
function fragments(count, payload = '') {
  const middle = encode({ opcode: CONTINUATION, payload, fin: false });
  return Buffer.concat([
    encode({ opcode: TEXT, payload, fin: false }),
    ...new Array(Math.max(0, count - 2)).fill(middle),
    encode({ opcode: CONTINUATION, payload }),
  ]);
}

test(
  'a message of maxPayload bytes is heard, in one frame and in several',
  limit,
  served({ base: { maxPayload: 1000 } }, async ({ events, raw }) => {
    const client = await raw();
    await client.text('x'.repeat(1000));
    await client.write(fragments(10, 'y'.repeat(100)));
    await client.text('z'.repeat(1000));
    const [[one], [several], [again]] = await events.atLeast('message', 3);
    assert.deepEqual([one, several, again], ['x'.repeat(1000), 'y'.repeat(1000), 'z'.repeat(1000)]);
  }),
);

test(
  'one byte more is error and 1009',
  limit,
  served({ base: { maxPayload: 1000, closeTimeout: 50 } }, async (server) => {
    const client = await server.raw();
    await client.text('x'.repeat(1001));
    await assertRefused(server, client, 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH', 1009);
  }),
);

test(
  'it is refused by the declared length, before its bytes are there',
  limit,
  served({ base: { closeTimeout: 50 } }, async (server) => {
    const client = await server.raw();
    await client.send({ opcode: BINARY, declaredLength: BigInt(16 << 20) + 1n });
    await assertRefused(server, client, 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH', 1009);
  }),
);

test(
  'fragments are added up',
  limit,
  served({ base: { maxPayload: 1000, closeTimeout: 50 } }, async (server) => {
    const client = await server.raw();
    await client.write(fragments(11, 'x'.repeat(91)));
    await assertRefused(server, client, 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH', 1009);
  }),
);

test(
  'control frames between fragments do not count',
  limit,
  served({ base: { maxPayload: 100, maxFragments: 2 } }, async ({ events, raw }) => {
    const client = await raw();
    const pings = new Array(10).fill(encode({ opcode: PING, payload: 'p'.repeat(100) }));
    await client.write(
      Buffer.concat([
        encode({ opcode: TEXT, payload: 'x'.repeat(50), fin: false }),
        ...pings,
        encode({ opcode: CONTINUATION, payload: 'y'.repeat(50) }),
      ]),
    );
    assert.equal((await events.next('message'))[0], 'x'.repeat(50) + 'y'.repeat(50));
  }),
);

test(
  'maxFragments frames are heard, empty ones too; one more is error and 1008',
  limit,
  served({ base: { maxFragments: 10, closeTimeout: 50 } }, async (server) => {
    const client = await server.raw();
    await client.write(fragments(10, 'x'));
    assert.deepEqual(await server.events.next('message'), ['x'.repeat(10), client.sid]);
    await client.write(fragments(10));
    assert.deepEqual(await server.events.next('message'), ['', client.sid]);
    await client.write(fragments(12).subarray(0, -6)); // eleven, and none of them the last
    const [error] = await server.events.next('error');
    assert.match(error.code, /^WS_ERR_/);
    assert.equal(error.closeCode, 1008);
    assert.equal((await client.closeFrame()).code, 1008);
  }),
);

test(
  '131072 fragments are heard by default, 131073 are not',
  limit,
  served({ base: { closeTimeout: 50 } }, async ({ events, raw }) => {
    const client = await raw();
    client.write(fragments(131_072, 'f'));
    assert.equal((await events.next('message'))[0].length, 131_072);
    client.write(fragments(131_073, 'f'));
    const [error] = await events.next('error');
    assert.equal(error.closeCode, 1008);
  }),
);

test(
  '1024 empty frames of one message are heard, one more is error and 1008',
  limit,
  served({ base: { closeTimeout: 50 } }, async (server) => {
    const { events, raw } = server;
    const client = await raw();
    await client.write(fragments(1024));
    assert.deepEqual(await events.next('message'), ['', client.sid]);
    await client.write(fragments(1025));
    const [error] = await events.next('error');
    assert.deepEqual([error.code, error.closeCode], ['WS_ERR_TOO_MANY_EMPTY_FRAGMENTS', 1008]);
    assert.equal((await client.closeFrame()).code, 1008);
  }),
);

test(
  '16 blocks with BFINAL of one compressed message are heard, one more is error and 1007',
  limit,
  served({ agreed: 'permessage-deflate', base: { closeTimeout: 50 } }, async (server) => {
    const { events, raw } = server;
    const client = await raw();
    const blocks = (count) =>
      encode({ opcode: TEXT, rsv: 4, payload: Buffer.concat(new Array(count).fill(Buffer.from([0x03, 0x00]))) });
    await client.write(blocks(16));
    assert.deepEqual(await events.next('message'), ['', client.sid]);
    await client.write(blocks(17));
    const [error] = await events.next('error');
    assert.deepEqual([error.code, error.closeCode], ['WS_ERR_INVALID_COMPRESSED_DATA', 1007]);
  }),
);

test(
  'messages that never end cost memory by their bytes, not by their fragments',
  { ...limit, skip: process.platform !== 'linux' && 'only Linux tells' },
  served({ base: { maxConnections: 100 } }, async ({ base, events, raw }, t) => {
    const COUNT = 40;
    const most = fragments(131_072, 'f').subarray(0, -7); // all but the last
    const whole = Buffer.concat([most, encode({ opcode: PING })]);
    const clients = [];
    const warm = await raw();
    await warm.write(whole);
    await events.atLeast('ping', 1);
    const before = process.memoryUsage.rss();
    for (let i = 0; i < COUNT; i++) {
      clients.push(await raw());
      await clients[i].write(whole);
      await events.atLeast('ping', 2 + i);
    }
    const grown = process.memoryUsage.rss() - before;
    t.diagnostic(`${(grown / COUNT / 1024).toFixed(0)} KiB for each connection, and 128 KiB came of each message`);
    // Over TLS most of it is what Node has left of the chunks. An object for each fragment would cost more than this.
    assert.ok(grown < COUNT * 4 * (1 << 20), `${grown}`);
    assert.equal(base.connections, COUNT + 1);
  }),
);

test(
  '16 MiB and one byte are too much by default',
  limit,
  served({ base: { closeTimeout: 50 } }, async (server) => {
    const client = await server.connect();
    client.ws.send(Buffer.alloc((16 << 20) + 1));
    const [error] = await server.events.next('error');
    assert.equal(error.code, 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH');
    assert.deepEqual((await server.events.next('close')).slice(1), [client.sid, 1009]);
  }),
);

test(
  "a limit is nobody else's end",
  limit,
  served({ base: { maxPayload: 10, closeTimeout: 50 } }, async ({ base, events, connectMany }) => {
    const [bad, good] = await connectMany(2);
    bad.ws.send('more than ten bytes');
    await events.next('error');
    assert.deepEqual([...base.socketsHistory], [good.sid]);
    await good.send('ten bytes.');
    assert.deepEqual(await events.next('message'), ['ten bytes.', good.sid]);
  }),
);
