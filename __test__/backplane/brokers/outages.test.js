'use strict';

// Two servers in two processes, and a broker that is killed, cut off or stopped under load.

const assert = require('node:assert/strict');
const net = require('node:net');
const { once } = require('node:events');
const { test } = require('node:test');
const { setTimeout: wait } = require('node:timers/promises');
const { run } = require('../../support/child');
const { Told } = require('../../support/told');
const { useBroker } = require('./broker');

const LIMIT = { timeout: 60_000 };
const RATE = 2000;

const brokers = { redis: useBroker('redis'), nats: useBroker('nats') };

/** @returns {string} what an adapter is given for a port */
const target = { redis: (port) => `redis://127.0.0.1:${port}`, nats: (port) => `127.0.0.1:${port}` };

/** A server in a process of its own, whose backplane is up. */
async function server(t, kind, port = brokers[kind].port) {
  const told = new Told(run(t, 'backplane-server.js', [kind, target[kind](port)]));
  await Promise.all([told.says('ready'), told.says('up')]);
  return told;
}

/** A publisher and a receiver that hears it. */
async function pair(t, kind, port) {
  await brokers[kind].started;
  const [publisher, receiver] = [await server(t, kind, port), await server(t, kind)];
  do await publisher.ask('probe');
  while ((await receiver.ask('heard'))[0].probes === 0);
  const [before] = await publisher.ask('stats');
  return { publisher, receiver, before };
}

/** Ends the publishing, and compares the books of both. */
async function balance({ publisher, receiver, before }) {
  const [{ published, delivered }] = await publisher.ask('stop');
  const [own] = await publisher.ask('heard');
  // By now both are up: this arrives, and shows the receiver what is missing before it.
  await publisher.ask('end');
  await Promise.all([publisher.says('ended'), receiver.says('ended')]);
  const [[after], [there], [heard]] = await Promise.all([
    publisher.ask('stats'),
    receiver.ask('stats'),
    receiver.ask('heard'),
  ]);
  const refused = after.backplaneRefused - before.backplaneRefused;
  assert.equal(delivered, published, 'each was delivered here');
  assert.equal(own.duplicates + own.disorder, 0);
  assert.equal(after.backplanePublished - before.backplanePublished + refused, published + 1, 'the calls');
  assert.deepEqual([heard.duplicates, heard.disorder, there.backplaneDuplicates], [0, 0, 0]);
  assert.equal(published - heard.count, refused + there.backplaneLost, 'what is missing is what the books say');
  const [all] = await publisher.ask('heard');
  assert.equal(all.count, published, 'all of them here');
  return { published, heard: heard.count, refused, lost: there.backplaneLost };
}

for (const kind of ['redis', 'nats']) {
  test(`${kind}: the broker is killed under ${RATE} messages a second, and returns`, LIMIT, async (t) => {
    const { publisher, receiver, before } = await pair(t, kind);
    await publisher.ask('publish', RATE, 20);
    await wait(1000);
    await brokers[kind].kill();
    await Promise.all([publisher.says('down'), receiver.says('down')]);
    await wait(1000);
    await brokers[kind].start();
    const returned = performance.now();
    await Promise.all([publisher.says('up'), receiver.says('up')]);
    const took = performance.now() - returned;
    await wait(1000);
    const books = await balance({ publisher, receiver, before });
    t.diagnostic(`back after ${took.toFixed(0)} ms, ${JSON.stringify(books)}`);
    assert.ok(took < 3000, `back after ${took} ms`);
    assert.ok(books.refused > 0 && books.heard > RATE);
    for (const one of [publisher, receiver]) assert.deepEqual(await one.ask('states'), [['up', 'down', 'up']]);
  });

  test(`${kind}: the publisher's connections are cut five times`, LIMIT, async (t) => {
    await brokers[kind].started;
    const passage = new Passage(brokers[kind].port);
    t.after(() => passage.close());
    const { publisher, receiver, before } = await pair(t, kind, await passage.listen());
    await publisher.ask('publish', RATE, 20);
    for (let i = 0; i < 5; i += 1) {
      await wait(300);
      passage.cut();
      await publisher.says('down');
      await publisher.says('up');
    }
    await wait(300);
    const books = await balance({ publisher, receiver, before });
    t.diagnostic(JSON.stringify(books));
    assert.equal((await publisher.ask('states'))[0].length, 11);
    assert.deepEqual(await receiver.ask('states'), [['up']]);
  });

  test(`${kind}: the broker stands still for 5 s`, LIMIT, async (t) => {
    const { publisher, receiver, before } = await pair(t, kind);
    await publisher.ask('publish', RATE, 4096);
    await wait(1000);
    const [start] = await publisher.ask('load');
    brokers[kind].signal('SIGSTOP');
    await wait(5000);
    const [end] = await publisher.ask('load');
    brokers[kind].signal('SIGCONT');
    await wait(2000);
    const books = await balance({ publisher, receiver, before });
    const grown = (end.rss - start.rss) / 2 ** 20;
    t.diagnostic(`${grown.toFixed(0)} MiB more, event loop ${end.max.toFixed(0)} ms, ${JSON.stringify(books)}`);
    assert.ok(books.refused > 0, 'more than may wait was published');
    assert.ok(grown < 100, `it took ${grown} MiB more`);
    assert.ok(end.max < 1000, `the event loop was held up for ${end.max} ms`);
  });
}

/** What stands between a process and the broker, and can cut them off. */
class Passage {
  #sockets = new Set();
  #server;

  /** @param {number} port of the broker */
  constructor(port) {
    this.#server = net.createServer((socket) => {
      const onward = net.connect(port, '127.0.0.1');
      for (const one of [socket, onward]) {
        this.#sockets.add(one);
        one.on('error', () => {}).on('close', () => this.#sockets.delete(one));
      }
      socket.pipe(onward).pipe(socket);
    });
  }

  /** @returns {Promise<number>} its port */
  async listen() {
    await once(this.#server.listen(0, '127.0.0.1'), 'listening');
    return this.#server.address().port;
  }

  /** Ends all connections, whatever is under way on them. */
  cut() {
    for (const socket of this.#sockets) socket.destroy();
  }

  close() {
    this.cut();
    this.#server.close();
  }
}
