'use strict';

// What happens on a connection is heard in the asynchronous context of the call that made it.

const assert = require('node:assert/strict');
const { AsyncLocalStorage, createHook, executionAsyncResource } = require('node:async_hooks');
const { once } = require('node:events');
const { test } = require('node:test');
const { Base, Client, Server } = require('../..');
const { limit, served } = require('../support/server');
const { LoopBack } = require('../support/streams');
const { BINARY, CONTINUATION, PING, PONG, encode } = require('../support/frames');

const storage = new AsyncLocalStorage();
const EVENTS = ['open', 'message', 'binary', 'ping', 'pong', 'drain', 'close', 'error'];

/** @returns {object} options of a `TestServer` whose connections are made each in a context of its own: their path */
function apart() {
  return {
    upgrade: (request, socket, head, server) => storage.run(request.url, () => server.accept(request, socket, head)),
  };
}

/** @returns {Map<string, [event: string, store: unknown][]>} what is heard of each sid from now on, and in which context */
function listen(base) {
  const heard = new Map();
  for (const event of EVENTS) {
    base.on(event, (...args) => {
      const sid = event === 'error' ? args[0].sid : args[event === 'open' || event === 'drain' ? 0 : 1];
      heard.set(sid, [...(heard.get(sid) ?? []), [event, storage.getStore()]]);
    });
  }
  return heard;
}

test(
  'each event has the context of the assignSocket call of its connection',
  limit,
  served(apart(), async ({ base, raw, events }) => {
    const heard = listen(base);
    const clients = [await raw(), await raw()];
    const expected = new Map();
    await storage.run('another', async () => {
      for (const client of clients) {
        await client.text('text');
        for (const opcode of [BINARY, PING, PONG]) await client.send({ opcode, payload: 'x' });
        base.send(client.sid, Buffer.alloc(1 << 20));
      }
      await events.atLeast('drain', 2);
      // One breaks a rule; the other is closed from here.
      await clients[0].send({ opcode: CONTINUATION, payload: 'of nothing' });
      await events.next('close');
      base.close(clients[1].sid, 'enough');
      await clients[1].close(1000, 'enough');
      await events.next('close');
    });
    for (const [i, { sid }] of clients.entries()) {
      const names = heard.get(sid).map(([name]) => name);
      const all = EVENTS.filter((name) => i === 0 || name !== 'error');
      assert.deepEqual([...names].sort(), [...all].sort());
      expected.set(
        sid,
        names.map((name) => [name, `/?n=${i}`]),
      );
    }
    assert.deepEqual(heard, expected);
  }),
);

test(
  'many messages at once, of connections by turns, with listeners that throw among them',
  limit,
  served(apart(), async ({ base, raw, events }, t) => {
    const heard = listen(base);
    const clients = [];
    for (let i = 0; i < 5; i++) clients.push(await raw());
    let thrown = 0;
    const expected = 20;
    t.after(() => process.off('uncaughtException', caught));
    const caught = () => thrown++;
    const before = process.listeners('uncaughtException');
    process.removeAllListeners('uncaughtException').on('uncaughtException', caught);
    t.after(() => before.forEach((listener) => process.on('uncaughtException', listener)));
    base.on('message', (text) => {
      if (text === 'throw') throw new Error('thrown');
    });
    const texts = Array.from({ length: 40 }, (_, i) =>
      encode({ opcode: 1, payload: i % 10 === 0 ? 'throw' : 'go on' }),
    );
    await Promise.all(clients.map((client) => client.write(Buffer.concat(texts))));
    await events.atLeast('message', 5 * texts.length);
    assert.equal(thrown, expected);
    for (const [i, { sid }] of clients.entries()) {
      assert.ok(
        heard.get(sid).every(([, store]) => store === `/?n=${i}`),
        `${heard.get(sid)}`,
      );
    }
  }),
);

