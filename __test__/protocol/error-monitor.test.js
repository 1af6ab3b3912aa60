'use strict';

const assert = require('node:assert/strict');
const { errorMonitor } = require('node:events');
const { test } = require('node:test');
const { limit, served } = require('../support/server');

test(
  "a peer's error is heard by a monitor, and not thrown where there is nobody else",
  limit,
  served(
    {
      hearErrors: false,
    },
    async ({ base, events, raw }) => {
      const heard = [];
      base.on(errorMonitor, (error) => heard.push(error));
      const client = await raw();
      await client.send({ opcode: 3 });
      assert.deepEqual((await events.next('close')).slice(1), [client.sid, 1002]);
      assert.equal(heard.length, 1);
      assert.ok(heard[0] instanceof Error);
      assert.deepEqual([heard[0].sid, heard[0].closeCode], [client.sid, 1002]);
      assert.equal(base.stats().errors, 1);
    },
  ),
);
