'use strict';

const assert = require('node:assert/strict');
const { once } = require('node:events');
const { test } = require('node:test');
const { Base, Client, Server } = require('../..');
const { BINARY, TEXT } = require('../support/frames');
const { Inbox } = require('../support/inbox');
const { TestServer, limit } = require('../support/server');
const { OldStream } = require('../support/streams');
const { MemoryBroker } = require('./memory');

const tick = () => new Promise((resolve) => setImmediate(resolve));

/** What `stats()` says of the backplane. */
function books(base) {
  const found = Object.entries(base.stats()).filter(([name]) => name.startsWith('backplane'));
  return Object.fromEntries(found.map(([name, value]) => [name.slice('backplane'.length).toLowerCase(), value]));
}

/** Two servers, as if in two processes, with a broker between them that is up. */
async function two(t) {
  const broker = new MemoryBroker();
  const servers = [];
  for (let i = 0; i < 2; i += 1) {
    const backplane = broker.backplane();
    const server = await new TestServer({ base: { backplane }, hearErrors: false }).listen();
    t.after(() => server.stop());
    // They are of no connection.
    const errors = new Inbox(server.base, ['error']);
    servers.push(Object.assign(server, { backplane, errors }));
    if (books(server.base).up === 0) await once(server.base, 'backplane');
  }
  return { broker, servers, bases: servers.map(({ base }) => base) };
}

/** A raw client of a server, which subscribes to topics; the broker knows of it. */
async function subscriber({ base, raw }, ...topics) {
  const client = await raw();
  base.subscribe(client.sid, topics);
  await tick();
  return client;
}

test('a message reaches the subscribers of all processes, as it was published', limit, async (t) => {
  const { servers, bases } = await two(t);
  const [here, there] = [await subscriber(servers[0], 'a'), await subscriber(servers[1], 'a')];
  const other = await subscriber(servers[1], 'b');
  assert.equal(bases[0].publish('a', 'text ä'), 1, 'local subscribers alone');
  const bytes = Buffer.from([0, 255, 128]);
  bases[0].publish('a', bytes);
  bytes.fill(7);
  bases[0].publish('b', 'end');
  for (const client of [here, there]) {
    const [text, binary] = [await client.frame(), await client.frame()];
    assert.deepEqual([text.opcode, text.payload.toString()], [TEXT, 'text ä']);
    assert.deepEqual([binary.opcode, [...binary.payload]], [BINARY, [0, 255, 128]]);
  }
  assert.equal(await other.said(), 'end');
  assert.deepEqual(books(bases[0]), { published: 3, refused: 0, received: 0, lost: 0, duplicates: 0, up: 1 });
  assert.deepEqual(books(bases[1]), { published: 0, refused: 0, received: 3, lost: 0, duplicates: 0, up: 1 });
});

test('local: true never asks the broker, and reaches this process alone', limit, async (t) => {
  const { broker, servers, bases } = await two(t);
  const [here, there] = [await subscriber(servers[0], 'a'), await subscriber(servers[1], 'a')];
  assert.equal(bases[0].publish('a', 'mine', { local: true }), 1);
  await tick();
  assert.equal(broker.published.length, 0);
  bases[0].publish('a', 'ours');
  assert.deepEqual([await here.said(), await here.said(), await there.said()], ['mine', 'ours', 'ours']);
  assert.equal(books(bases[0]).published, 1);
});

/** A stream that a subscriber here is written to on, and that does what an app's own may do with it. */
class Meddler extends OldStream {
  meddle = () => {};

  write(chunk) {
    this.meddle(chunk);
    return super.write(chunk);
  }
}

test('what streams here do as they are written to changes nothing of what others get', limit, async (t) => {
  const { servers, bases } = await two(t);
  const there = await subscriber(servers[1], 'a');
  const [base] = bases;
  const stream = new Meddler();
  base.subscribe(base.assignSocket(stream, { mask: false }), 'a');
  const bytes = Buffer.from('first');
  stream.meddle = () => {
    stream.meddle = () => {};
    bytes.fill('!');
    base.publish('a', 'second');
  };
  base.publish('a', bytes);
  assert.deepEqual([await there.said(), await there.said()], ['first', 'second']);
});

test('except holds across processes', limit, async (t) => {
  const { servers, bases } = await two(t);
  const [here, there, left] = [
    await subscriber(servers[0], 'a'),
    await subscriber(servers[1], 'a'),
    await subscriber(servers[1], 'a'),
  ];
  bases[0].publish('a', 'to one', { except: [left.sid, here.sid, 'no sid', 'x'.repeat(16)] });
  bases[0].publish('a', 'to all');
  assert.equal(await here.said(), 'to all');
  assert.equal(await left.said(), 'to all');
  assert.deepEqual([await there.said(), await there.said()], ['to one', 'to all']);
});

