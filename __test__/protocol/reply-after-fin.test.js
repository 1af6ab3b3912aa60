'use strict';

const assert = require('node:assert/strict');
const { once } = require('node:events');
const { test } = require('node:test');
const { Client } = require('../..');
const { extended } = require('../support/extended');
const { CLOSE, TEXT, closePayload, encode } = require('../support/frames');
const { Inbox } = require('../support/inbox');
const { limit, served } = require('../support/server');
const streams = require('../support/streams');
const { switchingProtocols } = require('../support/upgrade');

// A peer sends a message and its FIN at once, and reads on: what listeners send in reply leaves before our end.

/** More than the kernel takes of a peer that does not read. */
const LARGE = Buffer.alloc(24 << 20, 'r');

/** A client's bytes and its FIN, at once. */
function finish(client, ...frames) {
  client.socket.end(Buffer.concat(frames.map((frame) => encode(frame))));
}

/** What a client has read up to our end: opcodes and payloads. */
async function read(client) {
  await client.inbox.next('end');
  return client.frames.map(({ opcode, payload }) => [opcode, payload.toString()]);
}

for (const [role, mask] of [
  ['server', false],
  ['client', true],
]) {
  const text = { opcode: TEXT, payload: 'text', mask: !mask };
  const close = { opcode: CLOSE, payload: closePayload(1000, 'bye'), mask: !mask };
  const options = { base: { mask }, assign: { mask } };

  test(
    `${role}: the reply, our FIN, and close with 1006`,
    limit,
    served(options, async ({ base, events, raw }) => {
      base.on('message', (_text, sid) => base.send(sid, 'one').send('all').send(sid, Buffer.from('two')));
      const client = await raw({ halfOpen: true });
      finish(client, text);
      assert.deepEqual(await read(client), [
        [1, 'one'],
        [1, 'all'],
        [2, 'two'],
      ]);
      assert.deepEqual(await events.next('close'), ['', client.sid, 1006]);
    }),
  );

  test(
    `${role}: text, close frame and FIN: the reply, the close frame, our FIN`,
    limit,
    served(options, async ({ base, events, raw }) => {
      base.on('message', (_text, sid) => base.send(sid, 'reply'));
      const client = await raw({ halfOpen: true });
      finish(client, text, close);
      assert.deepEqual(await read(client), [
        [1, 'reply'],
        [8, closePayload(1000, 'bye').toString()],
      ]);
      assert.deepEqual(await events.next('close'), ['bye', client.sid, 1000]);
    }),
  );

  test(
    `${role}: a listener that closes: its close frame leaves after the reply, and is what close reports`,
    limit,
    served(options, async ({ base, events, raw }) => {
      base.on('message', (_text, sid) => base.send(sid, 'reply').close(sid, 4000, 'ours'));
      const client = await raw({ halfOpen: true });
      finish(client, text);
      assert.deepEqual(await read(client), [
        [1, 'reply'],
        [8, closePayload(4000, 'ours').toString()],
      ]);
      assert.deepEqual(await events.next('close'), ['ours', client.sid, 4000]);
    }),
  );

  test(
    `${role}: a reply that the kernel does not take at once`,
    limit,
    served(options, async ({ base, events, raw }) => {
      base.on('message', (_text, sid) => base.send(sid, LARGE));
      const client = await raw({ halfOpen: true });
      client.pause();
      finish(client, text);
      await events.next('message');
      client.resume();
      const frame = await client.frame();
      assert.ok(frame.payload.equals(LARGE));
      await client.inbox.next('end');
      assert.deepEqual(await events.next('close'), ['', client.sid, 1006]);
    }),
  );

  test(
    `${role}: a FIN that comes while paused is the end of what comes after the pause`,
    limit,
    served(options, async ({ base, events, raw }) => {
      base.on('message', (_text, sid) => base.send(sid, 'reply'));
      const client = await raw({ halfOpen: true });
      base.pause(client.sid);
      finish(client, text);
      await once(client.socket, 'finish');
      // Another's message has gone the same way since.
      const other = await raw();
      await other.send(text);
      assert.deepEqual(await events.next('message'), ['text', other.sid]);
      base.resume(client.sid);
      assert.deepEqual(await read(client), [[1, 'reply']]);
      assert.deepEqual(await events.next('close'), ['', client.sid, 1006]);
    }),
  );

  test(
    `${role}: a listener that pauses holds the end back`,
    limit,
    served(options, async ({ base, events, raw }) => {
      base.on('message', (payload, sid) => {
        base.send(sid, payload);
        if (payload === 'text') base.pause(sid);
      });
      const client = await raw({ halfOpen: true });
      finish(client, text, { ...text, payload: 'more' });
      assert.equal(await client.said(), 'text');
      base.resume(client.sid);
      assert.deepEqual(await read(client), [
        [1, 'text'],
        [1, 'more'],
      ]);
      assert.deepEqual(await events.next('close'), ['', client.sid, 1006]);
    }),
  );

  test(
    `${role}: a listener that terminates`,
    limit,
    served(options, async ({ base, events, raw }) => {
      base.on('message', (_text, sid) => base.send(sid, LARGE).terminate(sid));
      const client = await raw({ halfOpen: true });
      client.pause();
      finish(client, text);
      assert.deepEqual(await events.next('close'), ['', client.sid, 1006]);
    }),
  );

  test(
    `${role}: a peer that resets the connection instead of reading the reply`,
    limit,
    served(options, async ({ base, events, raw }) => {
      base.on('message', (_text, sid) => base.send(sid, LARGE));
      const client = await raw({ halfOpen: true });
      client.pause();
      const finished = once(client.socket, 'finish');
      finish(client, text);
      // Node 20 never ends where a socket is reset whose FIN is still to leave.
      await Promise.all([finished, events.next('message')]);
      client.socket.resetAndDestroy();
      assert.deepEqual(await events.next('close'), ['', client.sid, 1006]);
    }),
  );

  test(
    `${role}: a peer that never reads the reply is waited for as long as closeTimeout`,
    limit,
    served({ ...options, base: { mask, closeTimeout: 50 } }, async ({ base, events, raw }) => {
      base.on('message', (_text, sid) => base.send(sid, LARGE));
      const client = await raw({ halfOpen: true });
      client.pause();
      finish(client, text);
      assert.deepEqual(await events.next('close'), ['', client.sid, 1006]);
    }),
  );

  test(
    `${role}: a FIN alone ends the connection, and what it has is not counted as closing`,
    limit,
    served(options, async ({ base, events, raw }) => {
      const client = await raw({ halfOpen: true });
      client.socket.end();
      assert.deepEqual(await events.next('close'), ['', client.sid, 1006]);
      assert.deepEqual([await read(client), base.stats().closing], [[], 0]);
    }),
  );
}

