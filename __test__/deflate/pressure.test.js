'use strict';

const assert = require('node:assert/strict');
const crypto = require('node:crypto');
const { test } = require('node:test');
const { run } = require('../support/child');
const { collect } = require('../support/collect');
const { RawClient } = require('../support/raw-client');
const { DRIVEN_BY, limit, served } = require('../support/server');
const { Deflater, Inflater, NAME, RSV1 } = require('../support/deflate');
const { BINARY, CLOSE, encode } = require('../support/frames');

const MiB = 1 << 20;
// Over a Unix-domain socket the kernel holds some hundred KiB; see pressure/back-pressure.test.js.
const local = { unix: true, agreed: NAME };
const deaf = { paused: true };

test(
  'a peer that does not read is dropped at maxBufferedAmount, compressed or not',
  limit,
  served({ ...local, base: { maxBufferedAmount: 2 * MiB } }, async ({ base, events, raw }) => {
    const [client, other] = [await raw(deaf), await raw()];
    let sent = 0;
    // Random bytes do not shrink.
    while (events.list('error').length === 0) {
      base.send(client.sid, crypto.randomBytes(256 * 1024));
      assert.ok(++sent < 100, 'it was never dropped');
      await new Promise((resolve) => setImmediate(resolve));
    }
    assert.ok(sent >= 8, `${sent} messages fit`);
    const [error] = await events.next('error');
    assert.deepEqual([error.code, error.sid], ['WS_ERR_BACKPRESSURE', client.sid]);
    assert.deepEqual(await events.next('close'), ['', client.sid, 1006]);
    base.send(other.sid, 'x'.repeat(2000));
    assert.equal(new Inflater().message(await other.frame()), 'x'.repeat(2000));
  }),
);

test(
  'what is queued counts as it is sent, compressed',
  limit,
  served({ ...local, base: { maxBufferedAmount: MiB } }, async ({ base, events, raw }) => {
    const client = await raw(deaf);
    // 20 MiB that are 20 KiB.
    for (let i = 0; i < 80; i++) base.send(client.sid, Buffer.alloc(256 * 1024));
    client.resume();
    await client.inbox.atLeast('frame', 80);
    const inflater = new Inflater();
    for (const frame of client.frames) assert.equal(inflater.message(frame).length, 256 * 1024);
    assert.equal(events.list('error').length, 0);
  }),
);

test(
  'bufferedAmount counts what is still to be compressed, and drain follows',
  limit,
  served(local, async ({ base, events, raw }) => {
    const client = await raw(deaf);
    base.send(client.sid, crypto.randomBytes(4 * MiB));
    assert.ok(base.bufferedAmount(client.sid) > 2 * MiB);
    client.resume();
    await client.inbox.atLeast('frame', 1);
    assert.deepEqual(await events.next('drain'), [client.sid]);
    assert.equal(base.bufferedAmount(client.sid), 0);
  }),
);

for (const [of, whose] of [
  ['a peer that it is for', 0],
  ['another', 1],
]) {
  test(
    `an amount to be compressed that is waited for drains, though it comes to little: ${of}`,
    limit,
    served(local, async ({ base, events, raw }) => {
      const clients = [await raw(), await raw()];
      const { sid } = clients[whose];
      base.send(clients[0].sid, Buffer.alloc(200 * 1024));
      const waits = base.bufferedAmount(sid) > 64 * 1024;
      // Streams compress at once, and it waits nowhere. Another may be on another thread.
      if (whose === 0) assert.equal(waits, DRIVEN_BY === 'socket');
      if (waits) assert.deepEqual(await events.next('drain'), [sid]);
      assert.equal(new Inflater().message(await clients[0].frame()).length, 200 * 1024);
    }),
  );
}

test(
  'a message to all that waits for many peers is in memory once, where none takes over a context',
  limit,
  served(
    { ...local, transport: 'socket', agreed: `${NAME}; server_no_context_takeover`, base: { maxConnections: 50 } },
    async ({ base, raw }, t) => {
      const clients = [];
      while (clients.length < 40) clients.push(await raw(deaf));
      base.send(crypto.randomBytes(4 * MiB));
      // Behind it in the order of the shard, so that it has been queued for all once this is answered.
      const last = await raw();
      base.ping(last.sid, 'p');
      await last.frame();
      assert.ok(base.stats().queuedBytes > 100 * MiB);
      const before = process.memoryUsage.rss();
      base.send(crypto.randomBytes(4 * MiB));
      base.ping(last.sid, 'p');
      await last.inbox.atLeast('frame', 3); // that message is among them
      const grown = process.memoryUsage.rss() - before;
      t.diagnostic(`${(grown / MiB).toFixed(1)} MiB for 4 MiB to 41`);
      assert.ok(grown < 60 * MiB, `${grown}`);
    },
  ),
);

