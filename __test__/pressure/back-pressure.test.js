'use strict';

const assert = require('node:assert/strict');
const { once } = require('node:events');
const { test } = require('node:test');
const { Base } = require('../..');
const { limit, served } = require('../support/server');
const { CLOSE, PING, TEXT, closePayload, encode } = require('../support/frames');

// Over a Unix-domain socket the kernel holds some hundred KiB, so that what is queued is known;
// over TCP it may hold tens of MiB.
const local = { unix: true };
const MiB = 1 << 20;

/** A peer that reads nothing. */
const deaf = { paused: true };

/** What was sent has been written: over TLS that is known in a later turn of the event loop. */
async function written({ base, transport }, sid) {
  while (['tls', 'secure', 'secure-front'].includes(transport) && base.bufferedAmount(sid) > 0)
    await new Promise(setImmediate);
}

test(
  'bufferedAmount is what the kernel has not taken',
  limit,
  served(local, async (server) => {
    const { base, raw } = server;
    const client = await raw(deaf);
    await written(server, client.sid); // the answer to its upgrade request
    assert.equal(base.bufferedAmount(client.sid), 0);
    base.send(client.sid, Buffer.alloc(8 * MiB));
    const first = base.bufferedAmount(client.sid);
    assert.ok(first > 6 * MiB && first <= 8 * MiB + 10, `${first}`);
    assert.equal(base.sockets[client.sid].bufferedAmount, first);
    base.send(client.sid, Buffer.alloc(MiB));
    assert.ok(base.bufferedAmount(client.sid) > 7 * MiB);
    assert.ok(base.stats().queuedBytes >= base.bufferedAmount(client.sid));
    client.resume();
    await client.inbox.atLeast('frame', 2);
    await written(server, client.sid);
    assert.equal(base.bufferedAmount(client.sid), 0);
  }),
);

test(
  'bufferedAmount counts broadcasts',
  limit,
  served(local, async ({ base, raw }) => {
    const [one, two] = [await raw(deaf), await raw(deaf)];
    base.send(Buffer.alloc(4 * MiB));
    assert.ok(base.bufferedAmount(one.sid) > 2 * MiB);
    assert.ok(base.bufferedAmount(two.sid) > 2 * MiB);
  }),
);

test(
  'bufferedAmount of a sid that nobody has is 0',
  limit,
  served(local, async ({ base, events, connect }) => {
    assert.equal(base.bufferedAmount('nobody'), 0);
    const client = await connect();
    base.terminate(client.sid);
    await events.next('close');
    assert.equal(base.bufferedAmount(client.sid), 0);
  }),
);

test(
  'drain comes when the queue is empty again after more than 64 KiB',
  limit,
  served(local, async ({ base, events, raw }) => {
    const client = await raw(deaf);
    base.send(client.sid, Buffer.alloc(4 * MiB));
    const drained = once(base, 'drain').then(([sid]) => [sid, base.bufferedAmount(sid)]);
    assert.equal(events.list('drain').length, 0);
    client.resume();
    assert.deepEqual(await drained, [client.sid, 0]);
    await client.inbox.atLeast('frame', 1);
  }),
);

test(
  'a writer that waits for drain gets everything through',
  limit,
  served({ unix: true, base: { maxBufferedAmount: 256 * 1024 } }, async ({ base, raw, events }) => {
    const client = await raw();
    const chunk = Buffer.alloc(200 * 1024, 'c');
    for (let i = 0; i < 100; i++) {
      base.send(client.sid, chunk);
      while (base.bufferedAmount(client.sid) > 65536) await once(base, 'drain');
    }
    await client.inbox.atLeast('frame', 100);
    assert.ok(client.frames.every(({ payload }) => payload.equals(chunk)));
    assert.equal(events.list('error').length, 0);
  }),
);

test(
  'no drain comes of a queue that never was so long',
  limit,
  served(local, async ({ base, events, connect }) => {
    const client = await connect();
    for (let i = 0; i < 50; i++) base.send(client.sid, 'small');
    base.ping(client.sid, 'p');
    await events.next('pong');
    assert.equal(events.list('drain').length, 0);
  }),
);

