'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { limit, served } = require('../support/server');
const { TEXT, encode } = require('../support/frames');

const text = (payload) => encode({ opcode: TEXT, payload });

/** A peer that says `a` and `b` at once, and is gone when `a` has been heard. */
async function leaving({ events, raw }) {
  const client = await raw();
  await client.write(Buffer.concat([text('a'), text('b')]));
  await events.next('message');
  client.socket.resetAndDestroy();
  return client;
}

/** What a listener may do for a peer that it believes to be there. */
const REPLIES = {
  send: (base, sid) => base.send(sid, 'reply'),
  'send to several': (base, sid) => base.send([sid, sid], 'reply'),
  ping: (base, sid) => base.ping(sid, 'p'),
};

// `a` pauses, so `b` is held; what is held when the connection ends is delivered then.
for (const [what, reply] of Object.entries(REPLIES)) {
  test(
    `${what} in the listener of an event that was held when its connection ended: no throw, then close`,
    limit,
    served({}, async (server) => {
      const { base, events } = server;
      let replied = 0;
      base.on('message', (message, sid) => {
        if (message === 'a') return base.pause(sid);
        reply(base, sid);
        replied++;
      });
      const { sid } = await leaving(server);
      assert.deepEqual((await events.next('close')).slice(1), [sid, 1006]);
      assert.equal(replied, 1);
      assert.deepEqual(events.all.map(({ name, args }) => [name, args[0]]).slice(0, 3), [
        ['open', sid],
        ['message', 'a'],
        ['message', 'b'],
      ]);
    }),
  );
}

/** How somebody gives a connection up. */
const ENDS = {
  'close(sid)': ({ base }, sid) => base.close(sid),
  'close()': ({ base }) => base.close(),
  'terminate(sid)': ({ base }, sid) => base.terminate(sid),
  eviction: ({ connect }) => connect(),
};

// `b`, delivered when the connection has ended, pauses again: that holds nothing back any more.
for (const [how, end] of Object.entries(ENDS)) {
  test(
    `a connection that is paused again once it has ended: close comes once, and ${how} changes nothing`,
    limit,
    served({ base: { maxConnections: 1 } }, async (server) => {
      const { base, events } = server;
      base.on('message', (_message, sid) => base.pause(sid));
      const { sid } = await leaving(server);
      assert.deepEqual((await events.next('close')).slice(1), [sid, 1006]);
      await end(server, sid); // of an eviction, the one that came in its place
      base.close(null);
      await events.atLeast('close', events.list('open').length);
      assert.equal(events.list('close').filter(([, closed]) => closed === sid).length, 1);
      assert.equal(base.stats().closing, 0);
    }),
  );
}
