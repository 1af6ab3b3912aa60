'use strict';

const assert = require('node:assert/strict');
const { EventEmitter, once } = require('node:events');
const { after, test } = require('node:test');
const { connect } = require('@nats-io/transport-node');
const { Base } = require('websockets');
const { nats } = require('websockets/nats');
const { testBackplane } = require('websockets/backplane-test');
const { useBroker } = require('./broker');

const LIMIT = { timeout: 30_000 };

/** Connections that are the app's. */
const given = [];
after(() => Promise.all(given.map((connection) => connection.close())));

const broker = useBroker('nats');
const { outage } = broker;
const servers = () => `127.0.0.1:${broker.port}`;

testBackplane('nats by its servers', { create: () => nats(servers()), outage });

testBackplane('nats by a connection', {
  async create() {
    given.push(await connect({ servers: servers(), maxReconnectAttempts: -1, reconnectTimeWait: 100 }));
    return nats(given.at(-1));
  },
  outage,
});

test('a connection that was given stays open, without a subscription of ours', async () => {
  const connection = await connect({ servers: servers() });
  given.push(connection);
  const backplane = nats(connection);
  const base = new Base({ backplane });
  assert.deepEqual(await once(base, 'backplane'), ['up', undefined]);
  await backplane.subscribe(['a']);
  await backplane.close();
  await connection.flush();
  const seen = connection.subscribe('websockets.>', { max: 1 });
  connection.publish('websockets.a', 'mine');
  for await (const message of seen) assert.equal(message.string(), 'mine');
  assert.equal(connection.isClosed(), false);
});

test('a message that is too large for the broker is refused, and an error says so', async (t) => {
  const backplane = nats(servers());
  t.after(() => backplane.close());
  const base = new Base({ backplane });
  await once(base, 'backplane');
  const reported = once(base, 'error');
  base.publish('a', Buffer.alloc(2 ** 21));
  const [error] = await reported;
  assert.equal(error.code, 'ERR_WS_BACKPLANE');
  assert.match(error.message, /max_payload/);
  assert.deepEqual([base.stats().backplaneRefused, base.stats().backplanePublished], [1, 0]);
});

test('a broker that refuses the credentials for a while is there again when it takes them', LIMIT, async (t) => {
  const backplane = nats(servers());
  t.after(() => backplane.close());
  const states = new EventEmitter();
  const isUp = once(states, 'up');
  backplane.start({ up: () => states.emit('up'), down: (error) => states.emit('down', error), message() {} });
  await isUp;
  await broker.kill();
  await broker.start('--user', 'ada', '--pass', 'secret');
  for (let refusals = 0; refusals < 3; ) {
    const [error] = await once(states, 'down');
    if (/authorization/i.test(error.message)) refusals += 1;
  }
  const isBack = once(states, 'up');
  await broker.kill();
  await broker.start();
  await isBack;
});

test('a broker that does not answer is down, with the reason', async (t) => {
  const backplane = nats('127.0.0.1:1');
  t.after(() => backplane.close());
  const [state, error] = await once(new Base({ backplane }), 'backplane');
  assert.equal(state, 'down');
  assert.match(error.message, /refused/);
});
