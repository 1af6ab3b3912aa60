'use strict';

// How many messages a peer may send: maxMessages.

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { Base } = require('../..');
const { NAME } = require('../support/deflate');
const { limit, served } = require('../support/server');
const { BINARY, CLOSE, PING, PONG, TEXT, encode } = require('../support/frames');

const CODE = 'WS_ERR_TOO_MANY_MESSAGES';

/** Frames of messages, numbered from 1, as the other end of a `Base` with this `mask` sends them. */
const numbered = (count, mask = false) =>
  Buffer.concat(Array.from({ length: count }, (_, i) => encode({ opcode: TEXT, payload: `${i + 1}`, mask: !mask })));

/** The next error and the next close are these, of this client. */
async function assertEnded({ events }, { sid }) {
  const [error] = await events.next('error');
  assert.deepEqual([error.code, error.closeCode, error.sid], [CODE, 1008, sid]);
  assert.match(error.message, /too many messages; at most \d+ are allowed per second/);
  assert.deepEqual((await events.next('close')).slice(1, 3), [sid, 1008]);
}

/** The texts that came, in order. */
const texts = (events) => events.list('message').map(([text]) => text);

/** Holds back who sends more than one a second after these. */
const pausing = (burst) => ({ perSecond: 1, burst, action: 'pause' });

for (const [role, mask] of [
  ['a server', false],
  ['a client', true],
]) {
  test(
    `ten times maxMessages are heard at once by ${role}; one more is error and 1008`,
    limit,
    served({ base: { mask, maxMessages: 3, closeTimeout: 50 } }, async (server) => {
      const client = await server.raw();
      await client.write(numbered(31, mask));
      await assertEnded(server, client);
      assert.equal(texts(server.events).length, 30);
    }),
  );

  test(
    `with action 'pause' all are heard by ${role}, in order, as time goes by`,
    limit,
    served({ base: { mask, maxMessages: { perSecond: 20, burst: 5, action: 'pause' } } }, async (server) => {
      const { events, raw } = server;
      const client = await raw();
      const from = performance.now();
      await client.write(numbered(15, mask));
      await client.write(encode({ opcode: CLOSE, payload: Buffer.from([3, 232]), mask: !mask }));
      await events.next('close');
      // Each of the ten later ones waits for its twentieth of a second: none can come before that.
      assert.ok(performance.now() - from > 490, `${performance.now() - from} ms`);
      const expected = Array.from({ length: 15 }, (_, i) => `${i + 1}`);
      assert.deepEqual(texts(events), expected);
      assert.equal(events.list('error').length, 0);
    }),
  );
}

test(
  'a fragmented message is one, and control frames are none',
  limit,
  served({ base: { maxMessages: { perSecond: 1, burst: 2 }, closeTimeout: 50 } }, async (server) => {
    const client = await server.raw();
    const fragments = Array.from({ length: 20 }, (_, i) =>
      encode({ opcode: i === 0 ? BINARY : 0, payload: 'f', fin: i === 19 }),
    );
    const pings = Array.from({ length: 20 }, () => encode({ opcode: PING, payload: 'p' }));
    await client.write(Buffer.concat([...fragments, ...pings, encode({ opcode: PONG }), ...fragments]));
    await server.events.atLeast('binary', 2);
    await server.events.atLeast('ping', 20);
    assert.equal(server.events.list('error').length, 0);
    // One may have come meanwhile. All at once: the server ends the connection at the first that is too many.
    await client.write(Buffer.concat([numbered(1), numbered(1), numbered(10)]));
    await assertEnded(server, client);
  }),
);

test(
  'a message too many is not inflated',
  limit,
  served({ agreed: NAME, base: { maxMessages: { perSecond: 1, burst: 1 }, closeTimeout: 50 } }, async (server) => {
    const client = await server.raw();
    const broken = encode({ opcode: TEXT, payload: Buffer.alloc(50, 0xff), rsv: 4 });
    await client.write(Buffer.concat([numbered(1), broken]));
    await assertEnded(server, client);
  }),
);

for (const [what, options] of [
  ['with permessage-deflate', { agreed: NAME }],
  ['behind an extension', { assign: { extensions: ['x-none'] }, Class: extended() }],
]) {
  for (const action of ['close', 'pause']) {
    test(
      `action '${action}' holds ${what}`,
      limit,
      served(
        { ...options, base: { maxMessages: { perSecond: 10, burst: 3, action }, closeTimeout: 50 } },
        async (server) => {
          const client = await server.raw();
          await client.write(numbered(6));
          if (action === 'close') {
            await assertEnded(server, client);
            assert.ok(texts(server.events).length < 6);
          } else {
            await server.events.atLeast('message', 6);
            assert.deepEqual(texts(server.events), ['1', '2', '3', '4', '5', '6']);
          }
        },
      ),
    );
  }
}

