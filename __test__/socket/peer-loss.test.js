'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { run } = require('../support/child');
const { limit, served } = require('../support/server');
const { TEXT, encode } = require('../support/frames');
const { whileOthersTalk } = require('../support/talk');

/** More than half of a message that never becomes whole. */
const part = encode({ opcode: TEXT, payload: 'x'.repeat(1 << 20) }).subarray(0, 600_000);

test(
  'a client process that is killed in the middle of a message',
  limit,
  served({}, async ({ at, events }, t) => {
    const child = run(t, 'half-message.js', [at]);
    assert.deepEqual(await child.says(), ['half']);
    const [sid] = await events.next('open');
    child.process.kill('SIGKILL');
    assert.deepEqual(await events.next('close'), ['', sid, 1006]);
    assert.deepEqual(
      events.all.map(({ name }) => name),
      ['open', 'close'],
    );
  }),
);

for (const [how, leave] of [
  ['destroys its socket', (socket) => socket.destroy()],
  ['resets the connection', (socket) => socket.resetAndDestroy()],
  ['ends its side', (socket) => socket.end()],
]) {
  test(
    `a client that ${how} in the middle of a message`,
    limit,
    served({}, async ({ events, raw }) => {
      const client = await raw();
      await client.write(part);
      leave(client.socket);
      assert.deepEqual(await events.next('close'), ['', client.sid, 1006]);
      assert.deepEqual(
        events.all.map(({ name }) => name),
        ['open', 'close'],
      );
    }),
  );

  test(
    `a client that ${how} between messages`,
    limit,
    served({}, async ({ base, events, raw }) => {
      const client = await raw();
      await client.text('whole');
      assert.deepEqual(await events.next('message'), ['whole', client.sid]);
      leave(client.socket);
      assert.deepEqual(await events.next('close'), ['', client.sid, 1006]);
      assert.equal(base.connections, 0);
    }),
  );
}

test(
  'what a client sent before it ended its side is delivered, then close',
  limit,
  served({}, async ({ events, raw }) => {
    const client = await raw();
    for (let i = 0; i < 100; i++) client.text(`${i}`);
    client.socket.end();
    assert.deepEqual(await events.next('close'), ['', client.sid, 1006]);
    assert.deepEqual(
      events.list('message').map(([text]) => text),
      Array.from({ length: 100 }, (_, i) => `${i}`),
    );
  }),
);

test(
  'a half-closed connection is ended on our side too',
  limit,
  served({}, async ({ raw }) => {
    const client = await raw();
    client.socket.end();
    await client.ended();
  }),
);

test(
  'sending to a client that has gone throws nothing',
  limit,
  served({}, async ({ base, events, raw, connect }) => {
    const client = await raw();
    client.socket.resetAndDestroy();
    for (let i = 0; i < 100; i++) base.send(client.sid, Buffer.alloc(10_000));
    assert.deepEqual(await events.next('close'), ['', client.sid, 1006]);
    const other = await connect();
    base.send('x');
    assert.equal(await other.message(), 'x');
  }),
);

test(
  "the loss of one client is nobody else's",
  limit,
  served({}, async ({ base, events, connectMany }) => {
    const clients = await connectMany(6);
    for (const client of clients.slice(0, 3)) client.ws._socket.resetAndDestroy();
    await events.atLeast('close', 3);
    assert.deepEqual(
      [...base.socketsHistory],
      clients.slice(3).map(({ sid }) => sid),
    );
    base.send('still here');
    for (const client of clients.slice(3)) assert.equal(await client.message(), 'still here');
  }),
);

test(
  'a reset is noticed while paused, also after a FIN',
  limit,
  served({}, async (server) => {
    const { base, events, raw, connect } = server;
    const [client, other] = [await raw({ halfOpen: true }), await connect()];
    base.pause(client.sid);
    // By then the pause, and after it the FIN, have been seen.
    await whileOthersTalk(server, other);
    await new Promise((resolve) => client.socket.end(resolve));
    await whileOthersTalk(server, other);
    assert.equal(events.list('close').length, 0);
    client.socket.resetAndDestroy();
    assert.deepEqual(await events.next('close'), ['', client.sid, 1006]);
  }),
);
