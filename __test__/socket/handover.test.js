'use strict';

const assert = require('node:assert/strict');
const net = require('node:net');
const { once } = require('node:events');
const { test } = require('node:test');
const { Base } = require('../..');
const { Inbox } = require('../support/inbox');
const { RawClient } = require('../support/raw-client');
const { limit, served } = require('../support/server');
const { switchingProtocols } = require('../support/upgrade');
const { CLOSE, TEXT, closePayload, encode } = require('../support/frames');

/** `count` text frames, numbered, of `size` bytes of payload each. */
function numbered(count, size) {
  const frames = [];
  for (let i = 0; i < count; i++) frames.push(encode({ opcode: TEXT, payload: String(i).padEnd(size, '.') }));
  return Buffer.concat(frames);
}

/** Waits for `count` messages and looks whether they are `numbered`. */
async function assertNumbered(events, count, size) {
  const messages = await events.atLeast('message', count);
  for (let i = 0; i < count; i++) assert.equal(messages[i][0], String(i).padEnd(size, '.'));
  assert.equal(messages.length, count);
}

for (const [what, count, size] of [
  ['one message', 1, 5],
  ['3 MiB of messages', 3072, 1024],
]) {
  test(
    `${what} in the same packet as the upgrade request`,
    limit,
    served({}, async ({ events, raw }) => {
      const client = await raw({ head: numbered(count, size) });
      await assertNumbered(events, count, size);
      assert.equal(events.all[0].name, 'open');
      await client.text('later');
      assert.deepEqual((await events.atLeast('message', count + 1))[count], ['later', client.sid]);
    }),
  );
}

test(
  'a frame of which one part comes with the upgrade request and the other later',
  limit,
  served({}, async ({ events, raw }) => {
    const frame = encode({ opcode: TEXT, payload: 'x'.repeat(300) });
    for (const cut of [1, 2, 3, 5, 8, 150, frame.length - 1]) {
      const client = await raw({ head: frame.subarray(0, cut) });
      await client.write(frame.subarray(cut));
      assert.deepEqual(await events.next('message'), ['x'.repeat(300), client.sid]);
    }
  }),
);

test(
  'a close frame in the same packet as the upgrade request',
  limit,
  served({}, async ({ events, raw }) => {
    const client = await raw({ head: encode({ opcode: CLOSE, payload: closePayload(1000, 'brief') }) });
    assert.deepEqual(await events.next('close'), ['brief', client.sid, 1000]);
    assert.equal((await client.closeFrame()).code, 1000);
  }),
);

/** A server that answers, and leaves it to the test to assign what `takeLater` gives. */
const holding = {
  upgrade(request, socket, head, server) {
    socket.write(switchingProtocols(request));
    server.assigned.emit('held', { request, socket, head });
  },
};

/** A raw client that is upgraded, and the socket that nobody has assigned yet. */
async function takeLater(server, head) {
  const held = once(server.assigned, 'held');
  const client = server.request('/late', { head });
  const [upgrade] = await held;
  await client.inbox.next('head');
  return { client, ...upgrade };
}

/** Resolves when the socket has something in its read buffer. */
async function buffered(socket) {
  if (socket.readableLength === 0) await once(socket, 'readable');
  assert.ok(socket.readableLength > 0);
}

/** Where bytes may be that came before the socket was assigned. */
const PLACES = {
  'in the kernel': (socket) => socket.pause(),
  'in the read buffer': buffered,
  'in a buffer that was read and put back': async (socket) => {
    await buffered(socket);
    socket.unshift(socket.read());
  },
  'in a buffer that flowed, was paused and put back': async (socket) => {
    const [chunk] = await once(socket, 'data');
    socket.pause();
    socket.unshift(chunk);
  },
};

for (const [place, settle] of Object.entries(PLACES)) {
  for (const [count, size] of [
    [1, 5],
    [50, 100],
    [2000, 1024],
  ]) {
    test(
      `${count} messages of ${size} bytes that wait ${place}`,
      limit,
      served(holding, async (server) => {
        const { client, request, socket, head } = await takeLater(server);
        const sent = client.write(numbered(count, size));
        if (count < 2000) await sent; // the kernel may not take more than that before somebody reads
        await settle(socket);
        server.assign(request, socket, { head });
        await assertNumbered(server.events, count, size);
      }),
    );
  }
}

test(
  'head goes before the read buffer, and that before what comes later',
  limit,
  served(holding, async (server) => {
    const frames = numbered(3, 20);
    const third = frames.length / 3;
    const { client, request, socket, head } = await takeLater(server, frames.subarray(0, third));
    assert.equal(head.length, third);
    await client.write(frames.subarray(third, 2 * third));
    await buffered(socket);
    server.assign(request, socket, { head });
    await client.write(frames.subarray(2 * third));
    await assertNumbered(server.events, 3, 20);
  }),
);

test(
  'the end of the peer that waits in the kernel comes after what it sent',
  limit,
  served(holding, async (server) => {
    const { client, request, socket, head } = await takeLater(server);
    socket.pause();
    await client.text('last');
    await new Promise((resolve) => client.socket.end(resolve));
    const sid = server.assign(request, socket, { head });
    assert.deepEqual(await server.events.next('message'), ['last', sid]);
    assert.deepEqual(await server.events.next('close'), ['', sid, 1006]);
  }),
);

test(
  'what a peer sent before its FIN is heard, allowHalfOpen false, where both came before the takeover',
  limit,
  async (t) => {
    const base = new Base();
    const events = new Inbox(base, ['open', 'message', 'close']);
    const server = net.createServer({ allowHalfOpen: false }).listen(0, '127.0.0.1');
    t.after(() => server.close());
    await once(server, 'listening');
    const client = new RawClient(
      { port: server.address().port, host: '127.0.0.1' },
      { upgrade: false, halfOpen: true },
    );
    t.after(() => client.destroy());
    const [socket] = await once(server, 'connection');
    const heard = new Inbox(socket, ['readable']);
    await client.text('first');
    await heard.atLeast('readable', 1);
    client.socket.end(
      Buffer.concat([
        encode({ opcode: TEXT, payload: 'last' }),
        encode({ opcode: CLOSE, payload: closePayload(4000, 'bye') }),
      ]),
    );
    // A FIN makes a socket 'readable' as well; nothing public tells that it was that.
    while (!socket._readableState.ended) await once(socket, 'readable');
    // A stream of which somebody hears that does not flow.
    socket.removeAllListeners('readable');

    const sid = base.assignSocket(socket);
    assert.deepEqual(await events.next('message'), ['first', sid]);
    assert.deepEqual(await events.next('message'), ['last', sid]);
    assert.deepEqual(await events.next('close'), ['bye', sid, 4000]);
    assert.equal((await client.closeFrame()).code, 4000);
  },
);
