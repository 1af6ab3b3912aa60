'use strict';

const assert = require('node:assert/strict');
const { once } = require('node:events');
const { test } = require('node:test');
const { take } = require('../../examples/documents/blocks');
const { clients, run } = require('../../examples/documents/run');
const { useBroker } = require('./broker');

const broker = useBroker('redis');

test('the guide: what is said to one process is heard at another', { timeout: 60_000 }, async (t) => {
  const [block] = take('several-machines', 'What a backplane does');
  const env = { REDIS_URL: `redis://127.0.0.1:${broker.port}` };
  const until = /listening[\s\S]*the broker is up|the broker is up[\s\S]*listening/;
  const [one, other] = await Promise.all([1, 2].map(() => run(t, block, { env, until })));
  const [ada, grace] = await clients(t, [one.url, other.url]);
  const heard = once(grace, 'message');
  // A subscription takes its time at the broker.
  const again = setInterval(() => ada.send('hello'), 20);
  t.after(() => clearInterval(again));
  assert.equal(String((await heard)[0]), 'hello');
});