for (const [how, send] of [
  ['a send', (base, sid, data) => base.send(sid, data)],
  ['a broadcast', (base, _sid, data) => base.send(data)],
]) {
  test(
    `a write is tried before ${how} is refused`,
    limit,
    served({ base: { maxBufferedAmount: 1024 } }, async (server) => {
      const { base, events, connect } = server;
      // More than the limit, and far less than the kernel takes.
      const talk = async (sid) => {
        for (let i = 0; i < 10; i++) {
          send(base, sid, 'x'.repeat(2000));
          await written(server, sid);
          send(base, sid, `${i}`);
          await written(server, sid);
        }
      };
      let greeting;
      base.on('open', (sid) => (greeting = talk(sid)));
      const refused = events.next('error').then(([{ message }]) => assert.fail(message));
      const client = await connect();
      await greeting;
      await talk(client.sid);
      await Promise.race([client.inbox.atLeast('message', 40), refused]);
    }),
  );

  test(
    `over TLS nothing is known of that write before the next turn: ${how} is refused`,
    limit,
    served(
      {
        transport: 'tls',
        base: { maxBufferedAmount: 1024 },
      },
      async (server) => {
        const { base, events, connect } = server;
        const client = await connect();
        await written(server, client.sid);
        send(base, client.sid, 'x'.repeat(2000));
        assert.equal(base.bufferedAmount(client.sid), 2004);
        send(base, client.sid, 'one too many');
        const [error] = await events.next('error');
        assert.deepEqual([error.code, error.sid], ['WS_ERR_BACKPRESSURE', client.sid]);
        assert.deepEqual(await events.next('close'), ['', client.sid, 1006]);
      },
    ),
  );
}

test(
  'one message is taken whatever its size, if the queue is below the limit',
  limit,
  served({ base: { maxBufferedAmount: 1024 } }, async ({ base, events, connect }) => {
    const client = await connect();
    for (let i = 0; i < 3; i++) {
      base.send(client.sid, Buffer.alloc(16 * MiB, i));
      const data = await client.message();
      assert.ok(data.equals(Buffer.alloc(16 * MiB, i)));
    }
    assert.equal(events.list('error').length, 0);
  }),
);

test(
  'a send that finds the limit reached is an error, and drops that connection alone',
  limit,
  served(
    {
      unix: true,
      base: { maxBufferedAmount: MiB },
    },
    async ({ base, events, raw, connect }) => {
      const client = await raw(deaf);
      const other = await connect();
      base.send(client.sid, Buffer.alloc(8 * MiB));
      assert.equal(base.connections, 2);
      assert.equal(events.list('error').length, 0);
      base.send(client.sid, 'one too many');
      const [error] = await events.next('error');
      assert.equal(error.code, 'WS_ERR_BACKPRESSURE');
      assert.equal(error.sid, client.sid);
      assert.deepEqual(await events.next('close'), ['', client.sid, 1006]);
      assert.deepEqual([...base.socketsHistory], [other.sid]);
      base.send('still here');
      assert.equal(await other.message(), 'still here');
      await other.send('you too?');
      assert.deepEqual(await events.next('message'), ['you too?', other.sid]);
    },
  ),
);

test(
  'broadcasts drop the peer that does not read, and reach the others',
  limit,
  served(
    {
      unix: true,
      base: { maxBufferedAmount: MiB },
    },
    async ({ base, events, raw, connectMany }) => {
      const clients = await connectMany(3);
      const client = await raw(deaf);
      let sent = 0;
      while (events.list('error').length === 0) {
        base.send(Buffer.alloc(256 * 1024, sent++));
        for (const other of clients) await other.message();
      }
      assert.ok(sent >= 4, `${sent} broadcasts of 256 KiB are not more than 1 MiB`);
      assert.ok(sent < 20, `${sent} broadcasts of 256 KiB were taken for a peer that reads nothing`);
      const [error] = await events.next('error');
      assert.deepEqual([error.code, error.sid], ['WS_ERR_BACKPRESSURE', client.sid]);
      assert.deepEqual(await events.next('close'), ['', client.sid, 1006]);
      assert.deepEqual(
        [...base.socketsHistory],
        clients.map(({ sid }) => sid),
      );
    },
  ),
);