test('what a tick publishes to a topic is one command, and large ones are several', limit, async (t) => {
  const { broker, servers, bases } = await two(t);
  const there = await subscriber(servers[1], 'a', 'b');
  for (let i = 0; i < 100; i += 1) bases[0].publish(i % 2 ? 'a' : 'b', `${i}`);
  await tick();
  assert.deepEqual(broker.published.map(({ channel }) => channel).sort(), ['a', 'b']);
  const said = [];
  for (let i = 0; i < 100; i += 1) said.push(Number(await there.said()));
  for (const rest of [0, 1]) {
    const part = said.filter((n) => n % 2 === rest);
    assert.deepEqual(
      part,
      [...part].sort((a, b) => a - b),
    );
  }
  const large = 'x'.repeat(200 * 1024);
  for (let i = 0; i < 5; i += 1) bases[0].publish('a', large);
  for (let i = 0; i < 5; i += 1) assert.equal(await there.said(), large);
  assert.equal(broker.published.length, 2 + 3);
});

test('a topic of any length and any characters has a channel of its own', limit, async (t) => {
  const { broker, servers, bases } = await two(t);
  const long = 'x'.repeat(200);
  const topics = ['#', '# topic', '__proto__', ' ', 'ä'.repeat(64), 'ä'.repeat(65), long, `${long}y`];
  const there = await subscriber(servers[1], ...topics);
  for (const topic of topics) {
    bases[0].publish(topic, topic);
    assert.equal(await there.said(), topic);
  }
  const channels = broker.published.map(({ channel }) => channel);
  assert.equal(new Set(channels).size, topics.length);
  for (const channel of channels) assert.ok(Buffer.byteLength(channel) <= 128);
  // One that looks like the channel of another.
  bases[0].publish(channels[0], 'a stranger');
  bases[0].publish('#', 'end');
  assert.equal(await there.said(), 'end');
});

test('the broker is asked for what has changed within a tick, once', limit, async (t) => {
  const { servers } = await two(t);
  const [{ base, backplane, raw }] = servers;
  const { sid } = await raw();
  base.subscribe(sid, ['a', 'b', 'c']).unsubscribe(sid, 'b');
  await tick();
  base.unsubscribe(sid, 'a').subscribe(sid, 'a');
  await tick();
  base.unsubscribe(sid, 'c');
  await tick();
  base.close(sid);
  await tick();
  assert.deepEqual(backplane.requests, [
    ['subscribe', 'a', 'c'],
    ['unsubscribe', 'c'],
    ['unsubscribe', 'a'],
  ]);
});

test('more topics than one request may have are asked for in several', limit, async (t) => {
  const { servers, bases } = await two(t);
  const topics = Array.from({ length: 2500 }, (_, i) => `topic ${i}`);
  const there = await subscriber(servers[1], ...topics);
  await tick();
  assert.deepEqual(
    servers[1].backplane.requests.map((request) => request.length - 1),
    [1000, 1000, 500],
  );
  bases[0].publish(topics.at(-1), 'last');
  assert.equal(await there.said(), 'last');
});

test('an outage refuses, keeps nothing, and local delivery goes on', limit, async (t) => {
  const { broker, servers, bases } = await two(t);
  const [here, there] = [await subscriber(servers[0], 'a'), await subscriber(servers[1], 'a')];
  const states = [];
  bases[0].on('backplane', (...args) => states.push(args));
  bases[0].publish('a', 'in the tick of the outage');
  const error = new Error('no broker');
  broker.down(error);
  broker.down(new Error('still none'));
  assert.equal(bases[0].publish('a', 'refused'), 1);
  await tick();
  assert.deepEqual(states, [['down', error]]);
  assert.equal(broker.published.length, 0);
  assert.deepEqual(books(bases[0]), { published: 0, refused: 2, received: 0, lost: 0, duplicates: 0, up: 0 });
  broker.up();
  broker.up();
  await tick();
  assert.deepEqual(states.slice(1), [['up', undefined]]);
  bases[0].publish('a', 'back');
  assert.equal(await there.said(), 'back');
  const heard = [await here.said(), await here.said(), await here.said()];
  assert.deepEqual(heard, ['in the tick of the outage', 'refused', 'back']);
});

