'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { run } = require('../support/child');
const { limit, served } = require('../support/server');
const { BINARY, CLOSE, TEXT, closePayload, encode } = require('../support/frames');
const { whileOthersTalk } = require('../support/talk');

/** `count` numbered messages in one write. */
function numbered(count) {
  return Buffer.concat(Array.from({ length: count }, (_, i) => encode({ opcode: TEXT, payload: String(i) })));
}

test(
  'no message comes while paused; all come in order after resume',
  limit,
  served({}, async (server) => {
    const { base, events, raw, connect } = server;
    const [client, other] = [await raw(), await connect()];
    base.pause(client.sid);
    await client.write(numbered(1000));
    await whileOthersTalk(server, other);
    assert.ok(events.list('message').every(([, sid]) => sid === other.sid));
    base.resume(client.sid);
    const messages = await events.atLeast('message', 1100);
    assert.deepEqual(
      messages.slice(100),
      Array.from({ length: 1000 }, (_, i) => [String(i), client.sid]),
    );
  }),
);

test(
  'pause within a packet: the rest of it waits as well',
  limit,
  served({}, async (server) => {
    const { base, events, raw, connect } = server;
    const [client, other] = [await raw(), await connect()];
    base.on('message', (text, sid) => {
      if (sid === client.sid && text === '2') base.pause(sid);
    });
    const heard = () => events.list('message').filter(([, sid]) => sid === client.sid);
    await client.write(numbered(1000));
    await events.until(() => heard().length === 3);
    await whileOthersTalk(server, other);
    assert.deepEqual(
      heard().map(([text]) => text),
      ['0', '1', '2'],
    );
    base.resume(client.sid);
    await events.until(() => heard().length === 1000);
    assert.deepEqual(
      heard().map(([text]) => text),
      Array.from({ length: 1000 }, (_, i) => String(i)),
    );
  }),
);

test(
  'while paused nothing is read: TCP stops the peer',
  limit,
  served({}, async (server) => {
    const { base, accepted, raw, connect } = server;
    const [client, other] = [await raw(), await connect()];
    base.pause(client.sid);
    await whileOthersTalk(server, other); // it is carried out at the end of the turn
    client
      .write(Buffer.concat(new Array(64).fill(encode({ opcode: TEXT, payload: 'x'.repeat(1 << 20) }))))
      .catch(() => {});
    await whileOthersTalk(server, other);
    const read = accepted.get(client.sid).bytesRead;
    assert.ok(read < 1 << 20, `${read} bytes`);
  }),
);

// More than one read takes, and nothing behind it that would tell of itself.
test(
  'all that the kernel holds comes after resume',
  limit,
  served({ unix: true }, async (server) => {
    const { base, events, raw, connect } = server;
    const [client, other] = [await raw(), await connect()];
    base.pause(client.sid);
    await whileOthersTalk(server, other);
    const texts = Array.from({ length: 16 }, (_, i) => `${i}`.padEnd(10_000, '.'));
    // A named pipe of Windows holds less, and takes the rest once it is read.
    const written = client.write(Buffer.concat(texts.map((payload) => encode({ opcode: TEXT, payload }))));
    await whileOthersTalk(server, other); // it is seen that something has come, and no reset
    base.resume(client.sid);
    const heard = () => events.list('message').filter(([, sid]) => sid === client.sid);
    await events.until(() => heard().length === texts.length);
    await written;
    assert.deepEqual(
      heard().map(([text]) => text),
      texts,
    );
  }),
);

test(
  'more than one read brings has come while paused, and nothing after it',
  limit,
  served({ agreed: 'permessage-deflate' }, async (server) => {
    const { base, events, raw, connect } = server;
    const [client, other] = [await raw(), await connect()];
    base.pause(client.sid);
    await whileOthersTalk(server, other); // it is carried out at the end of the turn
    const payload = 'x'.repeat(1000);
    await client.write(Buffer.concat(Array(60).fill(encode({ opcode: TEXT, payload }))));
    await whileOthersTalk(server, other);
    base.resume(client.sid);
    const messages = await events.atLeast('message', 260);
    assert.ok(messages.slice(200).every(([text, sid]) => text === payload && sid === client.sid));
  }),
);