test(
  'whoever is dropped for it, and whatever else goes on: error, then close',
  limit,
  served({ unix: true, base: { maxBufferedAmount: 65536, maxConnections: 20 } }, async ({ base, events, raw }) => {
    const chunk = Buffer.alloc(20_000);
    base.on('message', (_text, sid) => {
      for (let i = 0; i < 100 && base.sockets[sid]; i++) base.send(sid, chunk);
    });
    const text = encode({ opcode: TEXT, payload: 'x' });
    for (let round = 1; round <= 10; round++) {
      const clients = await Promise.all(Array.from({ length: 20 }, () => raw(deaf)));
      for (let i = 0; i < 100; i++) for (const client of clients) client.write(text).catch(() => {}); // it is dropped meanwhile
      await events.atLeast('close', 20 * round);
    }
    const closes = events.list('close');
    assert.ok(closes.every(([, , code]) => code === 1006));
    const told = new Set(
      events
        .list('error')
        .filter(([{ code }]) => code === 'WS_ERR_BACKPRESSURE')
        .map(([{ sid }]) => sid),
    );
    const untold = closes.filter(([, sid]) => !told.has(sid)).length;
    assert.equal(untold, 0, `${untold} of ${closes.length} were dropped without an error`);
    assert.equal(events.list('error').length, closes.length);
  }),
);

for (const [what, last] of [
  ['a close frame', { opcode: CLOSE, payload: closePayload(1000, 'bye') }],
  ['a violation', { opcode: 3 }],
]) {
  test(
    `who is dropped for it while ${what} of the peer's waits behind: error, then close with 1006`,
    limit,
    served({ unix: true, base: { maxBufferedAmount: MiB } }, async ({ base, events, raw }) => {
      const client = await raw(deaf);
      base.on('message', (_text, sid) => {
        base.send(sid, Buffer.alloc(8 * MiB));
        base.send(sid, 'one too many');
      });
      const text = (payload) => encode({ opcode: TEXT, payload });
      client.write(Buffer.concat([text('first'), text('second'), encode(last)])).catch(() => {}); // it is dropped meanwhile
      const [error] = await events.next('error');
      assert.deepEqual([error.code, error.sid, error.closeCode], ['WS_ERR_BACKPRESSURE', client.sid, 1006]);
      assert.deepEqual(await events.next('close'), ['', client.sid, 1006]);
      assert.deepEqual(
        events.list('message').map(([said]) => said),
        ['first', 'second'],
      );
      assert.equal(events.list('error').length, 1);
    }),
  );
}

test(
  'the pongs for a peer that does not read are bounded as well',
  limit,
  served({ unix: true, base: { maxBufferedAmount: 256 * 1024 } }, async ({ base, events, raw }) => {
    const client = await raw(deaf);
    let most = 0;
    base.on('ping', (_text, sid) => (most = Math.max(most, base.bufferedAmount(sid))));
    const pings = Buffer.concat(new Array(1000).fill(encode({ opcode: PING, payload: 'p'.repeat(125) })));
    for (let i = 0; i < 40 && events.list('close').length === 0; i++) await client.write(pings).catch(() => {});
    await events.until(() => events.list('ping').length === 40_000 || events.list('close').length > 0);
    assert.ok(most <= 256 * 1024 + 127, `${most} bytes of pongs`);
  }),
);

test(
  'a peer that does not read does not hold up its end',
  limit,
  served({ unix: true, base: { closeTimeout: 50 } }, async ({ base, events, raw }) => {
    const client = await raw(deaf);
    base.send(client.sid, Buffer.alloc(16 * MiB));
    base.close(client.sid, 'never heard');
    assert.deepEqual(await events.next('close'), ['never heard', client.sid, 1000]);
    assert.equal(base.stats().queuedBytes, 0);
  }),
);

test(
  'a loop of broadcasts cannot outrun the limit',
  limit,
  served({ unix: true, base: { maxBufferedAmount: 4 * MiB } }, async ({ base, events, raw }) => {
    const clients = [await raw(deaf), await raw(deaf)];
    const chunk = Buffer.alloc(MiB, 1);
    const before = process.memoryUsage.rss();
    for (let i = 0; i < 1000; i++) base.send(chunk); // 1 GiB in one turn of the loop
    assert.ok(process.memoryUsage.rss() - before < 256 * MiB);
    await events.atLeast('close', 2);
    const errors = events
      .list('error')
      .map(([{ code, sid }]) => [code, sid])
      .sort();
    assert.deepEqual(errors, clients.map(({ sid }) => ['WS_ERR_BACKPRESSURE', sid]).sort());
  }),
);

for (const sid of [null, undefined, [], ['sid']]) {
  test(`bufferedAmount(${JSON.stringify(sid)}) is a TypeError`, () => {
    const base = new Base();
    assert.throws(() => base.bufferedAmount(sid), {
      name: 'TypeError',
      code: 'ERR_INVALID_ARG_TYPE',
      message: /"sid"/,
    });
  });
}
