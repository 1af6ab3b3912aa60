'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { kInner } = require('../../lib/connection/connection.js');
const { limit, served } = require('../support/server');
const { BINARY, TEXT, encode } = require('../support/frames');
const { whileOthersTalk } = require('../support/talk');

/** `count` numbered messages in one write. */
function numbered(count, opcode = TEXT) {
  return Buffer.concat(Array.from({ length: count }, (_, i) => encode({ opcode, payload: String(i) })));
}

const COUNT = 5000;

for (const how of ['pause', 'an iterator that is not read']) {
  test(
    `${how}: what comes waits as bytes, but for the rest of one call; it all comes in order`,
    limit,
    served({}, async (server) => {
      const { base, events, raw, connect } = server;
      const [client, other] = [await raw(), await connect()];
      const { sid } = client;
      const connection = base.sockets[sid];
      let messages;
      if (how === 'pause') base.once('binary', () => base.pause(sid));
      else messages = base.messages({ sid, binary: true, highWaterMark: 1 });
      await client.write(numbered(COUNT, BINARY));
      await events.atLeast('binary', 1);
      await whileOthersTalk(server, other);
      const { held } = connection[kInner];
      assert.ok((held?.length ?? 0) < 64, `${held?.length} records are held in JavaScript`);
      if (how === 'pause') base.resume(sid);
      else await messages.return();
      const heard = await events.atLeast('binary', COUNT);
      assert.deepEqual(
        heard.map(([data]) => Number(data)),
        Array.from({ length: COUNT }, (_, i) => i),
      );
    }),
  );
}

test(
  'those that go on together have turns: none waits until another has been heard out',
  limit,
  served({}, async (server) => {
    const { base, events, raw, connect } = server;
    const clients = [await raw(), await raw()];
    const other = await connect();
    const paused = new Set();
    base.on('message', (_text, sid) => {
      if (sid !== other.sid && !paused.has(sid)) base.pause(sid);
      paused.add(sid);
    });
    for (const client of clients) await client.write(numbered(1000));
    await events.atLeast('message', 2);
    await whileOthersTalk(server, other);
    // Each takes a while, so that the slice is soon over.
    base.on('message', () => {
      const until = process.hrtime.bigint() + 50_000n;
      while (process.hrtime.bigint() < until);
    });
    base.resume(null);
    const order = () => events.list('message').flatMap(([, sid]) => (sid === other.sid ? [] : [sid]));
    await events.until(() => order().length === 2000);
    const [first, second] = clients.map(({ sid }) => [order().indexOf(sid, 2), order().lastIndexOf(sid)]);
    assert.ok(first[0] < second[1] && second[0] < first[1]);
    const [one] = clients;
    const heard = events.list('message').filter(([, sid]) => sid === one.sid);
    assert.deepEqual(
      heard.map(([text]) => Number(text)),
      Array.from({ length: 1000 }, (_, i) => i),
    );
  }),
);