// It takes longer than a thread may be behind: most of it is sent as it is.
test(
  'a message to all that there is no time to compress is in memory once',
  limit,
  served({ ...local, transport: 'socket', base: { maxConnections: 50 } }, async ({ base, raw }, t) => {
    const clients = [];
    while (clients.length < 40) clients.push(await raw(deaf));
    const last = await raw();
    const message = crypto.randomBytes(8 * MiB);
    const before = process.memoryUsage.rss();
    base.send(message);
    // Behind it in the order of the shard, so that it has been queued for all once this is answered.
    base.ping(last.sid, 'p');
    await last.inbox.atLeast('frame', 2);
    assert.ok(base.stats().queuedBytes > 300 * MiB);
    const grown = process.memoryUsage.rss() - before;
    t.diagnostic(`${(grown / MiB).toFixed(1)} MiB for 8 MiB to 41`);
    assert.ok(grown < 160 * MiB, `${grown}`);
  }),
);

test(
  'a paused peer is heard after the pause, message by message',
  limit,
  served({ agreed: NAME }, async ({ base, events, raw }) => {
    const client = await raw();
    const deflater = new Deflater();
    base.pause(client.sid);
    const texts = Array.from({ length: 50 }, (_, i) => `${i} words `.repeat(300));
    await client.write(Buffer.concat(texts.map((text) => deflater.frame(text))));
    base.send(client.sid, 'x'.repeat(2000));
    await client.frame(); // the server has had its turn
    assert.equal(events.list('message').length, 0);
    base.resume(client.sid);
    assert.deepEqual(
      (await events.atLeast('message', 50)).map(([text]) => text),
      texts,
    );
  }),
);

test(
  'paused within a listener, the rest of the same read waits',
  limit,
  served({ agreed: NAME }, async ({ base, events, raw }) => {
    const client = await raw();
    const deflater = new Deflater();
    base.once('message', (_text, sid) => {
      base.pause(sid);
      setTimeout(() => {
        assert.equal(events.list('message').length, 1);
        base.resume(sid);
      }, 20);
    });
    await client.write(Buffer.concat([1, 2, 3].map((n) => deflater.frame(`${n}`.repeat(2000)))));
    assert.deepEqual(
      (await events.atLeast('message', 3)).map(([text]) => text[0]),
      ['1', '2', '3'],
    );
  }),
);

for (const [how, larger] of [
  ['to one', 500_000],
  ['to all', 500_000],
  ['in pieces', 10_000],
]) {
  for (const size of [1_000, larger]) {
    test(
      `compressed messages ${how}, ${size} bytes in all, then process.exit(): all of it arrives`,
      limit,
      async (t) => {
        const child = run(t, 'send-and-exit.js', [how, size, `${NAME}; server_max_window_bits=12`, DRIVEN_BY]);
        const [, port] = await child.says();
        const client = new RawClient({ port, host: '127.0.0.1' });
        t.after(() => client.destroy());
        await client.inbox.next('head');
        await client.text('in the listener');
        await client.ended();
        const inflater = new Inflater();
        const messages = client.frames.filter(({ opcode }) => opcode !== CLOSE);
        assert.ok(messages.every(({ rsv }) => rsv === RSV1));
        assert.ok(
          messages.map((frame) => inflater.message(frame)).join('') === 'x'.repeat(size),
          `${messages.length} messages`,
        );
        assert.deepEqual(await child.exited, { code: 7, signal: null });
        assert.equal(client.frames.at(-1).opcode, CLOSE);
      },
    );
  }
}

/** Opens `count` connections that have windows, and ends them within a message, each in the next way. */
async function live({ base, events, raw, clients, accepted }, count) {
  const ends = [
    (client) => base.close(client.sid),
    (client) => base.terminate(client.sid),
    (client) => client.close(1000),
    (client) => client.socket.end(),
    (client) => client.socket.resetAndDestroy(),
    (client) => client.write(encode({ opcode: BINARY, rsv: RSV1, payload: 'within a message' })),
  ];
  // Each of them begins with the same bytes, compressed once: it is the other end that is measured.
  const deflater = new Deflater();
  const whole = deflater.frame(crypto.randomBytes(64 * 1024));
  const payload = deflater.compress(crypto.randomBytes(200_000));
  const begun = encode({ opcode: BINARY, rsv: RSV1, fin: false, payload });
  const answer = crypto.randomBytes(64 * 1024);
  for (let i = 0; i < count; i++) {
    const client = await raw();
    await client.write(whole);
    await events.next('binary');
    base.send(client.sid, answer);
    await client.frame();
    await client.write(begun);
    await ends[i % ends.length](client);
    await events.next('close');
    client.destroy();
    // With what it heard: what the test itself holds would be found in what the process does.
    clients.length = 0;
    accepted.clear();
  }
}

test(
  'connections that end within a compressed message leave nothing behind',
  { timeout: 120_000 },
  served({ agreed: NAME, base: { closeTimeout: 20 } }, async (server, t) => {
    const { base, events } = server;
    base.removeListener('binary', base.listeners('binary')[0]);
    base.on('binary', (_data, sid) => events.put('binary', [null, sid])); // without keeping what it hears
    const resident = async (count) => {
      await live(server, count);
      collect();
      await new Promise((resolve) => setTimeout(resolve, 50));
      collect();
      return process.memoryUsage.rss();
    };
    const before = await resident(180);
    const after = await resident(540);
    // Windows are 36 KiB, the message under way is 200 KiB: 540 of the first are 19 MiB, of the second 105 MiB.
    t.diagnostic(`${((after - before) / MiB).toFixed(1)} MiB more after 540 connections`);
    assert.ok(after - before < 16 * MiB, `${after - before}`);
  }),
);
