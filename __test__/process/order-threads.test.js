'use strict';

// Before the first connection is assigned.
process.env.WEBSOCKETS_IO_THREADS = '3';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { Base } = require('../..');
const { tenThousandRounds } = require('../support/order');

test('the order holds with three I/O threads as well', async (t) => {
  await tenThousandRounds(t);
  assert.equal(new Base().stats().ioThreads, 3);
});