test(
  'what a pause has held back is not in the context of the resume',
  limit,
  served(apart(), async ({ base, raw, events }) => {
    const heard = listen(base);
    const client = await raw();
    base.on('message', (text, sid) => {
      if (text === 'pause') storage.run('paused', () => base.pause(sid));
    });
    const texts = ['pause', 'held', 'held'].map((payload) => encode({ opcode: 1, payload }));
    await client.write(Buffer.concat(texts));
    await events.next('message');
    storage.run('resumed', () => base.resume(client.sid));
    await events.atLeast('message', 3);
    storage.run('ended', () => base.terminate(client.sid));
    await events.next('close');
    assert.deepEqual(
      heard.get(client.sid).map(([, store]) => store),
      Array(5).fill('/?n=0'),
    );
  }),
);

test('a socket that is over before it is assigned', async () => {
  const base = new Base();
  const heard = listen(base);
  const stream = new LoopBack();
  stream.destroyed = true;
  const sid = storage.run('over', () => base.assignSocket(stream));
  await once(base, 'close');
  assert.deepEqual(heard.get(sid), [
    ['open', 'over'],
    ['close', 'over'],
  ]);
});

test('an error of an extension that calls next in another context', () => {
  const base = new Base();
  const heard = listen(base);
  base.extensions.bad = { write: (next) => storage.run('extension', () => next(new Error('no'))) };
  const sid = storage.run('mine', () => base.assignSocket(new LoopBack(), { extensions: ['bad'] }));
  storage.run('sender', () => base.send('x'));
  assert.deepEqual(heard.get(sid), [
    ['open', 'mine'],
    ['error', 'mine'],
  ]);
});

test('a Client’s connections have the contexts of their open calls', limit, async (t) => {
  const server = new Server().on('message', (text, sid) => server.send(sid, text).close(sid));
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  const client = new Client();
  const heard = listen(client);
  client.on('open', (sid) => client.send(sid, 'x'));
  const url = `ws://127.0.0.1:${server.address().port}`;
  for (const user of ['A', 'B']) storage.run(user, () => client.open(url));
  while (heard.size < 2 || ![...heard.values()].every((events) => events.at(-1)[0] === 'close')) {
    await once(client, 'close');
  }
  const stores = [...heard.values()].map((events) => events.map(([, store]) => store));
  assert.deepEqual(
    stores.map((all) => new Set(all).size),
    [1, 1],
  );
  assert.deepEqual(stores.map(([store]) => store).sort(), ['A', 'B']);
});

const { bun, deno } = process.versions;
test(
  'async_hooks sees a resource for each connection, from its making to its close',
  { ...limit, skip: (bun ?? deno) !== undefined && 'this runtime calls no hooks' },
  served({}, async ({ base, raw, events }, t) => {
    const seen = new Map();
    const hook = createHook({
      init(id, type, _trigger, resource) {
        if (type === 'WEBSOCKET') seen.set(id, { resource, inside: 0, entered: 0, isDestroyed: false });
      },
      before(id) {
        if (!seen.has(id)) return;
        seen.get(id).inside++;
        seen.get(id).entered++;
      },
      after(id) {
        if (seen.has(id)) seen.get(id).inside--;
      },
      destroy(id) {
        if (seen.has(id)) seen.get(id).isDestroyed = true;
      },
    }).enable();
    t.after(() => hook.disable());
    const within = new Map();
    for (const name of ['message', 'close']) {
      base.on(name, (_, sid) => within.set(sid, [...(within.get(sid) ?? []), executionAsyncResource()]));
    }
    const clients = [await raw(), await raw()];
    assert.equal(seen.size, 2);
    for (const client of clients) await client.text('x');
    await events.atLeast('message', 2);
    assert.ok([...seen.values()].every((one) => !one.isDestroyed));
    base.terminate(null);
    await events.atLeast('close', 2);
    const resources = [...seen.values()];
    // Node tells of the end in a turn of its own.
    while (!resources.every((one) => one.isDestroyed)) await new Promise(setImmediate);
    for (const [i, { sid }] of clients.entries()) {
      assert.deepEqual(within.get(sid), [resources[i].resource, resources[i].resource]);
    }
    assert.ok(resources.every(({ inside, entered }) => inside === 0 && entered >= 2));
  }),
);
