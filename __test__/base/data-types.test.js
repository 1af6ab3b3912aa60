'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { Base } = require('../..');
const { limit, served } = require('../support/server');
const { bytesOf } = require('../support/payloads');

const bytes = [0, 1, 2, 3, 4, 5, 6, 7, 128, 129, 130, 131, 252, 253, 254, 255];
const memory = Uint8Array.from([9, 9, 9, 9, 9, 9, 9, 9, ...bytes, 9, 9, 9, 9, 9, 9, 9, 9]).buffer;
const shared = new SharedArrayBuffer(bytes.length);
new Uint8Array(shared).set(bytes);

/** The same 16 bytes as each thing that holds bytes; views look into the middle of their memory. */
const BINARY = {
  Buffer: Buffer.from(bytes),
  'Buffer of a pool': Buffer.from(memory, 8, 16),
  ArrayBuffer: Uint8Array.from(bytes).buffer,
  DataView: new DataView(memory, 8, 16),
  'Uint8Array of shared memory': new Uint8Array(shared),
};
for (const View of [
  Int8Array,
  Uint8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
]) {
  BINARY[View.name] = new View(memory, 8, 16 / View.BYTES_PER_ELEMENT);
}

test(
  'everything that holds bytes is sent as a binary message, and only its bytes',
  limit,
  served({}, async ({ base, connect }) => {
    const client = await connect();
    for (const [name, data] of Object.entries(BINARY)) {
      base.send(client.sid, data);
      base.send(data);
      assert.deepEqual(await client.message(), Buffer.from(bytes), `${name}, to one`);
      assert.deepEqual(await client.message(), Buffer.from(bytes), `${name}, to all`);
    }
  }),
);

test(
  'empty views are empty messages',
  limit,
  served({}, async ({ base, connect }) => {
    const client = await connect();
    for (const data of [Buffer.alloc(0), new ArrayBuffer(0), new Float64Array(0), new DataView(memory, 8, 0)]) {
      base.send(client.sid, data);
      assert.deepEqual(await client.message(), Buffer.alloc(0));
    }
  }),
);

test(
  'anything else is a TypeError, and nothing is sent',
  limit,
  served({}, async ({ base, connect }) => {
    const client = await connect();
    const others = [
      5,
      NaN,
      10n,
      true,
      null,
      {},
      [],
      ['text'],
      Symbol('s'),
      () => 'x',
      new Date(),
      new String('boxed'),
      Promise.resolve('x'),
      shared,
      new Map(),
      { length: 1, 0: 1 },
    ];
    for (const data of others) {
      assert.throws(() => base.send(client.sid, data), TypeError);
      assert.throws(() => base.send([client.sid], data), TypeError);
      assert.throws(() => base.send(null, data), TypeError);
      assert.throws(() => base.send('nobody', data), TypeError);
      assert.throws(() => base.send(data), TypeError);
    }
    base.send('the first');
    assert.equal(await client.message(), 'the first');
  }),
);

test('it is a TypeError as well where nobody is connected', () => {
  assert.throws(() => new Base().send(5), TypeError);
  assert.throws(() => new Base().send({}), TypeError);
});

test(
  'surrogates without their other half become U+FFFD',
  limit,
  served({}, async ({ base, connect }) => {
    const client = await connect();
    const texts = ['\ud800', '\udc00', 'a\ud83dz', '\udc00\ud800', `${'x'.repeat(70_000)}\ud800`, '\ud83d\ude00\ud83d'];
    for (const text of texts) {
      base.send(client.sid, text);
      base.send(text);
      const expected = Buffer.from(text).toString();
      assert.ok(expected.includes('\ufffd'));
      assert.equal(await client.message(), expected);
      assert.equal(await client.message(), expected);
    }
  }),
);

test(
  'NUL, a byte order mark and noncharacters are text like any other',
  limit,
  served({}, async ({ base, events, connect }) => {
    const client = await connect();
    for (const text of ['\0', 'a\0b', '\ufeff', '\ufeffx', '\uffff\ufffe', '\u{10ffff}', '\u2028\u2029']) {
      base.send(client.sid, text);
      assert.equal(await client.message(), text);
      await client.send(text);
      assert.equal((await events.next('message'))[0], text);
    }
  }),
);

for (const size of [10, 1000, 8191, 8192, 8193, 20_000, 1 << 20]) {
  test(
    `the caller reuses its buffer of ${size} bytes as soon as send returns`,
    limit,
    served({}, async ({ base, connectMany }) => {
      const clients = await connectMany(2);
      const content = bytesOf(size);
      const buffer = Buffer.alloc(size);
      const forms = [
        () => base.send(buffer),
        () => base.send(clients[0].sid, buffer),
        () =>
          base.send(
            clients.map(({ sid }) => sid),
            buffer,
          ),
        () => base.send(null, new DataView(buffer.buffer, buffer.byteOffset, size)),
      ];
      for (const send of forms) {
        content.copy(buffer);
        send();
        buffer.fill(0xee);
      }
      const [many, few] = [await take(clients[0], 4), await take(clients[1], 3)];
      for (const data of [...many, ...few]) assert.ok(content.equals(data), 'what it was when send was called');
    }),
  );
}

async function take(client, count) {
  return (await client.inbox.atLeast('message', count)).map(([data]) => data);
}
