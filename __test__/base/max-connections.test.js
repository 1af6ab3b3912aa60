'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { limit, served } = require('../support/server');

const REASON = 'maxConnections reached.';

test(
  'ten by default; the eleventh ends the oldest, with 1013 and a reason',
  limit,
  served({}, async ({ base, events, connect, connectMany }) => {
    const clients = await connectMany(10);
    assert.equal(base.connections, 10);
    const eleventh = await connect();
    assert.equal(base.connections, 10);
    assert.deepEqual(
      [...base.socketsHistory],
      [...clients.slice(1), eleventh].map(({ sid }) => sid),
    );
    assert.deepEqual(await clients[0].closed(), { code: 1013, reason: REASON });
    assert.deepEqual(await events.next('close'), [REASON, clients[0].sid, 1013]);
    base.send('who is left');
    for (const client of [...clients.slice(1), eleventh]) assert.equal(await client.message(), 'who is left');
    assert.deepEqual(clients[0].messages, []);
  }),
);

test(
  'the oldest is gone before the new one is opened',
  limit,
  served({ base: { maxConnections: 2 } }, async ({ base, connectMany }) => {
    const most = [];
    base.on('open', () => most.push(base.connections));
    await connectMany(5);
    assert.deepEqual(most, [1, 2, 2, 2, 2]);
  }),
);

test(
  'one that left makes room',
  limit,
  served({ base: { maxConnections: 2 } }, async ({ base, events, connectMany, connect }) => {
    const [first, second] = await connectMany(2);
    second.ws.close(1000);
    await events.next('close');
    const third = await connect();
    assert.deepEqual([...base.socketsHistory], [first.sid, third.sid]);
  }),
);

test(
  'with 1 each new one takes the place of the last',
  limit,
  served({ base: { maxConnections: 1 } }, async ({ base, events, connectMany }) => {
    const clients = await connectMany(5);
    assert.deepEqual([...base.socketsHistory], [clients[4].sid]);
    await events.atLeast('close', 4);
    assert.deepEqual(
      events
        .list('close')
        .map(([, sid]) => sid)
        .sort(),
      clients
        .slice(0, 4)
        .map(({ sid }) => sid)
        .sort(),
    );
  }),
);

test(
  '200 at once: all are heard, all are reached',
  limit,
  served({ base: { maxConnections: 200 } }, async ({ base, events, connect }) => {
    const clients = await Promise.all(Array.from({ length: 200 }, () => connect()));
    assert.equal(base.connections, 200);
    assert.equal(base.socketsHistory.length, 200);
    base.on('message', (text, sid) => base.send(sid, `to ${sid}: ${text}`));
    await Promise.all(clients.map((client, i) => client.send(`I am ${i}`)));
    for (const [i, client] of clients.entries()) assert.equal(await client.message(), `to ${client.sid}: I am ${i}`);
    assert.equal(events.list('message').length, 200);

    base.send('to all');
    for (const client of clients) assert.equal(await client.message(), 'to all');
    base.close();
    for (const client of clients) assert.equal((await client.closed()).code, 1001);
    await events.atLeast('close', 200);
  }),
);

test(
  'Infinity is no limit',
  limit,
  served({ base: { maxConnections: Infinity } }, async ({ base, connectMany }) => {
    await connectMany(30);
    assert.equal(base.connections, 30);
  }),
);

for (const [maxConnections, cap] of [
  [1, 16],
  [20, 20],
]) {
  test(
    `of ${maxConnections} allowed, ${cap} may be closing: past that the oldest is destroyed`,
    limit,
    served(
      {
        base: { maxConnections, closeTimeout: 20_000 },
      },
      async ({ base, events, raw }) => {
        const clients = [];
        while (clients.length < maxConnections + cap + 7) clients.push(await raw()); // none of them answers a close
        assert.equal(base.connections, maxConnections);
        const closes = await events.atLeast('close', 7);
        assert.deepEqual(
          [...closes].sort(),
          clients
            .slice(0, 7)
            .map(({ sid }) => [REASON, sid, 1013])
            .sort(),
        );
        for (const client of clients.slice(0, 7)) await client.ended();
        assert.equal(base.stats().closing, cap);

        // The next one still waits for its peer.
        const waiting = clients[7];
        assert.deepEqual(await waiting.closeFrame(), { code: 1013, reason: REASON });
        await waiting.close(1000, 'goes in peace');
        assert.deepEqual((await events.atLeast('close', 8))[7], ['goes in peace', waiting.sid, 1000]);
      },
    ),
  );
}
