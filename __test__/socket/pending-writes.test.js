'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { limit, served } = require('../support/server');
const { switchingProtocols } = require('../support/upgrade');
const { CLOSE, PING } = require('../support/frames');

/** More than the kernel takes of a peer that does not read. */
const PADDING = `X-Padding: ${'p'.repeat(16 << 20)}`;

/** A server whose 101 is still being written when the socket is handed over. */
function slow(body) {
  return served(
    {
      upgrade(request, socket, head, server) {
        socket.write(switchingProtocols(request, [PADDING]));
        assert.ok(socket.writableLength > 0, 'something is left to write');
        server.assign(request, socket, { head });
      },
    },
    body,
  );
}

/** The response is all there, and nothing else is in it. */
async function assertResponse(client) {
  const [head] = await client.inbox.next('head');
  assert.ok(head.startsWith('HTTP/1.1 101 ') && head.endsWith(PADDING), 'the response is whole');
}

test(
  'open comes at once, and frames come after what was being written',
  limit,
  slow(async ({ base, events, raw }) => {
    base.on('open', (sid) => base.send(sid, 'from open'));
    const client = await raw({ paused: true });
    assert.equal(events.list('open').length, 1);
    base.send(client.sid, 'to one');
    base.send('to all');
    base.ping(client.sid, 'p');
    client.resume();
    await assertResponse(client);
    assert.equal(await client.said(), 'from open');
    assert.equal(await client.said(), 'to one');
    assert.equal(await client.said(), 'to all');
    assert.equal((await client.frame()).opcode, PING);
    await client.text('and back');
    assert.deepEqual(await events.next('message'), ['and back', client.sid]);
  }),
);

test(
  'frames that the peer sent meanwhile are not lost',
  limit,
  slow(async ({ events, raw }) => {
    const client = await raw({ paused: true });
    for (let i = 0; i < 20; i++) await client.text(`early ${i}`);
    client.resume();
    await assertResponse(client);
    const messages = await events.atLeast('message', 20);
    assert.deepEqual(
      messages.map(([text]) => text),
      Array.from({ length: 20 }, (_, i) => `early ${i}`),
    );
  }),
);

test(
  'close meanwhile: the response, what was sent, the close frame',
  limit,
  slow(async ({ base, events, raw }) => {
    const client = await raw({ paused: true });
    base.send(client.sid, 'last');
    base.close(client.sid, 'bye');
    assert.equal(base.connections, 0);
    client.resume();
    await assertResponse(client);
    assert.equal(await client.said(), 'last');
    const frame = await client.frame();
    assert.equal(frame.opcode, CLOSE);
    assert.equal(frame.payload.toString('latin1', 2), 'bye');
    await client.close(1000, 'bye');
    assert.deepEqual(await events.next('close'), ['bye', client.sid, 1000]);
  }),
);

test(
  'terminate meanwhile: the connection ends at once',
  limit,
  slow(async ({ base, events, raw }) => {
    const client = await raw({ paused: true });
    base.terminate(client.sid);
    assert.deepEqual(await events.next('close'), ['', client.sid, 1006]);
  }),
);

test(
  'destroy() of the socket meanwhile: the same',
  limit,
  slow(async ({ accepted, events, raw }) => {
    const client = await raw({ paused: true });
    accepted.get(client.sid).destroy();
    assert.deepEqual(await events.next('close'), ['', client.sid, 1006]);
  }),
);

test(
  'a peer that is lost meanwhile: the same',
  limit,
  slow(async ({ events, raw }) => {
    const client = await raw({ paused: true });
    client.socket.resetAndDestroy();
    assert.deepEqual(await events.next('close'), ['', client.sid, 1006]);
  }),
);

test(
  'a socket that is corked is uncorked',
  limit,
  served(
    {
      upgrade(request, socket, head, server) {
        socket.cork();
        socket.write(switchingProtocols(request));
        server.assign(request, socket, { head });
      },
    },
    async ({ base, events, raw }) => {
      const client = await raw();
      base.send('after the response');
      assert.equal(await client.said(), 'after the response');
      await client.text('x');
      assert.deepEqual(await events.next('message'), ['x', client.sid]);
    },
  ),
);
