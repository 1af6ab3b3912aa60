'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { limit, served } = require('../support/server');
const { PING, PONG, encode } = require('../support/frames');

const CODE = 'WS_ERR_TOO_MANY_CONTROL_FRAMES';
/** Ten seconds' worth of it may come at once. */
const AT_ONCE = 10;

/** @returns {Buffer} so many control frames */
const many = (opcode, count) => Buffer.concat(new Array(count).fill(encode({ opcode, payload: 'p' })));

/** The next error and the next close are these, of this client. */
async function assertEnded({ events }, { sid }) {
  const [error] = await events.next('error');
  assert.deepEqual([error.code, error.closeCode, error.sid], [CODE, 1008, sid]);
  assert.match(error.message, /at most \d+ are allowed per second/);
  assert.deepEqual((await events.next('close')).slice(1), [sid, 1008]);
}

for (const [name, opcode] of [
  ['ping', PING],
  ['pong', PONG],
]) {
  test(
    `ten times maxControlFrames ${name}s are heard at once; more is error and 1008`,
    limit,
    served({ base: { maxControlFrames: 20, closeTimeout: 50 } }, async (server) => {
      const client = await server.raw();
      await client.write(many(opcode, 20 * AT_ONCE));
      await server.events.atLeast(name, 20 * AT_ONCE);
      assert.equal(server.events.list('error').length, 0);
      await client.write(many(opcode, 20 * AT_ONCE)); // it takes ten seconds until there is room for all of them
      await assertEnded(server, client);
      await client.ended(); // there was room for some more by then: their pongs may be on the way still
      const answers = client.frames.filter((frame) => frame.opcode === PONG).length;
      if (opcode === PING) assert.equal(answers, server.events.list('ping').length);
      else assert.equal(answers, 0);
    }),
  );
}

test(
  'the default lets 100,000 through at once, and a flood is ended',
  limit,
  served({ base: { closeTimeout: 50 } }, async (server) => {
    const client = await server.raw();
    client.write(many(PING, 100_000));
    await server.events.atLeast('ping', 100_000);
    assert.equal(server.events.list('error').length, 0);
    client.write(many(PING, 1_000_000)).catch(() => {}); // it is closed meanwhile
    await assertEnded(server, client);
  }),
);

test(
  'Infinity is no limit',
  limit,
  served({ base: { maxControlFrames: Infinity } }, async ({ base, events, raw }) => {
    base.removeAllListeners('ping'); // or the inbox would keep them all
    let pings = 0;
    const all = new Promise((resolve) => base.on('ping', () => ++pings === 300_000 && resolve()));
    const client = await raw();
    client.write(many(PING, 300_000));
    await all;
    assert.equal(events.list('error').length, 0);
  }),
);

test(
  "the pongs to the app's own pings do not count, whomever it pings",
  limit,
  served({ base: { maxControlFrames: 1, maxConnections: 20 } }, async ({ base, events, connectMany }) => {
    const clients = await connectMany(8, { maxPendingAutoPongs: 0 }); // `ws` gives up at 60 by itself
    const sids = clients.map(({ sid }) => sid);
    for (let i = 0; i < 500; i++) {
      base.ping(sids[0], `one ${i}`);
      base.ping(sids, `some ${i}`);
      base.ping(`all ${i}`);
    }
    await events.atLeast('pong', 500 + 500 * 8 + 500 * 8);
    assert.equal(base.connections, 8);
    assert.equal(events.list('error').length, 0);
  }),
);

test(
  'and they may come late, after pongs that nobody asked for',
  limit,
  served({ base: { maxControlFrames: 1, closeTimeout: 50 } }, async (server) => {
    const { base, events, raw } = server;
    const client = await raw();
    for (let i = 0; i < 200; i++) base.ping(client.sid, `${i}`);
    await client.write(many(PONG, 200 + AT_ONCE));
    await events.atLeast('pong', 200 + AT_ONCE);
    await client.write(many(PONG, AT_ONCE));
    await assertEnded(server, client);
  }),
);

test(
  'nor do the pongs to the pings of pingInterval',
  limit,
  // Long enough for an answer where others use the processor, too; that many pings take eight seconds, for which eight more
  // pongs are allowed.
  served({ base: { maxControlFrames: 1, pingInterval: 400 } }, async ({ base, events, raw }) => {
    const client = await raw();
    for (let i = 0; i < 2 * AT_ONCE; i++) {
      const { opcode, payload } = await client.frame();
      assert.equal(opcode, PING);
      await client.send({ opcode: PONG, payload });
    }
    await client.text('still there');
    await events.next('message');
    assert.equal(base.connections, 1);
  }),
);

test(
  'what comes while we close does not count, as it is not answered',
  limit,
  served({ base: { maxControlFrames: 1 } }, async ({ base, events, raw }) => {
    const client = await raw();
    base.close(client.sid, 'bye');
    assert.deepEqual(await client.closeFrame(), { code: 1000, reason: 'bye' });
    await client.write(many(PING, 1000));
    await client.close(1000, 'bye');
    assert.deepEqual(await events.next('close'), ['bye', client.sid, 1000]);
    assert.equal(events.list('error').length, 0);
  }),
);

test(
  "a flood is nobody else's end",
  limit,
  served({ base: { maxControlFrames: 1, closeTimeout: 50 } }, async (server) => {
    const [bad, good] = [await server.raw(), await server.raw()];
    await good.write(many(PING, AT_ONCE));
    bad.write(many(PING, 1000)).catch(() => {});
    await assertEnded(server, bad);
    await good.text('still there');
    assert.deepEqual(await server.events.next('message'), ['still there', good.sid]);
  }),
);

test(
  'messages do not count',
  limit,
  served({ base: { maxControlFrames: 1 } }, async ({ events, raw }) => {
    const client = await raw();
    await client.write(Buffer.concat(new Array(5000).fill(encode({ opcode: 1, payload: 'm' }))));
    await events.atLeast('message', 5000);
    assert.equal(events.list('error').length, 0);
  }),
);

for (const [what, options] of [
  ['with permessage-deflate', { agreed: 'permessage-deflate' }],
  ['behind an extension', { assign: { extensions: ['x-none'] }, Class: extended() }],
]) {
  test(
    `the limit holds ${what}, and pongs to our pings do not count`,
    limit,
    served({ ...options, base: { maxControlFrames: 1, closeTimeout: 50 } }, async (server) => {
      const client = await server.raw();
      for (let i = 0; i < 100; i++) server.base.ping(client.sid, `${i}`);
      await client.write(many(PONG, 100));
      await server.events.atLeast('pong', 100);
      await client.write(many(PING, 2 * AT_ONCE));
      await assertEnded(server, client);
    }),
  );
}

/** @returns {Function} a Base with an extension that changes nothing, and answers later */
function extended() {
  const { Base } = require('../..');
  return class extends Base {
    constructor(options) {
      super(options);
      this.extensions = { 'x-none': { read: (next) => setImmediate(next), write: (next) => next() } };
    }
  };
}