test('it is up when the broker has confirmed the subscriptions of before', limit, async (t) => {
  const { broker, servers, bases } = await two(t);
  const there = await subscriber(servers[1], 'a');
  broker.down();
  await tick();
  let confirm;
  servers[1].backplane.onSubscribe = () => new Promise((resolve) => (confirm = resolve));
  broker.up();
  await tick();
  assert.deepEqual([books(bases[0]).up, books(bases[1]).up], [1, 0]);
  confirm();
  await once(bases[1], 'backplane');
  bases[0].publish('a', 'all is well');
  assert.equal(await there.said(), 'all is well');
});

test('what is missing between two messages is counted, and who came late has lost nothing', limit, async (t) => {
  const { broker, servers, bases } = await two(t);
  for (let i = 0; i < 10; i += 1) bases[0].publish('a', 'before');
  await tick();
  const there = await subscriber(servers[1], 'a');
  bases[0].publish('a', 'first');
  assert.equal(await there.said(), 'first');
  assert.equal(books(bases[1]).lost, 0);
  broker.delivers = false;
  for (let i = 0; i < 3; i += 1) bases[0].publish('a', 'lost');
  await tick();
  bases[0].publish('a', 'lost as well');
  await tick();
  broker.delivers = true;
  bases[0].publish('a', 'last');
  assert.equal(await there.said(), 'last');
  assert.deepEqual(books(bases[1]), { published: 0, refused: 0, received: 2, lost: 4, duplicates: 0, up: 1 });
});

test('a message that comes twice or late is dropped and counted', limit, async (t) => {
  const { broker, servers, bases } = await two(t);
  const there = await subscriber(servers[1], 'a');
  broker.delivers = false;
  for (const text of ['1', '2', '3']) {
    bases[0].publish('a', text);
    await tick();
  }
  const [one, , three] = broker.published;
  for (const { channel, payload } of [one, three, one, three]) broker.deliver(channel, payload);
  broker.delivers = true;
  bases[0].publish('a', '4');
  assert.deepEqual([await there.said(), await there.said(), await there.said()], ['1', '3', '4']);
  assert.deepEqual(books(bases[1]), { published: 0, refused: 0, received: 3, lost: 1, duplicates: 2, up: 1 });
});

test('no more than 16 MiB wait for the broker: past that it is refused', limit, async (t) => {
  const { servers, bases } = await two(t);
  const [{ backplane }] = servers;
  let release;
  const taken = new Promise((resolve) => (release = resolve));
  backplane.onPublish = () => taken;
  const message = Buffer.alloc(1024 * 1024);
  for (let i = 0; i < 40; i += 1) {
    bases[0].publish('a', message);
    await tick();
  }
  const { published, refused } = books(bases[0]);
  assert.deepEqual([published, refused], [16, 24]);
  release();
  await tick();
  bases[0].publish('a', 'more');
  await tick();
  assert.equal(books(bases[0]).published, 17);
});

test('what the broker takes not is refused, an error says why, and the numbers go on', limit, async (t) => {
  const { servers, bases } = await two(t);
  const there = await subscriber(servers[1], 'a');
  bases[0].publish('a', 'first');
  await tick();
  const tooLarge = new RangeError('too large');
  servers[0].backplane.onPublish = () => {
    throw tooLarge;
  };
  bases[0].publish('a', 'large');
  bases[0].publish('b', 'large');
  const [error] = await servers[0].errors.next('error');
  assert.deepEqual([error.code, error.cause, /too large/.test(error.message)], ['ERR_WS_BACKPLANE', tooLarge, true]);
  servers[0].backplane.onPublish = () => {};
  bases[0].publish('a', 'second');
  assert.deepEqual([await there.said(), await there.said()], ['first', 'second']);
  assert.deepEqual(books(bases[0]), { published: 2, refused: 2, received: 0, lost: 0, duplicates: 0, up: 1 });
  assert.equal(books(bases[1]).lost, 0);
  assert.equal(servers[0].errors.list('error').length, 1);
});

test('a publishing that fails later is an error event, and no rejection', limit, async (t) => {
  const { servers, bases } = await two(t);
  servers[0].backplane.onPublish = () => Promise.reject(new Error('NOPERM'));
  bases[0].publish('a', 'x');
  const [error] = await servers[0].errors.next('error');
  assert.match(error.message, /NOPERM/);
  assert.equal(books(bases[0]).published, 1);
});