test(
  'who is held back is no reason for others to wait',
  limit,
  served({ base: { maxMessages: pausing(2) } }, async ({ base, events, raw }) => {
    const [hasty, other] = [await raw(), await raw()];
    await hasty.write(numbered(1000));
    await events.atLeast('message', 2);
    await other.text('of the other');
    await events.until(() => texts(events).includes('of the other'));
    const count = texts(events).length;
    assert.ok(count < 900, `${count} of 1000 in a moment`);
    base.terminate(null);
  }),
);

test(
  'a close of ours is not held back, and what waits is not heard',
  limit,
  served({ base: { maxMessages: pausing(1) } }, async ({ base, events, raw }) => {
    const client = await raw();
    await client.write(numbered(1000));
    await events.next('message');
    base.close(client.sid, 'bye');
    assert.deepEqual(await client.closeFrame(), { code: 1000, reason: 'bye' });
    await client.close(1000, 'bye');
    const [reason, , code] = await events.next('close');
    assert.deepEqual([reason, code], ['bye', 1000]);
    assert.ok(texts(events).length < 900);
  }),
);

test(
  'the silence of a peer that is held back is not idle',
  limit,
  served(
    { base: { maxMessages: { perSecond: 2, burst: 1, action: 'pause' }, timeout: 200 } },
    async ({ events, raw }) => {
      const client = await raw();
      await client.write(numbered(4));
      // Half a second lies between two of them.
      const [reason, , code] = await events.next('close');
      assert.deepEqual([reason, code], ['timeout', 1001]);
      assert.deepEqual(texts(events), ['1', '2', '3', '4']);
      client.destroy();
    },
  ),
);

test(
  "the app's pause and resume change nothing of it",
  limit,
  served({ base: { maxMessages: { perSecond: 10, burst: 1, action: 'pause' } } }, async ({ base, events, raw }) => {
    const client = await raw();
    await client.write(numbered(8));
    for (let seen = 1; seen <= 8; seen++) {
      await events.atLeast('message', seen);
      base.pause(client.sid);
      await new Promise(setImmediate);
      base.resume(client.sid);
    }
    assert.deepEqual(texts(events), ['1', '2', '3', '4', '5', '6', '7', '8']);
  }),
);

test(
  'a peer that is gone while it is held back is over',
  limit,
  served({ base: { maxMessages: pausing(1) } }, async ({ events, raw }) => {
    const client = await raw();
    await client.write(numbered(2));
    await events.next('message');
    client.destroy();
    assert.equal((await events.next('close'))[2], 1006);
  }),
);

test(
  'Infinity is no limit, and the default',
  limit,
  served({}, async ({ events, raw }) => {
    const client = await raw();
    await client.write(numbered(50_000));
    await events.atLeast('message', 50_000);
    assert.equal(events.list('error').length, 0);
  }),
);

test('what is wrong is named', () => {
  const [TYPE, RANGE] = ['ERR_INVALID_ARG_TYPE', 'ERR_OUT_OF_RANGE'];
  for (const [value, name, code] of [
    ['10', 'maxMessages', TYPE],
    [null, 'maxMessages', TYPE],
    [[10], 'maxMessages', TYPE],
    [0, 'maxMessages', RANGE],
    [1.5, 'maxMessages', RANGE],
    [1_000_001, 'maxMessages', RANGE],
    [{}, 'maxMessages.perSecond', TYPE],
    [{ perSecond: 0 }, 'maxMessages.perSecond', RANGE],
    [{ perSecond: 1, burst: 0 }, 'maxMessages.burst', RANGE],
    [{ perSecond: 1, burst: Infinity }, 'maxMessages.burst', RANGE],
    [{ perSecond: 1, burst: null }, 'maxMessages.burst', TYPE],
    [{ perSecond: 1, action: 'drop' }, 'maxMessages.action', TYPE],
  ]) {
    assert.throws(() => new Base({ maxMessages: value }), {
      code,
      message: new RegExp(`^The "${name}" option must be`),
    });
  }
  for (const value of [1, 1_000_000, Infinity, { perSecond: Infinity }, { perSecond: 5, burst: 1, action: 'pause' }]) {
    assert.ok(new Base({ maxMessages: value }));
  }
});

/** @returns {Function} a Base with an extension that changes nothing, and answers later */
function extended() {
  return class extends Base {
    constructor(options) {
      super(options);
      this.extensions = { 'x-none': { read: (next) => setImmediate(next), write: (next) => next() } };
    }
  };
}
