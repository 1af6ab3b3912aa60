'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { limit, served } = require('../support/server');
const { CLOSE, closePayload } = require('../support/frames');

const VALID = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999];
const INVALID = [0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535];

test(
  'each valid code can be given',
  limit,
  served({ base: { maxConnections: VALID.length } }, async ({ base, events, raw }) => {
    for (const code of VALID) {
      const client = await raw();
      base.close(client.sid, code, `because ${code}`);
      assert.deepEqual(await client.closeFrame(), { code, reason: `because ${code}` });
      await client.close(code, 'understood');
      assert.deepEqual(await events.next('close'), ['understood', client.sid, code]);
    }
  }),
);

test(
  'each other code throws, and nothing is closed',
  limit,
  served({}, async ({ base, events, connect }) => {
    const client = await connect();
    for (const code of [...INVALID, -1, 65536 + 1000, 1000.5, NaN, Infinity]) {
      assert.throws(
        () => base.close(client.sid, code, 'x'),
        (error) => error instanceof RangeError || error instanceof TypeError,
      );
      assert.throws(
        () => base.close(null, code, 'x'),
        (error) => error instanceof RangeError || error instanceof TypeError,
      );
    }
    for (const code of ['1000', {}, true, undefined]) {
      assert.throws(() => base.close(client.sid, code, 'x'), TypeError);
    }
    assert.equal(base.connections, 1);
    base.send('open');
    assert.equal(await client.message(), 'open');
    assert.equal(events.list('close').length, 0);
  }),
);

test(
  'each valid code of the peer is taken, and given back',
  limit,
  served({ base: { maxConnections: 20 } }, async ({ events, raw }) => {
    for (const code of VALID) {
      const client = await raw();
      await client.close(code, `since ${code}`);
      assert.deepEqual(await events.next('close'), [`since ${code}`, client.sid, code]);
      assert.equal((await client.closeFrame()).code, code);
      await client.ended();
    }
  }),
);

test(
  'each invalid code of the peer is a protocol error',
  limit,
  served({ base: { maxConnections: 20, closeTimeout: 50 } }, async ({ events, raw }) => {
    for (const code of INVALID) {
      const client = await raw();
      await client.close(code);
      const [error] = await events.next('error');
      assert.equal(error.code, 'WS_ERR_INVALID_CLOSE_CODE', `${code}`);
      assert.equal(error.closeCode, 1002);
      assert.equal(error.sid, client.sid);
      assert.equal((await client.closeFrame()).code, 1002);
      await client.ended();
    }
  }),
);

test(
  'half a close code is a protocol error',
  limit,
  served({ base: { closeTimeout: 50 } }, async ({ events, raw }) => {
    const client = await raw();
    await client.send({ opcode: CLOSE, payload: Buffer.from([3]) });
    const [error] = await events.next('error');
    assert.equal(error.closeCode, 1002);
    assert.equal((await client.closeFrame()).code, 1002);
  }),
);

test(
  'a reason of the peer that is not UTF-8 is a protocol error',
  limit,
  served({ base: { closeTimeout: 50 } }, async ({ events, raw }) => {
    const client = await raw();
    await client.send({ opcode: CLOSE, payload: closePayload(1000, Buffer.from([0xff])) });
    const [error] = await events.next('error');
    assert.equal(error.code, 'WS_ERR_INVALID_UTF8');
    assert.equal((await client.closeFrame()).code, 1007);
  }),
);
