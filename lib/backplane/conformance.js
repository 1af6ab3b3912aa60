'use strict';

const assert = require('node:assert/strict');
const { EventEmitter, once } = require('node:events');
const { test } = require('node:test');

/** @typedef {import('../../index').Backplane} Backplane */

const LIMIT = { timeout: 10_000 };

/** What has to arrive as it is. */
const PAYLOADS = [
  Buffer.from([0]),
  Buffer.from(Array.from({ length: 256 }, (_, byte) => byte)),
  Buffer.from('😀 text\r\n'),
  Buffer.alloc(300 * 1024, 'large'),
];

/** Names that mean something to one broker or another. */
const CHANNELS = [
  'a',
  'A',
  ' ',
  '*',
  '>',
  'a.b',
  'a.*',
  'two words',
  '{tag}',
  '=20',
  '-',
  '__proto__',
  'line\r\nfeed',
  '\0',
  'ä',
  '😀',
  'x'.repeat(128),
];

/** A process that takes part, as far as an adapter can tell. */
class Member extends EventEmitter {
  /** @type {['up' | 'down', unknown][]} */
  states = [];
  /** @type {[channel: string, payload: Buffer][]} */
  messages = [];

  /** @param {Backplane} backplane */
  constructor(backplane) {
    super();
    this.backplane = backplane;
    backplane.start({
      up: () => this.#note(() => this.states.push(['up', undefined])),
      down: (error) => this.#note(() => this.states.push(['down', error])),
      message: (channel, payload) => this.#note(() => this.messages.push([channel, Buffer.from(payload)])),
    });
  }

  /** @param {() => void} note */
  #note(note) {
    note();
    this.emit('news');
  }

  /** @param {() => boolean} isSo */
  async until(isSo) {
    while (!isSo()) await once(this, 'news');
  }

  /** @param {'up' | 'down'} state */
  async is(state) {
    await this.until(() => this.states.at(-1)?.[0] === state);
  }

  /** @param {string} channel @returns {string[]} what came by it, as text */
  of(channel) {
    return this.messages.filter(([one]) => one === channel).map(([, payload]) => payload.toString());
  }
}

/**
 * Registers tests with `node:test` that each adapter has to pass.
 *
 * @param {string} name of the adapter
 * @param {import('../../backplane-test').Subject} subject
 */
