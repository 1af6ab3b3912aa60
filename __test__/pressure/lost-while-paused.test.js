'use strict';

const assert = require('node:assert/strict');
const { once } = require('node:events');
const net = require('node:net');
const { test } = require('node:test');
const { Base } = require('../..');
const { limit, served } = require('../support/server');
const { CLOSE, TEXT, closePayload, encode } = require('../support/frames');
const { listen } = require('../support/streams');
const { whileOthersTalk } = require('../support/talk');

const SIZE = 1000;

/** Numbered messages of `SIZE` bytes. */
function numbered(from, to) {
  return Array.from({ length: to - from }, (_, i) =>
    encode({ opcode: TEXT, payload: String(from + i).padEnd(SIZE, '.') }),
  );
}

/** Which of them a `Base` heard of a connection, and what else it emitted of it. */
function life({ events }, sid) {
  const own = events.all.filter(({ name, args }) => args[name === 'open' ? 0 : 1] === sid);
  const heard = own.filter(({ name }) => name === 'message').map(({ args }) => Number.parseInt(args[0], 10));
  return { heard, names: own.map(({ name }) => name).filter((name) => name !== 'message'), last: own.at(-1) };
}

/** A paused peer that has said `count` messages, the first of which has been heard. */
async function paused(server, { count, rest = [], halfOpen = false }) {
  const { base, events, raw, connect } = server;
  const [client, other] = [await raw({ halfOpen }), await connect()];
  base.on('message', (text, sid) => {
    if (sid === client.sid && text.startsWith('0')) base.pause(sid);
  });
  await client.write(Buffer.concat([...numbered(0, count), ...rest]));
  await events.next('message');
  return { client, other, sid: client.sid };
}

const upTo = (count) => Array.from({ length: count }, (_, i) => i);

test(
  'a reset while paused: what came before it is heard, then close',
  limit,
  served({}, async (server) => {
    const { client, sid } = await paused(server, { count: 10 });
    client.socket.resetAndDestroy();
    assert.deepEqual(await server.events.next('close'), ['', sid, 1006]);
    const { heard, names } = life(server, sid);
    assert.deepEqual([heard, names], [upTo(10), ['open', 'close']]);
  }),
);

test(
  'the same of what came while it was paused, with the close frame that it ends with',
  limit,
  served({}, async (server) => {
    const { base, raw, connect, events } = server;
    const [client, other] = [await raw(), await connect()];
    base.pause(client.sid);
    await whileOthersTalk(server, other);
    await client.write(
      Buffer.concat([...numbered(0, 10), encode({ opcode: CLOSE, payload: closePayload(4000, 'bye') })]),
    );
    await whileOthersTalk(server, other);
    assert.deepEqual(life(server, client.sid).heard, []);
    client.socket.resetAndDestroy();
    assert.deepEqual(await events.next('close'), ['bye', client.sid, 4000]);
    assert.deepEqual(life(server, client.sid).heard, upTo(10));
  }),
);

// More than Node reads ahead: it reads no further, and hears of no reset.
test(
  'a reset is noticed while paused, though more has come than is read ahead',
  limit,
  served({}, async (server) => {
    const { base, raw, connect, events } = server;
    const [client, other] = [await raw(), await connect()];
    base.pause(client.sid);
    await whileOthersTalk(server, other);
    for (let i = 0; i < 100; i += 10) {
      await client.write(Buffer.concat(numbered(i, i + 10)));
      await whileOthersTalk(server, other);
    }
    client.socket.resetAndDestroy();
    assert.deepEqual(await events.next('close'), ['', client.sid, 1006]);
    assert.deepEqual(life(server, client.sid).heard, upTo(100));
  }),
);

test(
  'a FIN while paused waits for resume: what came before it is heard, then close',
  limit,
  served({}, async (server) => {
    const { base, events } = server;
    const { client, other, sid } = await paused(server, { count: 10 });
    await new Promise((resolve) => client.socket.end(resolve));
    await whileOthersTalk(server, other);
    assert.deepEqual(life(server, sid), {
      heard: [0],
      names: ['open'],
      last: { name: 'message', args: events.list('message')[0] },
    });
    assert.ok(base.sockets[sid]);
    base.resume(sid);
    assert.deepEqual(await events.next('close'), ['', sid, 1006]);
    const { heard, names } = life(server, sid);
    assert.deepEqual([heard, names], [upTo(10), ['open', 'close']]);
  }),
);

test(
  'a FIN while paused, and nothing else: the same',
  limit,
  served({}, async (server) => {
    const { base, raw, connect, events } = server;
    const [client, other] = [await raw(), await connect()];
    base.pause(client.sid);
    await whileOthersTalk(server, other);
    client.socket.end();
    await whileOthersTalk(server, other);
    base.pause(client.sid);
    assert.equal(events.list('close').length, 0);
    base.resume(client.sid);
    assert.equal(events.list('close').length, 0);
    assert.deepEqual(await events.next('close'), ['', client.sid, 1006]);
  }),
);