/** What the client sends until its FIN is the event `answer`. */
function collect(socket, server) {
  const bytes = [];
  socket.on('data', (chunk) => bytes.push(chunk));
  socket.on('end', () => server.assigned.emit('answer', Buffer.concat(bytes)));
}

test(
  'a Client answers a server that sends a message and its FIN with the upgrade',
  limit,
  served(
    {
      upgrade: (request, socket, _head, server) => {
        collect(socket, server);
        socket.write(switchingProtocols(request));
        socket.end(encode({ opcode: TEXT, payload: 'text', mask: false }));
      },
    },
    async (server) => {
      const client = new Client({ url: server.url });
      const events = new Inbox(client, ['message', 'close']);
      client.on('message', (_text, sid) => client.send(sid, 'reply'));
      const answer = once(server.assigned, 'answer');
      client.open({ ca: server.at.ca });
      const [, sid] = await events.next('message');
      const [bytes] = await answer;
      assert.deepEqual([bytes[0], bytes[1], bytes.length], [0x81, 0x80 | 5, 11]);
      assert.deepEqual(await events.next('close'), ['', sid, 1006]);
    },
  ),
);

test(
  'a Client answers a server that sends a message, a close frame and its FIN once it is open',
  limit,
  served(
    {
      upgrade: (request, socket, _head, server) => {
        collect(socket, server);
        server.assigned.once('finish', () => {
          const payload = closePayload(4001, 'bye');
          socket.end(
            Buffer.concat([
              encode({ opcode: TEXT, payload: 'text', mask: false }),
              encode({ opcode: CLOSE, payload, mask: false }),
            ]),
          );
        });
        socket.write(switchingProtocols(request));
      },
    },
    async (server) => {
      const client = new Client({ url: server.url });
      const events = new Inbox(client, ['open', 'message', 'close']);
      client.on('message', (_text, sid) => client.send(sid, 'reply'));
      const answer = once(server.assigned, 'answer');
      client.open({ ca: server.at.ca });
      const [sid] = await events.next('open');
      server.assigned.emit('finish');
      assert.deepEqual(await events.next('message'), ['text', sid]);
      assert.deepEqual(await events.next('close'), ['bye', sid, 4001]);
      // Masked: a text of 5 bytes, and a close frame with a code and 3 bytes.
      const [bytes] = await answer;
      assert.deepEqual([bytes[0], bytes[1], bytes[11], bytes[12], bytes.length], [0x81, 0x80 | 5, 0x88, 0x80 | 5, 22]);
    },
  ),
);

// Streams of their own, which one transport carries.
const held = [];
const late = { read: (next, frame) => held.push(() => next(null, frame)) };
for (const [what, extensions] of [
  ['that Node would end by itself', {}],
  ['with an extension that still holds the message when the FIN comes', { 'x-late': late }],
]) {
  streams.test(`a stream ${what}`, async () => {
    const [near, far] = streams.pair();
    near.allowHalfOpen = false;
    const { base, events, sid } = extended(extensions, { stream: near });
    base.on('message', () => base.send(sid, 'reply'));
    const [bytes, ended, over] = [[], once(near, 'end'), once(far, 'end')];
    far.on('data', (chunk) => bytes.push(chunk));
    far.end(encode({ opcode: TEXT, payload: 'text' }));
    await ended;
    for (const goOn of held) goOn();
    await over;
    assert.deepEqual(Buffer.concat(bytes), encode({ opcode: TEXT, payload: 'reply', mask: false }));
    assert.deepEqual(await events.next('close'), ['', sid, 1006]);
  });
}