test('what is no message of this module is an error event, and changes nothing', limit, async (t) => {
  const { broker, servers, bases } = await two(t);
  const there = await subscriber(servers[1], 'a');
  bases[0].publish('a', 'x');
  assert.equal(await there.said(), 'x');
  const [{ payload }] = broker.published;
  const before = books(bases[1]);
  broker.delivers = true;
  for (let length = 0; length < payload.length; length += 1) {
    // The head alone is an envelope of no message.
    if (length !== 20) broker.deliver('a', payload.subarray(0, length));
  }
  for (const [at, byte] of [
    [0, 2],
    [20, 255],
    [21, 255],
    [25, 255],
  ]) {
    const changed = Buffer.from(payload);
    changed[at] = byte;
    broker.deliver('a', changed);
  }
  const [error] = await servers[1].errors.next('error');
  assert.deepEqual([error.code, /channel "a" is not from this module/.test(error.message)], ['ERR_WS_BACKPLANE', true]);
  assert.deepEqual(books(bases[1]), before);
});

test('fragment, compress and volatile go with the message', limit, async (t) => {
  const { servers, bases } = await two(t);
  const there = await subscriber(servers[1], 'a');
  bases[0].publish('a', 'abcdef', { fragment: 4, compress: false, volatile: true });
  const [first, second] = [await there.frame(), await there.frame()];
  assert.deepEqual([first.fin, first.payload.toString(), second.payload.toString()], [false, 'abcd', 'ef']);
});

test('backplane is emitted in a turn of its own: a listener that throws harms nobody', limit, async () => {
  const broker = new MemoryBroker();
  const backplane = broker.backplane();
  const base = new Base({ backplane });
  const states = [];
  base.on('backplane', (state) => states.push(state));
  assert.deepEqual(states, [], 'not before the app could listen');
  await tick();
  assert.deepEqual(states, ['up']);
  backplane.events.down(new Error('gone'));
  assert.deepEqual(states, ['up']);
  await tick();
  assert.deepEqual(states, ['up', 'down']);
  await backplane.close();
});

test('a broker that is not there at the start is down, once', limit, async () => {
  const backplane = new MemoryBroker().backplane();
  const lost = new Error('refused');
  backplane.start = () => {
    throw lost;
  };
  const base = new Base({ backplane });
  assert.deepEqual(await once(base, 'backplane'), ['down', lost]);
  assert.equal(base.publish('a', 'x'), 0);
  assert.deepEqual([books(base).refused, books(base).up], [1, 0]);
});

test('a backplane that is closed in the tick in which it was given stays closed', limit, async () => {
  const broker = new MemoryBroker();
  const backplane = broker.backplane();
  const server = new Server({ backplane });
  const closed = backplane.close();
  assert.equal((await once(server, 'backplane'))[0], 'down');
  await closed;
  await tick();
  assert.deepEqual([broker.members.size, books(server).up], [0, 0]);
});

test('if another option is wrong, the backplane was not started', limit, async () => {
  for (const [Kind, wrong] of [
    [Base, { maxPayload: 'much' }],
    [Server, { maxPayload: 'much' }],
    [Server, { maxHandshakes: 'many' }],
    [Server, { headers: 1 }],
    [Server, { shouldAccept: true }],
    [Server, { addressOf: 'header' }],
    [Server, { path: '/' }],
    [Client, { reconnect: 1 }],
    [Client, { maxQueuedBytes: -1 }],
    [Client, { handshakeTimeout: 'long' }],
  ]) {
    const broker = new MemoryBroker();
    const backplane = broker.backplane();
    assert.throws(() => new Kind({ ...wrong, backplane }), { message: new RegExp(`"${Object.keys(wrong)}"`) });
    await tick();
    assert.equal(broker.members.size, 0);
    // It can still be given to one.
    assert.deepEqual(await once(new Kind({ backplane }), 'backplane'), ['up', undefined]);
  }
});

test('a backplane of one Base is refused by another, and serves the first', limit, async () => {
  const backplane = new MemoryBroker().backplane();
  const base = new Base({ backplane });
  for (const Kind of [Base, Client, Server]) {
    assert.throws(() => new Kind({ backplane }), {
      name: 'TypeError',
      code: 'ERR_INVALID_ARG_TYPE',
      message: /^The "backplane" option must be a backplane that no other Base has/,
    });
  }
  assert.deepEqual(await once(base, 'backplane'), ['up', undefined]);
});

test('the option takes what has the methods of a backplane', () => {
  for (const backplane of [1, 'redis://localhost', {}, () => {}, { start() {}, publish() {} }]) {
    assert.throws(() => new Base({ backplane }), {
      name: 'TypeError',
      code: 'ERR_INVALID_ARG_TYPE',
      message:
        /^The "backplane" option must be an object with the methods start, subscribe, unsubscribe, publish, close/,
    });
  }
  for (const backplane of [null, undefined]) {
    const { up, published } = books(new Base({ backplane }));
    assert.deepEqual([up, published], [0, 0]);
  }
});