test(
  'a FIN right behind a pause, time and again, waits for resume',
  limit,
  served({}, async (server) => {
    const { base, raw, connect, events } = server;
    const other = await connect();
    for (let i = 0; i < 100; i++) {
      const client = await raw();
      // A message wakes who reads, so that the pause and the FIN find it awake.
      await client.text('wakes');
      await events.next('message');
      base.pause(client.sid);
      client.socket.end();
      await whileOthersTalk(server, other);
      assert.equal(events.list('close').length, i);
      base.resume(client.sid);
      assert.deepEqual(await events.next('close'), ['', client.sid, 1006]);
    }
  }),
);

test(
  'a peer that ended while paused can be sent to, and closed',
  limit,
  served({}, async (server) => {
    const { base, events } = server;
    const { client, other, sid } = await paused(server, { count: 2, halfOpen: true });
    await new Promise((resolve) => client.socket.end(resolve));
    await whileOthersTalk(server, other);
    base.send(sid, 'still');
    assert.equal(await client.said(), 'still');
    base.close(sid, 4001, 'enough');
    assert.deepEqual(await client.closeFrame(), { code: 4001, reason: 'enough' });
    assert.deepEqual(await events.next('close'), ['enough', sid, 4001]);
    assert.deepEqual(life(server, sid).heard, [0]);
  }),
);

test(
  'a write fails while paused: what came before is heard, then close',
  limit,
  served({}, async (server) => {
    const { base, events } = server;
    const { client, sid } = await paused(server, { count: 10 });
    client.socket.destroy();
    const speak = setInterval(() => base.send(sid, 'are you there?'), 1);
    assert.deepEqual(await events.next('close'), ['', sid, 1006]);
    clearInterval(speak);
    const { heard, names } = life(server, sid);
    assert.deepEqual([heard, names], [upTo(10), ['open', 'close']]);
  }),
);

test(
  'a closing handshake that is over while paused: what came before is heard, then close',
  limit,
  served({ base: { closeTimeout: 50 } }, async (server) => {
    const goodbye = encode({ opcode: CLOSE, payload: closePayload(4000, 'bye') });
    const { sid } = await paused(server, { count: 10, rest: [goodbye] });
    assert.deepEqual(await server.events.next('close'), ['bye', sid, 4000]);
    assert.deepEqual(life(server, sid).heard, upTo(10));
  }),
);

test(
  'what is no TLS comes while paused: what came before is heard, then close',
  limit,
  served({ transport: 'tls' }, async (server) => {
    const { client, sid } = await paused(server, { count: 10 });
    client.socket.wire.write('no TLS');
    assert.deepEqual(await server.events.next('close'), ['', sid, 1006]);
    assert.deepEqual(life(server, sid).heard, upTo(10));
  }),
);

test('the same of a socket that was connecting when it was assigned', limit, async (t) => {
  const peer = net.createServer().listen(0, '127.0.0.1');
  t.after(() => peer.close());
  await once(peer, 'listening');
  const base = new Base({ mask: true });
  const events = listen(base);
  base.once('message', (_text, sid) => base.pause(sid));
  // The second address gets a new handle.
  const lookup = (_host, _options, found) =>
    found(null, [
      { address: '::1', family: 6 },
      { address: '127.0.0.1', family: 4 },
    ]);
  const sid = base.assignSocket(net.connect({ port: peer.address().port, lookup, autoSelectFamily: true }));
  const [socket] = await once(peer, 'connection');
  socket.write(Buffer.concat(['0', '1', '2'].map((payload) => encode({ opcode: TEXT, payload, mask: false }))));
  await events.next('message');
  socket.resetAndDestroy();
  assert.deepEqual(await events.next('close'), ['', sid, 1006]);
  assert.deepEqual(life({ events }, sid).heard, upTo(3));
});

// An error that the app got elsewhere looks like the one that Node destroys a socket with.
const foreign = Object.assign(new Error('read ECONNRESET'), { errno: -104, code: 'ECONNRESET', syscall: 'read' });
for (const [what, args] of [
  ['destroy()', []],
  ['destroy(error)', [foreign]],
]) {
  test(
    `the app's own ${what} of the socket while paused drops what came before`,
    limit,
    served({}, async (server) => {
      const { sid } = await paused(server, { count: 10 });
      server.accepted.get(sid).destroy(...args);
      assert.equal(server.base.sockets[sid], undefined);
      assert.deepEqual(await server.events.next('close'), ['', sid, 1006]);
      assert.deepEqual(life(server, sid).heard, [0]);
    }),
  );
}
