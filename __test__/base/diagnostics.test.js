'use strict';

const assert = require('node:assert/strict');
const { channel } = require('node:diagnostics_channel');
const { once } = require('node:events');
const { test } = require('node:test');
const { Client } = require('../..');
const { TEXT, encode } = require('../support/frames');
const { limit, served } = require('../support/server');

const NAMES = ['open', 'message', 'error', 'close'];

/** What the channels publish, in order, until the test ends. */
function follow(t, names = NAMES) {
  const published = [];
  for (const name of names) {
    const one = channel(`websockets:${name}`);
    const hear = (message, from) => published.push({ name, from, ...message });
    one.subscribe(hear);
    t.after(() => one.unsubscribe(hear));
  }
  return published;
}

test('open, message and close are published before they are emitted', limit, (t) =>
  served({}, async ({ base, events, connect }) => {
    const published = follow(t);
    const counts = [];
    for (const name of ['open', 'message', 'binary', 'close'])
      base.prependListener(name, () => counts.push(published.length));
    const client = await connect();
    const connection = base.sockets[client.sid];
    await client.send('text');
    await client.send(Buffer.from([1, 2, 3]));
    client.ws.close(4001, 'bye');
    await events.next('close');
    const common = { base, sid: client.sid, connection };
    assert.deepEqual(published, [
      { name: 'open', from: 'websockets:open', ...common },
      { name: 'message', from: 'websockets:message', ...common, data: 'text', isBinary: false },
      { name: 'message', from: 'websockets:message', ...common, data: Buffer.from([1, 2, 3]), isBinary: true },
      { name: 'close', from: 'websockets:close', ...common, code: 4001, reason: 'bye', wasClean: true },
    ]);
    assert.deepEqual(counts, [1, 2, 3, 4]);
  })(t),
);

test("a peer's error is published, whether or not anybody listens to it", limit, (t) =>
  served({ hearErrors: false }, async ({ base, events, raw }) => {
    const published = follow(t, ['error']);
    const client = await raw();
    const connection = base.sockets[client.sid];
    await client.write(encode({ opcode: 0x3, payload: '' }));
    await events.next('close');
    const [{ error, ...rest }] = published;
    assert.deepEqual(rest, { name: 'error', from: 'websockets:error', base, sid: client.sid, connection });
    assert.equal(error.code, 'WS_ERR_INVALID_OPCODE');
    assert.equal(published.length, 1);
  })(t),
);

test("so are an extension's error, and a handshake's, which has no connection", limit, async (t) => {
  const published = follow(t, ['error']);
  const extension = { read: (next) => next(new Error('mine')) };
  await served(
    {
      agreed: 'x-wrong',
      upgrade: (request, socket, head, server) => {
        server.base.extensions['x-wrong'] = extension;
        server.accept(request, socket, head);
      },
    },
    async ({ base, events, raw }) => {
      const client = await raw();
      await client.write(encode({ opcode: TEXT, payload: 'x' }));
      await events.next('error');
      assert.equal(published[0].error.message, 'mine');
      assert.equal(published[0].connection, base.sockets[client.sid]);
    },
  )(t);
  const client = new Client({ url: 'ws://127.0.0.1:1' }).open();
  const [error] = await once(client, 'error');
  assert.deepEqual(published.slice(1), [
    { name: 'error', from: 'websockets:error', base: client, sid: undefined, connection: undefined, error },
  ]);
});

test('a subscriber that throws is an uncaught exception, and disturbs nothing', limit, (t) =>
  served({}, async ({ events, connect }) => {
    const thrown = [];
    process.setUncaughtExceptionCaptureCallback((error) => thrown.push(error.message));
    t.after(() => process.setUncaughtExceptionCaptureCallback(null));
    const one = channel('websockets:message');
    const hear = ({ data }) => {
      throw new Error(data);
    };
    one.subscribe(hear);
    t.after(() => one.unsubscribe(hear));
    const client = await connect();
    await client.send('a');
    await client.send('b');
    await events.atLeast('message', 2);
    await new Promise(setImmediate);
    assert.deepEqual(thrown, ['a', 'b']);
  })(t),
);
