'use strict';

// The caller's memory is its own again as soon as `send` returns, and whatever it does with it: changed,
// transferred to another thread, resized. And what `binary` gives is the listener's own.

const assert = require('node:assert/strict');
const { once } = require('node:events');
const { test } = require('node:test');
const { MessageChannel, Worker } = require('node:worker_threads');
const { NAME } = require('../support/deflate');
const { bytesOf } = require('../support/payloads');
const { limit, served } = require('../support/server');

const SIZE = 20_000;

/** What may be done to memory; `resizable` can be made where Node has it. */
const CHANGES = {
  'is changed': (buffer) => new Uint8Array(buffer).fill(0xee),
  'is transferred by structuredClone': (buffer) => structuredClone(buffer, { transfer: [buffer] }),
  'is transferred by postMessage'(buffer) {
    const { port1, port2 } = new MessageChannel();
    port1.postMessage(buffer, [buffer]);
    port1.close();
    port2.close();
  },
};
if ('resize' in ArrayBuffer.prototype) CHANGES['is resized to nothing'] = (buffer) => buffer.resize(0);

/** Memory with this content. */
function memoryOf(content) {
  const buffer = new ArrayBuffer(content.length, { maxByteLength: 2 * content.length });
  new Uint8Array(buffer).set(content);
  return buffer;
}

/** How many connections a message goes to, and how. */
const FORMS = {
  one: (base, [{ sid }], data) => base.send(sid, data),
  several: (base, clients, data) =>
    base.send(
      clients.map(({ sid }) => sid),
      data,
    ),
  all: (base, _clients, data) => base.send(data),
};

for (const [way, options] of [
  ['as it is', {}],
  ['compressed', { agreed: NAME, base: { perMessageDeflate: { threshold: 0 } } }],
]) {
  for (const [what, change] of Object.entries(CHANGES)) {
    test(
      `memory that ${what} after send, ${way}, is sent as it was`,
      limit,
      served(options, async ({ base, connectMany }) => {
        const clients = await connectMany(2);
        let count = 0;
        for (const paused of [false, true]) {
          if (paused) {
            base.pause(null);
            // The peers do not read: what is sent has to wait.
            for (const { ws } of clients) ws.pause();
            base.send(null, Buffer.alloc(8 << 20), { compress: false });
          }
          for (const [form, send] of Object.entries(FORMS)) {
            for (const view of [
              (buffer) => buffer,
              (buffer) => new DataView(buffer),
              (buffer) => Buffer.from(buffer),
            ]) {
              const content = bytesOf(SIZE + count++);
              const buffer = memoryOf(content);
              send(base, form === 'one' ? [clients[0]] : clients, view(buffer));
              change(buffer);
            }
          }
          for (const { ws } of clients) ws.resume();
        }
        let at = 0;
        const [first] = clients;
        const messages = (await first.inbox.atLeast('message', count + 1)).map(([data]) => data);
        for (const data of messages) {
          if (data.length === 8 << 20) continue;
          assert.ok(bytesOf(SIZE + at).equals(data), `message ${at}`);
          at++;
        }
        assert.equal(at, count);
        base.resume(null);
      }),
    );
  }
}

test(
  'memory that is gone before: a view of it is empty, and it itself is a TypeError',
  limit,
  served({}, async ({ base, connect }) => {
    const client = await connect();
    const views = [new Uint8Array(8), Buffer.from(new ArrayBuffer(8)), new Float64Array(1)];
    const memory = views.map(({ buffer }) => buffer);
    structuredClone(memory, { transfer: memory });
    for (const view of views) {
      base.send(client.sid, view).send(view);
      assert.throws(() => base.ping(client.sid, view), TypeError);
    }
    for (const buffer of memory) {
      assert.throws(() => base.send(buffer), TypeError);
      assert.throws(() => base.ping(client.sid, buffer), TypeError);
    }
    base.send('still there');
    const messages = (await client.inbox.atLeast('message', 7)).map(([data]) => data);
    assert.deepEqual(messages, [...new Array(6).fill(Buffer.alloc(0)), 'still there']);
  }),
);

test(
  'a view that is out of the bounds of its memory is empty',
  { ...limit, skip: !('resize' in ArrayBuffer.prototype) && 'this Node has no resizable memory' },
  served({}, async ({ base, connectMany }) => {
    const [client, other] = await connectMany(2);
    const buffer = new ArrayBuffer(8, { maxByteLength: 16 });
    const views = [new Uint8Array(buffer), new Uint8Array(buffer, 4, 4), new Uint8Array(buffer, 4)];
    buffer.resize(2);
    for (const view of views) base.send(client.sid, view).send([client.sid, other.sid], view);
    const lengths = (await client.inbox.atLeast('message', 6)).map(([data]) => data.length);
    assert.deepEqual(lengths, [2, 2, 0, 0, 0, 0]);
  }),
);