test(
  'pause and resume at each message lose nothing',
  limit,
  served({}, async ({ base, events, raw }) => {
    const client = await raw();
    base.on('message', (_text, sid) => {
      base.pause(sid);
      setImmediate(() => base.resume(sid));
    });
    await client.write(numbered(300));
    const messages = await events.atLeast('message', 300);
    assert.deepEqual(
      messages.map(([text]) => text),
      Array.from({ length: 300 }, (_, i) => String(i)),
    );
  }),
);

test(
  'a paused connection can be sent to, and closed',
  limit,
  served({}, async ({ base, events, connect }) => {
    const client = await connect();
    base.pause(client.sid);
    base.send(client.sid, 'x');
    assert.equal(await client.message(), 'x');
    base.close(client.sid, 'bye');
    assert.deepEqual(await client.closed(), { code: 1000, reason: 'bye' });
    assert.deepEqual(await events.next('close'), ['bye', client.sid, 1000]);
  }),
);

test(
  'a paused connection can be terminated',
  limit,
  served({}, async ({ base, events, raw }) => {
    const client = await raw();
    base.pause(client.sid);
    await client.text('never heard');
    base.terminate(client.sid);
    assert.deepEqual(await events.next('close'), ['', client.sid, 1006]);
    assert.equal(events.list('message').length, 0);
  }),
);

test(
  'a reset is noticed while paused',
  limit,
  served({}, async ({ base, events, raw }) => {
    const client = await raw();
    base.pause(client.sid);
    client.socket.resetAndDestroy();
    assert.deepEqual(await events.next('close'), ['', client.sid, 1006]);
  }),
);

test(
  'a peer that closed meanwhile is heard after resume',
  limit,
  served({}, async (server) => {
    const { base, events, connect } = server;
    const [client, other] = [await connect(), await connect()];
    base.pause(client.sid);
    await client.send('before');
    client.ws.close(4000, 'bye');
    await whileOthersTalk(server, other);
    assert.equal(events.list('close').length, 0);
    base.resume(client.sid);
    assert.deepEqual(await events.next('close'), ['bye', client.sid, 4000]);
    assert.deepEqual(events.list('message')[100], ['before', client.sid]);
  }),
);

/** Messages and a close frame in one write; the first message pauses the connection. */
async function pausedBeforeClose({ base, events, raw }, texts) {
  const client = await raw();
  base.once('message', (_text, sid) => base.pause(sid));
  const frames = texts.map((payload) => ({ opcode: TEXT, payload }));
  await client.write(Buffer.concat([...frames, { opcode: CLOSE, payload: closePayload(4000, 'bye') }].map(encode)));
  await events.next('message');
  return client;
}

test(
  'what is sent while a close frame waits for resume leaves before its answer',
  limit,
  served({}, async (server) => {
    const { base, events, connect } = server;
    const other = await connect();
    const client = await pausedBeforeClose(server, ['pause']);
    await whileOthersTalk(server, other);
    assert.deepEqual(client.frames, []);
    base.send(client.sid, 'still open');
    assert.equal(await client.said(), 'still open');
    base.send('to all');
    base.resume(client.sid);
    assert.equal(await client.said(), 'to all');
    assert.deepEqual(await client.closeFrame(), { code: 4000, reason: 'bye' });
    client.destroy();
    assert.deepEqual(await events.next('close'), ['bye', client.sid, 4000]);
  }),
);

test(
  'replies to what a pause held leave before the answer to a close frame',
  limit,
  served({}, async (server) => {
    const { base, connect } = server;
    const other = await connect();
    const client = await pausedBeforeClose(server, ['pause', 'a', 'b']);
    await whileOthersTalk(server, other);
    base.on('message', (text, sid) => base.send(sid, `reply to ${text}`));
    base.resume(client.sid);
    assert.equal(await client.said(), 'reply to a');
    assert.equal(await client.said(), 'reply to b');
    assert.deepEqual(await client.closeFrame(), { code: 4000, reason: 'bye' });
  }),
);

