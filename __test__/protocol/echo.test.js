'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { limit, served } = require('../support/server');
const { SIZES, UNITS, bytesOf, textOf } = require('../support/payloads');

/** Equal, and no 16 MiB of difference printed where they are not. */
function assertSame(actual, expected, what) {
  assert.equal(typeof actual, typeof expected);
  assert.equal(actual.length, expected.length, `${what}: length`);
  const same = typeof expected === 'string' ? actual === expected : expected.equals(actual);
  assert.ok(same, `${what}: content`);
}

/** What comes goes back to where it came from. */
function echo(base) {
  base.on('message', (text, sid) => base.send(sid, text));
  base.on('binary', (data, sid) => base.send(sid, data));
}

for (const [name, unit] of Object.entries(UNITS)) {
  test(
    `text comes and goes unchanged, from nothing to 16 MiB: ${name}`,
    limit,
    served({}, async ({ base, events, connect }) => {
      echo(base);
      const client = await connect();
      for (const size of SIZES) {
        const text = textOf(unit, size);
        assert.equal(Buffer.byteLength(text), size);
        await client.send(text);
        const [heard, sid] = await events.next('message');
        assertSame(heard, text, `${size} bytes in`);
        assert.equal(sid, client.sid);
        assertSame(await client.message(), text, `${size} bytes out`);
      }
    }),
  );
}

test(
  'binary comes and goes unchanged, from nothing to 16 MiB',
  limit,
  served({}, async ({ base, events, connect }) => {
    echo(base);
    const client = await connect();
    for (const size of SIZES) {
      const data = bytesOf(size);
      await client.send(data);
      const [heard, sid] = await events.next('binary');
      assert.ok(Buffer.isBuffer(heard));
      assertSame(heard, data, `${size} bytes in`);
      assert.equal(sid, client.sid);
      assertSame(await client.message(), data, `${size} bytes out`);
    }
  }),
);

test(
  'many small messages of one packet keep their borders, their kinds and their order',
  limit,
  served({}, async ({ base, connect }) => {
    echo(base);
    const client = await connect();
    const sent = [];
    client.ws._socket.cork();
    for (let i = 0; i < 3000; i++) {
      const text = textOf(Object.values(UNITS)[i % 5], i % 200);
      sent.push(i % 3 === 0 ? Buffer.from(text) : text);
      client.ws.send(sent[i]);
    }
    client.ws._socket.uncork();
    await client.inbox.atLeast('message', sent.length);
    assert.deepEqual(client.messages, sent);
  }),
);

test(
  "a Buffer that was received is the listener's own",
  limit,
  served({}, async ({ events, connect }) => {
    const client = await connect();
    for (let i = 0; i < 50; i++) client.ws.send(Buffer.alloc(100, i));
    const heard = (await events.atLeast('binary', 50)).map(([data]) => data);
    heard[0].fill(255);
    for (let i = 1; i < 50; i++) assert.deepEqual(heard[i], Buffer.alloc(100, i));
  }),
);

test(
  'what was received outlives its connection',
  limit,
  served({}, async ({ events, connect }) => {
    const client = await connect();
    const data = bytesOf(100_000);
    await client.send(data);
    const [heard] = await events.next('binary');
    client.destroy();
    await events.next('close');
    const other = await connect();
    for (let i = 0; i < 10; i++) await other.send(Buffer.alloc(100_000, 1));
    await events.atLeast('binary', 11);
    assertSame(heard, data, 'the first message');
  }),
);