test(
  'memory that is shared is copied, and may grow meanwhile',
  limit,
  served({}, async ({ base, events, connect }) => {
    const client = await connect();
    const growable = 'growable' in SharedArrayBuffer.prototype;
    const memory = new SharedArrayBuffer(4, { maxByteLength: 4096 });
    const view = new Uint8Array(memory).fill(7);
    base.send(client.sid, view).ping(client.sid, view);
    if (growable) memory.grow(4096);
    view.fill(9);
    assert.deepEqual(await client.message(), Buffer.alloc(4, 7));
    await events.next('pong');
    if (growable) assert.throws(() => base.ping(client.sid, view), { code: 'ERR_OUT_OF_RANGE' });
  }),
);

/** Fills memory with one byte after the other, until the first byte of `stop` is not 0. */
const WRITER = `
  const { parentPort, workerData: { memory, stop } } = require('node:worker_threads');
  const [bytes, stopped] = [new Uint8Array(memory), new Int32Array(stop)];
  bytes.fill(1);
  parentPort.postMessage('writing');
  for (let value = 1; Atomics.load(stopped, 0) === 0; value = (value % 255) + 1) bytes.fill(value);
`;

/** Has `body` send memory that a worker writes to all the time; no byte of it is 0. */
async function whileWritten(t, length, body) {
  const [memory, stop] = [new SharedArrayBuffer(length), new SharedArrayBuffer(4)];
  const worker = new Worker(WRITER, { eval: true, workerData: { memory, stop } });
  t.after(() => worker.terminate());
  await once(worker, 'message');
  await body(new Uint8Array(memory));
  const exit = once(worker, 'exit');
  Atomics.store(new Int32Array(stop), 0, 1);
  await exit;
}

for (const [role, mask] of [
  ['a server', false],
  ['a client', true],
]) {
  test(
    `memory that a worker writes to meanwhile is read once: all get the same of it from ${role}`,
    limit,
    served({ base: { mask } }, async ({ base, raw }, t) => {
      const clients = [await raw(), await raw(), await raw()];
      const sids = clients.map(({ sid }) => sid);
      await whileWritten(t, 100_001, async (memory) => {
        for (let round = 0; round < 60; round++) {
          // Of every alignment, and of lengths that are encoded in place, apart, or written at once.
          const length = [20_000, 70_000, 100_001][round % 3] - (round % 9);
          const view = memory.subarray(round % 9, (round % 9) + length);
          if (round % 2 === 0) base.send(sids, view);
          else base.send(view);
          const payloads = [];
          for (const client of clients) payloads.push((await client.frame()).payload);
          for (const payload of payloads) assert.ok(payload.equals(payloads[0]), `round ${round}`);
          assert.equal(payloads[0].length, length);
          assert.ok(!payloads[0].includes(0));
        }
      });
    }),
  );
}

test(
  'a reason in memory that is shared is checked as it is sent',
  limit,
  served({}, async ({ base, raw }, t) => {
    const client = await raw();
    await whileWritten(t, 64, async (memory) => {
      // Bytes from 128 on are no UTF-8: now it is, now it is not.
      for (let sent = false; !sent; ) {
        try {
          base.close(client.sid, memory);
          sent = true;
        } catch (error) {
          assert.equal(error.code, 'ERR_INVALID_ARG_TYPE');
        }
      }
      const { code, reason } = await client.closeFrame();
      assert.equal(code, 1000);
      assert.equal(Buffer.byteLength(reason), 64);
      assert.ok(!reason.includes('\ufffd'));
      await client.close(1000);
    });
  }),
);

test(
  'what binary gives may be transferred, and the next messages are untouched',
  limit,
  served({}, async ({ base, events, connect }) => {
    base.on('binary', ({ buffer }) => structuredClone(buffer, { transfer: [buffer] }));
    const heard = [];
    base.prependListener('binary', (data) => heard.push(Buffer.from(data)));
    const client = await connect();
    const contents = Array.from({ length: 50 }, (_, i) => bytesOf(i * 300));
    await Promise.all(contents.map((content) => client.send(content)));
    await events.atLeast('binary', 50);
    assert.ok(heard.every((data, i) => data.equals(contents[i])));
  }),
);
