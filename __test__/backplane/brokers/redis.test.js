'use strict';

const assert = require('node:assert/strict');
const { once } = require('node:events');
const { test } = require('node:test');
const IoRedis = require('ioredis');
const { createClient } = require('redis');
const { Base } = require('websockets');
const { redis } = require('websockets/redis');
const { testBackplane } = require('websockets/backplane-test');
const { useBroker } = require('./broker');

const broker = useBroker('redis');
const { outage } = broker;
const url = () => `redis://127.0.0.1:${broker.port}`;

testBackplane('redis by a URL', { create: () => redis(url()), outage });

testBackplane('redis by a client of ioredis', {
  create: () => redis(new IoRedis(url(), { lazyConnect: true, keyPrefix: 'app:' })),
  outage,
});

testBackplane('redis by a client of redis', { create: () => redis(createClient({ url: url() })), outage });

test('a client that was given is neither used nor closed', async (t) => {
  const io = new IoRedis(url());
  const node = await createClient({ url: url() }).connect();
  t.after(() => [io.disconnect(), node.destroy()]);
  for (const client of [io, node]) {
    const backplane = redis(client);
    const base = new Base({ backplane });
    assert.deepEqual(await once(base, 'backplane'), ['up', undefined]);
    await backplane.close();
    assert.equal(await client.ping(), 'PONG');
  }
  const [ours] = await Promise.all([io.client('LIST'), node.ping()]);
  assert.ok(!ours.includes('cmd=publish') && !ours.includes('cmd=subscribe'));
});

test('two apps share a broker: what has another prefix is not heard', async (t) => {
  const heard = { one: [], two: [] };
  const members = ['one', 'two', 'one'].map((prefix) => redis(url(), { prefix }));
  t.after(() => Promise.all(members.map((member) => member.close())));
  await Promise.all(
    members.map(
      (member, at) =>
        new Promise((up) => {
          const message = (_channel, payload) => heard[['one', 'two'][at]]?.push(`${payload}`);
          member.start({ up, down() {}, message });
        }),
    ),
  );
  const [one, two, publisher] = members;
  await Promise.all([one.subscribe(['a', 'end']), two.subscribe(['a', 'end'])]);
  await publisher.publish('a', Buffer.from('to one'));
  await two.publish('end', Buffer.from('to two'));
  while (heard.one.length < 1 || heard.two.length < 1) await new Promise((resolve) => setTimeout(resolve, 5));
  assert.deepEqual(heard, { one: ['to one'], two: ['to two'] });
});

test('a broker that does not answer is down, with the reason', async (t) => {
  const backplane = redis('redis://127.0.0.1:1');
  t.after(() => backplane.close());
  const base = new Base({ backplane });
  const [state, error] = await once(base, 'backplane');
  assert.equal(state, 'down');
  assert.match(error.message, /ECONNREFUSED/);
});