test(
  'a paused connection is closed by the app although a close frame waits',
  limit,
  served({}, async (server) => {
    const { base, events } = server;
    const client = await pausedBeforeClose(server, ['pause']);
    base.send(client.sid, 'last');
    base.close(client.sid, 4001, 'ours');
    assert.equal(await client.said(), 'last');
    assert.deepEqual(await client.closeFrame(), { code: 4000, reason: 'bye' });
    client.destroy();
    assert.deepEqual(await events.next('close'), ['bye', client.sid, 4000]);
  }),
);

test(
  'what is sent to all once the app has closed a paused connection is not for it',
  limit,
  served({}, async (server) => {
    const { base, connect } = server;
    const other = await connect();
    const client = await pausedBeforeClose(server, ['pause']);
    await whileOthersTalk(server, other);
    base.close(client.sid);
    base.send('to those that are open');
    assert.deepEqual(await client.closeFrame(), { code: 4000, reason: 'bye' });
    assert.equal(await other.message(), 'to those that are open');
  }),
);

test(
  'a close frame that waits for resume is answered after closeTimeout at the latest',
  limit,
  served({ base: { closeTimeout: 200 } }, async (server) => {
    const { events } = server;
    const client = await pausedBeforeClose(server, ['pause', 'held']);
    assert.deepEqual(await client.closeFrame(), { code: 4000, reason: 'bye' });
    assert.deepEqual(await events.next('close'), ['bye', client.sid, 4000]);
    assert.deepEqual(
      events.list('message').map(([text]) => text),
      ['pause', 'held'],
    );
  }),
);

test(
  'terminate of a paused connection is 1006 although a close frame waits',
  limit,
  served({}, async (server) => {
    const { base, events } = server;
    const client = await pausedBeforeClose(server, ['pause']);
    base.terminate(client.sid);
    assert.deepEqual(await events.next('close'), ['', client.sid, 1006]);
  }),
);

test(
  'pause and resume of a sid that nobody has do nothing',
  limit,
  served({}, async ({ base, events, connect }) => {
    const client = await connect();
    base.pause('nobody');
    base.resume('nobody');
    base.resume(client.sid);
    await client.send('x');
    assert.deepEqual(await events.next('message'), ['x', client.sid]);
  }),
);

const MiB = 1 << 20;
const SIZE = 1000;
const TURNS = 1500;
/** 16 MiB may wait for their delivery, and as many more come in while those are delivered. */
const BOUND = 48 * MiB;

test(
  'pause at each message, resume later: what is read and not delivered stays bounded',
  limit,
  served({}, async ({ base, events, at }, t) => {
    base.removeAllListeners('message'); // the inbox's
    let heard = 0;
    let most = 0;
    base.on('message', (_text, sid) => {
      heard++;
      base.pause(sid);
      most = Math.max(most, base.stats().bytesReceived - heard * SIZE);
      if (heard === TURNS || most > BOUND) base.terminate(sid);
      else setTimeout(() => base.resume(sid), 1);
    });
    const child = run(t, 'tireless-client.js', [at, SIZE]);
    await events.next('close');
    child.process.kill();
    await child.exited;
    assert.ok(most <= BOUND, `${(most / MiB).toFixed(1)} MiB were read and not delivered`);
    assert.equal(heard, TURNS);
  }),
);

test(
  'drain is emitted while the connection is paused: who pauses until then goes on',
  limit,
  served({}, async ({ base, events, connect }) => {
    const client = await connect();
    base.pause(client.sid);
    base.send(client.sid, Buffer.alloc(5_000_000));
    assert.deepEqual(await events.next('drain'), [client.sid]);
  }),
);

for (const [how, again] of [
  ['', () => {}],
  [', and the app pauses it again in each listener', (base, sid) => base.pause(sid)],
]) {
  test(
    `a reset of a paused connection ends it, however much has come${how}`,
    limit,
    served({}, async ({ base, events, raw }) => {
      const client = await raw();
      const { sid } = client;
      base.on('binary', () => again(base, sid));
      base.pause(sid);
      // As Buffers they would take more than is kept of a connection.
      const count = 5_000;
      await client.write(Buffer.concat(Array(count).fill(encode({ opcode: BINARY, payload: '' }))));
      client.socket.resetAndDestroy();
      assert.deepEqual(await events.next('close'), ['', sid, 1006]);
      assert.ok(events.list('binary').length <= count);
    }),
  );
}
