'use strict';

// The memory of small messages: slices of one ArrayBuffer, as ws slices what it has read.

const assert = require('node:assert/strict');
const { test } = require('node:test');
const v8 = require('node:v8');
const vm = require('node:vm');
const { isAvailable } = require('../../lib/native/pool');
const { limit, served } = require('../support/server');
const { connect, inBothRoles } = require('../support/ws-entry');

/** Most memory that is shared. */
const SHARED = 8 * 1024;
/** The largest message that is a slice. */
const SMALL = 1024;

/** A payload that no other is like. */
const payload = (number, length) => Buffer.alloc(length, `${number} `);

inBothRoles('small messages share memory, and each stays what it was', async (t, role) => {
  const { theirs, inbox } = await connect(t, role);
  const sent = Array.from({ length: 600 }, (_, number) => payload(number, (number * 7) % (SMALL + 1)));
  for (const [number, data] of sent.entries()) theirs.send(data, { binary: number % 2 === 0 });
  const got = await inbox.atLeast('message', sent.length);
  const memories = new Set();
  for (const [number, [data, isBinary]] of got.entries()) {
    assert.ok(Buffer.isBuffer(data));
    assert.equal(isBinary, number % 2 === 0);
    // All have come by now: none was written over.
    assert.ok(data.equals(sent[number]), `message ${number}`);
    assert.ok(data.buffer.byteLength <= SHARED, 'a Buffer keeps too much memory alive');
    // A Float64Array may be made of any of them.
    assert.equal(data.byteOffset % 8, 0);
    if (data.length > 0) memories.add(data.buffer);
  }
  const bytes = sent.reduce((sum, data) => sum + data.length + 8, 0);
  if (!isAvailable) return t.diagnostic('this runtime cannot share memory: each message has its own');
  assert.ok(memories.size <= 1 + bytes / (SHARED - SMALL), `${memories.size} for ${bytes} bytes`);
});

inBothRoles('a larger message pins no more than its own memory', async (t, role) => {
  const { theirs, inbox } = await connect(t, role);
  for (const length of [1, SMALL + 1, 1, 100_000]) theirs.send(Buffer.alloc(length, 'x'));
  const got = await inbox.atLeast('message', 4);
  assert.equal(got[1][0].buffer.byteLength, SMALL + 1);
  assert.equal(got[3][0].buffer.byteLength, 100_000);
});

inBothRoles('pings and pongs come as Buffers, and each stays what it was', async (t, role) => {
  const { theirs, inbox } = await connect(t, role);
  const sent = Array.from({ length: 100 }, (_, number) => payload(number, number));
  for (const data of sent) {
    theirs.ping(data);
    theirs.pong(data);
  }
  for (const event of ['ping', 'pong']) {
    const got = await inbox.atLeast(event, sent.length);
    assert.deepEqual(
      got.map(([data]) => data),
      sent,
    );
  }
});

inBothRoles(
  'the memory cannot be given to another thread, which would take it from other messages',
  async (t, role) => {
    const { theirs, inbox } = await connect(t, role);
    for (const text of ['one', 'two']) theirs.send(text);
    const [[one], [two]] = await inbox.atLeast('message', 2);
    try {
      structuredClone(one.buffer, { transfer: [one.buffer] });
    } catch (error) {
      // Node.js 20 makes a copy instead; Deno throws a TypeError.
      assert.ok(['DataCloneError', 'TypeError'].includes(error.name), error.stack);
    }
    assert.deepEqual([String(one), String(two)], ['one', 'two']);
  },
);

inBothRoles('memory that the app has detached all the same is not written to', async (t, role) => {
  if (!isAvailable) return t.skip('this runtime cannot share memory');
  const { theirs, inbox } = await connect(t, role);
  theirs.send('before');
  const [data] = await inbox.next('message');
  v8.setFlagsFromString('--allow-natives-syntax');
  try {
    vm.runInThisContext('(memory) => %ArrayBufferDetach(memory)')(data.buffer);
  } catch (error) {
    // Bun and Deno have no such syntax; Node.js 24 has a key for what is not to be transferred.
    assert.ok(error instanceof SyntaxError || /ArrayBufferDetachKey/.test(error.message), error.stack);
    return t.skip('an app cannot detach it here');
  } finally {
    v8.setFlagsFromString('--no-allow-natives-syntax');
  }
  assert.equal(data.length, 0);
  theirs.send('after');
  const [, [after]] = await inbox.atLeast('message', 2);
  assert.equal(String(after), 'after');
});

test(
  'what a Base emits has memory of its own',
  limit,
  served({}, async ({ events, connect: connectTo }) => {
    const client = await connectTo();
    for (let number = 0; number < 100; number++) client.send(payload(number, 10));
    for (const [data] of await events.atLeast('binary', 100)) assert.equal(data.buffer.byteLength, data.length);
  }),
);