function testBackplane(name, { create, outage }) {
  /**
   * @param {import('node:test').TestContext} t
   * @param {number} count
   * @returns {Promise<Member[]>} members that are up, and closed when the test ends
   */
  async function members(t, count) {
    const made = [];
    for (let i = 0; i < count; i += 1) {
      const member = new Member(await create());
      made.push(member);
      t.after(() => member.backplane.close());
      await member.is('up');
    }
    return made;
  }

  test(`${name}: it says once that the broker is there`, LIMIT, async (t) => {
    const [one] = await members(t, 1);
    await one.backplane.subscribe(['a']);
    assert.deepEqual(one.states, [['up', undefined]]);
  });

  test(
    `${name}: what is published arrives as it is, where the channel is subscribed, and nowhere else`,
    LIMIT,
    async (t) => {
      const [publisher, one, two, other] = await members(t, 4);
      await one.backplane.subscribe(['bytes']);
      await two.backplane.subscribe(['other', 'bytes']);
      await other.backplane.subscribe(['other']);
      for (const payload of PAYLOADS) await publisher.backplane.publish('bytes', payload);
      await publisher.backplane.publish('other', Buffer.from('end'));
      const expected = PAYLOADS.map((payload) => ['bytes', payload]);
      await one.until(() => one.messages.length >= expected.length);
      await two.until(() => two.of('other').length > 0 && two.of('bytes').length >= expected.length);
      await other.until(() => other.messages.length > 0);
      assert.deepEqual(one.messages, expected);
      assert.deepEqual(
        two.messages.filter(([channel]) => channel === 'bytes'),
        expected,
      );
      assert.deepEqual(other.messages, [['other', Buffer.from('end')]]);
    },
  );

  test(`${name}: messages of one publisher keep their order`, LIMIT, async (t) => {
    const [publisher, one] = await members(t, 2);
    await one.backplane.subscribe(['order']);
    const texts = Array.from({ length: 2000 }, (_, i) => `${i}`);
    await Promise.all(texts.map((text) => publisher.backplane.publish('order', Buffer.from(text))));
    await one.until(() => one.messages.length >= texts.length);
    assert.deepEqual(one.of('order'), texts);
  });

  test(`${name}: a channel is any string of 1 to 128 bytes`, LIMIT, async (t) => {
    const [publisher, one] = await members(t, 2);
    await one.backplane.subscribe(CHANNELS);
    for (const channel of CHANNELS) await publisher.backplane.publish(channel, Buffer.from(channel));
    await one.until(() => one.messages.length >= CHANNELS.length);
    for (const channel of CHANNELS) assert.deepEqual(one.of(channel), [channel], JSON.stringify(channel));
  });

  test(`${name}: subscriptions hold when their promise resolves, 1,000 at a time`, LIMIT, async (t) => {
    const [publisher, one] = await members(t, 2);
    const channels = Array.from({ length: 1000 }, (_, i) => `many-${i}`);
    await one.backplane.subscribe(channels);
    await Promise.all(channels.map((channel) => publisher.backplane.publish(channel, Buffer.from('first'))));
    await one.until(() => one.messages.length >= channels.length);
    for (const channel of channels) assert.deepEqual(one.of(channel), ['first'], channel);
  });

  test(`${name}: nothing comes by a channel that was left, until it is subscribed again`, LIMIT, async (t) => {
    const [publisher, one] = await members(t, 2);
    await one.backplane.subscribe(['left', 'kept']);
    await one.backplane.unsubscribe(['left']);
    await one.backplane.unsubscribe(['left', 'never subscribed']);
    // What one connection asks for, it gets in that order.
    await one.backplane.subscribe(['later']);
    for (const channel of ['left', 'kept']) await publisher.backplane.publish(channel, Buffer.from('1'));
    await one.until(() => one.of('kept').length === 1);
    await one.backplane.subscribe(['left']);
    for (const channel of ['left', 'kept']) await publisher.backplane.publish(channel, Buffer.from('2'));
    await one.until(() => one.of('kept').length === 2 && one.of('left').length > 0);
    assert.deepEqual(one.of('left'), ['2']);
  });

  test(`${name}: to subscribe twice is to subscribe once`, LIMIT, async (t) => {
    const [publisher, one] = await members(t, 2);
    await one.backplane.subscribe(['twice']);
    await one.backplane.subscribe(['twice', 'end']);
    await publisher.backplane.publish('twice', Buffer.from('once'));
    await publisher.backplane.publish('end', Buffer.from('end'));
    await one.until(() => one.of('end').length === 1 && one.of('twice').length > 0);
    assert.deepEqual(one.of('twice'), ['once']);
  });

  test(`${name}: it serves one Base`, LIMIT, async (t) => {
    const [one] = await members(t, 1);
    assert.throws(() => one.backplane.start({ up() {}, down() {}, message() {} }));
  });

  test(`${name}: closed, it is down and refuses, and others go on`, LIMIT, async (t) => {
    const [one, two, three] = await members(t, 3);
    await two.backplane.subscribe(['after']);
    await one.backplane.close();
    await one.is('down');
    assert.ok(one.states.at(-1)?.[1] instanceof Error);
    await assert.rejects(async () => one.backplane.publish('after', Buffer.from('too late')));
    await one.backplane.close();
    await three.backplane.publish('after', Buffer.from('others'));
    await two.until(() => two.messages.length > 0);
    assert.deepEqual(two.of('after'), ['others']);
    assert.equal(one.states.length, 2);
  });

  test(`${name}: it can be closed before it is up`, LIMIT, async () => {
    const one = new Member(await create());
    await one.backplane.close();
    await one.is('down');
  });

  const skip = outage === undefined && 'no outage was given';
  test(`${name}: without a broker it refuses, keeps nothing, and comes back`, { ...LIMIT, skip }, async (t) => {
    const [publisher, one] = await members(t, 2);
    await one.backplane.subscribe(['outage', 'left']);
    const end = await /** @type {NonNullable<typeof outage>} */ (outage)();
    await Promise.all([publisher.is('down'), one.is('down')]);
    for (const [state, error] of [publisher.states.at(-1), one.states.at(-1)].map((last) => last ?? [])) {
      assert.equal(state, 'down');
      assert.ok(error instanceof Error);
    }
    for (let i = 0; i < 100; i += 1) {
      await assert.rejects(async () => publisher.backplane.publish('outage', Buffer.from(`lost ${i}`)));
    }
    await end();
    await Promise.all([publisher.is('up'), one.is('up')]);
    // As a `Base` does: it leaves what was left meanwhile, whether the client library still has it or not.
    await one.backplane.unsubscribe(['left']);
    await one.backplane.subscribe(['outage']);
    await publisher.backplane.publish('left', Buffer.from('not heard'));
    await publisher.backplane.publish('outage', Buffer.from('back'));
    await one.until(() => one.of('outage').length > 0);
    assert.deepEqual(one.messages, [['outage', Buffer.from('back')]]);
  });
}

module.exports = { testBackplane };
