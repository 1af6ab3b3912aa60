'use strict';

const assert = require('node:assert/strict');
const { EventEmitter, once } = require('node:events');
const { test } = require('node:test');
const { Subscriptions } = require('../../lib/backplane/subscriptions');

const LIMIT = { timeout: 10_000 };

const tick = () => new Promise((resolve) => setImmediate(resolve));

/** An adapter that notes what it is asked for. Client libraries of brokers keep subscriptions over an outage: so does it. */
class Adapter {
  /** What the broker has. @type {Set<string>} */
  channels = new Set();
  /** @type {string[]} */
  requests = [];
  /** What `subscribe` and `unsubscribe` do before anything else: they may throw, or take their time. */
  onSubscribe = () => {};
  onUnsubscribe = () => {};

  async subscribe(channels) {
    this.requests.push(`+ ${[...channels].sort()}`);
    await this.onSubscribe(channels);
    for (const channel of channels) this.channels.add(channel);
  }

  async unsubscribe(channels) {
    this.requests.push(`- ${[...channels].sort()}`);
    await this.onUnsubscribe(channels);
    for (const channel of channels) this.channels.delete(channel);
  }
}

/** A Map that counts how often it is looked at. */
class Counted extends Map {
  looks = 0;

  has(key) {
    this.looks += 1;
    return super.has(key);
  }

  get(key) {
    this.looks += 1;
    return super.get(key);
  }

  *keys() {
    for (const key of super.keys()) {
      this.looks += 1;
      yield key;
    }
  }
}

/** Subscriptions on an adapter, and what was reported. */
function made() {
  const adapter = new Adapter();
  const failures = [];
  const reported = new EventEmitter();
  const subscriptions = new Subscriptions(adapter, (error) => {
    failures.push(error);
    reported.emit('failure');
  });
  return { adapter, failures, reported, subscriptions };
}

test('a change costs the same however many topics there are', LIMIT, async () => {
  const looks = [];
  for (const count of [10, 10_000]) {
    const { adapter, subscriptions } = made();
    for (let i = 0; i < count; i += 1) subscriptions.add(`${i}`, `${i}`);
    await subscriptions.up();
    assert.equal(adapter.channels.size, count);
    const wanted = new Counted(subscriptions.wanted);
    subscriptions.wanted = wanted;
    for (const channel of ['new', 'newer']) {
      subscriptions.add(channel, channel);
      await tick();
      subscriptions.remove(channel);
      await tick();
    }
    assert.deepEqual(adapter.requests.slice(-4), ['+ new', '- new', '+ newer', '- newer']);
    looks.push(wanted.looks);
  }
  assert.equal(looks[1], looks[0]);
});

test('it comes up while topics come and go without end', LIMIT, async () => {
  const { adapter, subscriptions } = made();
  for (let i = 0; i < 2500; i += 1) subscriptions.add(`${i}`, `${i}`);
  let changes = 0;
  adapter.onSubscribe = async () => {
    // Each answer finds that something has changed again.
    subscriptions.remove(`change ${changes}`);
    changes += 1;
    subscriptions.add(`change ${changes}`, 'change');
    await tick();
  };
  assert.equal(await subscriptions.up(), true);
  for (let i = 0; i < 2500; i += 1) assert.ok(adapter.channels.has(`${i}`));
  subscriptions.down();
});

test(
  'what is left during an outage is left at the broker when it is back, and what comes and goes is nothing',
  LIMIT,
  async () => {
    const { adapter, subscriptions } = made();
    for (const channel of ['kept', 'left', 'returned']) subscriptions.add(channel, channel);
    await subscriptions.up();
    subscriptions.down();
    subscriptions.remove('left');
    subscriptions.remove('returned');
    subscriptions.add('returned', 'returned');
    subscriptions.add('new', 'new');
    subscriptions.add('short', 'short');
    subscriptions.remove('short');
    await tick();
    adapter.requests.length = 0;
    assert.equal(await subscriptions.up(), true);
    assert.deepEqual(adapter.requests, ['- left', '+ kept,new,returned']);
    assert.deepEqual([...adapter.channels].sort(), ['kept', 'new', 'returned']);
    subscriptions.down();
    adapter.requests.length = 0;
    await subscriptions.up();
    assert.deepEqual(adapter.requests, ['+ kept,new,returned'], 'left once');
  },
);

test('what an outage interrupts is done on the next connection', LIMIT, async () => {
  const { adapter, subscriptions } = made();
  subscriptions.add('kept', 'kept');
  subscriptions.add('left', 'left');
  await subscriptions.up();
  let fail;
  adapter.onUnsubscribe = () => new Promise((_, reject) => (fail = reject));
  subscriptions.remove('left');
  subscriptions.add('joined', 'joined');
  await tick();
  subscriptions.down();
  adapter.onUnsubscribe = () => {};
  adapter.requests.length = 0;
  assert.equal(await subscriptions.up(), true);
  // Only now it turns out that the earlier connection has not done it.
  fail(new Error('gone'));
  await tick();
  assert.deepEqual(adapter.requests, ['+ joined,kept', '- left']);
  assert.deepEqual([...adapter.channels].sort(), ['joined', 'kept']);
});

test('what is refused is asked for again, and holds up nothing else', LIMIT, async (t) => {
  const { adapter, failures, reported, subscriptions } = made();
  subscriptions.add('left', 'left');
  await subscriptions.up();
  const refused = new Error('NOPERM');
  adapter.onUnsubscribe = () => {
    throw refused;
  };
  adapter.onSubscribe = (channels) => {
    if (channels.includes('refused')) throw refused;
  };
  subscriptions.remove('left');
  subscriptions.add('refused', 'refused');
  await tick();
  subscriptions.add('other', 'other');
  await tick();
  assert.deepEqual(adapter.requests.slice(1), ['- left', '+ refused', '+ other']);
  adapter.requests.length = 0;
  adapter.onSubscribe = () => {};
  adapter.onUnsubscribe = () => {};
  // Its own timers keep no process alive.
  const alive = setInterval(() => {}, 1000);
  t.after(() => clearInterval(alive));
  while (failures.length < 2) await once(reported, 'failure');
  await tick();
  assert.deepEqual(failures, [refused, refused]);
  assert.deepEqual(adapter.requests.sort(), ['+ refused', '- left']);
  assert.deepEqual([...adapter.channels].sort(), ['other', 'refused']);
});
