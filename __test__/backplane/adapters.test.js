'use strict';

const assert = require('node:assert/strict');
const { spawnSync } = require('node:child_process');
const { EventEmitter, once } = require('node:events');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { test } = require('node:test');
const { nats } = require('websockets/nats');
const { redis } = require('websockets/redis');
const { limit } = require('../support/server');

const root = path.resolve(__dirname, '../..');

test('each entry has its function as default and by name, for require and import', async () => {
  for (const name of ['cluster', 'nats', 'redis']) {
    const entry = require(`websockets/${name}`);
    assert.equal(typeof entry, 'function');
    assert.equal(entry[name], entry);
    const imported = await import(`websockets/${name}`);
    assert.equal(imported.default, entry);
    assert.equal(imported[name], entry);
  }
  assert.equal(typeof (await import('websockets/cluster')).primary, 'function');
  assert.equal(typeof (await import('websockets/backplane-test')).testBackplane, 'function');
});

test('what is no broker is a TypeError that says what is', () => {
  for (const target of [undefined, null, 6379, {}, [], 'localhost:6379', 'http://localhost', () => {}]) {
    assert.throws(() => redis(target), {
      name: 'TypeError',
      code: 'ERR_INVALID_ARG_TYPE',
      message: /ioredis or redis|redis:\/\//,
    });
  }
  for (const target of [undefined, null, 4222, {}, [4222]]) {
    assert.throws(() => nats(target), { name: 'TypeError', code: 'ERR_INVALID_ARG_TYPE', message: /transport-node/ });
  }
});

test('a prefix is words with dots or colons between them', () => {
  for (const prefix of ['', 'a b', 'a.', '.a', 'a..b', '*', '>', 'x'.repeat(65), 1, null, 'ä', 'a\n']) {
    for (const create of [() => redis('redis://localhost', { prefix }), () => nats('localhost', { prefix })]) {
      assert.throws(create, { code: 'ERR_INVALID_ARG_TYPE', message: /^The "prefix" option must be words/ }, prefix);
    }
  }
  for (const prefix of ['a', 'my-app:v2.test_1', 'x'.repeat(64), undefined]) redis('redis://localhost', { prefix });
  assert.throws(() => redis('redis://localhost', 'prefix'), { code: 'ERR_INVALID_ARG_TYPE' });
});

/** @returns {object} a connection to NATS that stays, with what the adapter uses of it */
function natsConnection(functions) {
  const stays = () => new Promise(() => {});
  const close = async () => {};
  return { closed: stays, isClosed: () => false, async *status() {}, flush: async () => {}, close, ...functions };
}

/** What an adapter calls a topic at the broker. @returns {string} */
const CHANNELS = {
  /** By ioredis, which is one that has a `status`. */
  redis(prefix, topic) {
    let channel;
    const client = {
      status: 'ready',
      duplicate: () => client,
      on() {},
      connect: async () => {},
      publish: async (name) => (channel = name),
    };
    const backplane = redis(client, { prefix });
    backplane.start({ up() {}, down() {}, message() {} });
    backplane.publish(topic, Buffer.from('x'));
    return channel;
  },
  async nats(prefix, topic) {
    let channel;
    const connection = natsConnection({ publish: (name) => (channel = name) });
    const backplane = nats(connection, { prefix });
    await new Promise((up) => backplane.start({ up, down() {}, message() {} }));
    await backplane.publish(topic, Buffer.from('x'));
    return channel;
  },
};

for (const [name, channelOf] of Object.entries(CHANNELS)) {
  test(`${name}: no prefix and topic have the channel of another prefix and topic`, async () => {
    const pairs = [
      ['chat', 'admin:x'],
      ['chat:admin', 'x'],
      ['chat', 'admin.x'],
      ['chat.admin', 'x'],
      ['chat', 'admin/x'],
      ['chat', 'admin=3ax'],
    ];
    const channels = await Promise.all(pairs.map(([prefix, topic]) => channelOf(prefix, topic)));
    assert.equal(new Set(channels).size, pairs.length, channels.join(' '));
  });
}

test('nats: if a connection of its own ends for ever, another takes its place', limit, async (t) => {
  const module = loaded('@nats-io/transport-node');
  const library = module.exports;
  t.after(() => (module.exports = library));
  const lost = new Error('the server does not want it');
  const ends = [];
  const connect = async () => natsConnection({ closed: () => new Promise((end) => ends.push(end)) });
  module.exports = { ...library, connect };
  const states = new EventEmitter();
  const backplane = nats('localhost');
  t.after(() => backplane.close());
  const events = { up: () => states.emit('up'), down: (error) => states.emit('down', error), message() {} };
  const isUp = once(states, 'up');
  backplane.start(events);
  await isUp;
  for (const error of [lost, undefined]) {
    const [isDown, isBack] = [once(states, 'down'), once(states, 'up')];
    ends.at(-1)(error);
    assert.deepEqual(await isDown, [lost]);
    await isBack;
  }
  assert.equal(ends.length, 3);
});

/** @returns {NodeModule} a module, which is loaded now */
function loaded(name) {
  require(name);
  return require.cache[require.resolve(name)];
}

test('without its client library an adapter says what to install', (t) => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'websockets-adapters-'));
  t.after(() => fs.rmSync(folder, { recursive: true, force: true }));
  fs.cpSync(path.join(root, 'lib', 'backplane'), path.join(folder, 'lib', 'backplane'), { recursive: true });
  for (const name of ['options', 'util']) {
    fs.cpSync(path.join(root, 'lib', name), path.join(folder, 'lib', name), { recursive: true });
  }
  for (const [name, target, expected] of [
    ['redis', 'redis://localhost', 'npm install ioredis or npm install redis'],
    ['nats', 'localhost', 'npm install @nats-io/transport-node'],
  ]) {
    const file = path.join(folder, 'lib', 'backplane', 'adapters', `${name}.js`);
    const code = `try { require(${JSON.stringify(file)}).${name}('${target}') } catch (e) { console.log(e.code, e.message) }`;
    const { stdout } = spawnSync(process.execPath, ['-e', code], { cwd: folder, encoding: 'utf8' });
    assert.equal(stdout, `ERR_WS_NO_CLIENT_LIBRARY The client library of the broker is not installed: ${expected}\n`);
  }
});
