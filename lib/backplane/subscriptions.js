'use strict';

const { nextTick, setTimeout } = require('../util/clock.js');

/** Milliseconds until a broker that has refused a subscription is asked again. */
const AGAIN = 1000;

/** Channels that one request may have. */
const AT_A_TIME = 1000;

/** Instead of a connection's number: nobody knows whether the broker has the subscription. */
const UNKNOWN = 0;

/** @typedef {import('../../index').Backplane} Adapter */

/**
 * Has the broker subscribed to what is wanted: one request at a time, with all that has changed since the last.
 */
class Subscriptions {
  /** Channels with subscribers here, and the topic of each. @type {Map<string, string>} */
  wanted = new Map();
  /** Channels that the broker may have, and the connection on which it was asked for them. @type {Map<string, number>} */
  #asked = new Map();
  /** Channels of which the broker does not know yet that they are wanted, or no longer. @type {Set<string>} */
  #changed = new Set();
  /** The number of the connection to the broker: what an earlier one answers counts for nothing. */
  #generation = UNKNOWN;
  #isUp = false;
  #isBusy = false;
  #isScheduled = false;
  #adapter;
  #failed;

  /**
   * @param {Adapter} adapter
   * @param {(error: unknown) => void} failed called when the broker has refused
   */
  constructor(adapter, failed) {
    this.#adapter = adapter;
    this.#failed = failed;
  }

  /** @param {string} channel @param {string} topic */
  add(channel, topic) {
    this.wanted.set(channel, topic);
    this.#look(channel);
  }

  /** @param {string} channel */
  remove(channel) {
    this.wanted.delete(channel);
    this.#look(channel);
  }

  /**
   * The broker is there. Asks it for all that is wanted, and to leave what was left while it was away: client libraries
   * may have subscribed again by themselves to what they had.
   *
   * @returns {Promise<boolean>} whether it is still there when it has been asked for all. What changes meanwhile does
   *   not hold this up
   */
  async up() {
    this.#generation += 1;
    const generation = this.#generation;
    for (const channels of [this.wanted, this.#asked]) {
      for (const channel of channels.keys()) this.#look(channel);
    }
    this.#isUp = true;
    await new Promise((/** @type {(value: void) => void} */ resolve) => {
      this.#settle(resolve);
    });
    return this.#isUp && generation === this.#generation;
  }

  /** The broker is gone. */
  down() {
    this.#generation += 1;
    this.#isUp = false;
    this.#isBusy = false;
  }

  /** Looks whether the broker has to hear of a channel. @param {string} channel */
  #look(channel) {
    const asked = this.#asked.get(channel);
    const isKnown = this.wanted.has(channel) ? asked === this.#generation : asked === undefined;
    if (isKnown) {
      this.#changed.delete(channel);
    } else {
      this.#changed.add(channel);
      this.#schedule();
    }
  }

  /** Asks at the end of the tick: who leaves and comes within it changes nothing. */
  #schedule() {
    if (!this.#isUp || this.#isBusy || this.#isScheduled) return;
    this.#isScheduled = true;
    nextTick(() => {
      this.#isScheduled = false;
      if (this.#isUp && !this.#isBusy) this.#settle();
    });
  }

  /**
   * Asks until the broker knows of all that has changed.
   *
   * @param {() => void} [caughtUp] called when it knows of what has changed until now
   */
  async #settle(caughtUp = () => {}) {
    const generation = this.#generation;
    this.#isBusy = true;
    // What changes from now on is behind these in the Set.
    let due = this.#changed.size;
    while (generation === this.#generation && this.#changed.size > 0) {
      const { left, joined } = this.#take();
      due -= left.length + joined.length;
      await this.#ask('unsubscribe', left, generation);
      await this.#ask('subscribe', joined, generation);
      if (due <= 0) caughtUp();
    }
    if (generation === this.#generation) this.#isBusy = false;
    caughtUp();
  }

  /**
   * Takes as many changes as one request may have, the oldest first.
   *
   * @returns {{ left: string[], joined: string[] }}
   */
  #take() {
    /** @type {string[]} */
    const left = [];
    /** @type {string[]} */
    const joined = [];
    for (const channel of this.#changed) {
      this.#changed.delete(channel);
      if (this.wanted.has(channel)) {
        this.#asked.set(channel, this.#generation);
        joined.push(channel);
      } else {
        this.#asked.delete(channel);
        left.push(channel);
      }
      if (left.length + joined.length === AT_A_TIME) break;
    }
    return { left, joined };
  }

  /**
   * @param {'subscribe' | 'unsubscribe'} what
   * @param {string[]} channels
   * @param {number} generation the connection that it is about
   */
  async #ask(what, channels, generation) {
    // What a connection was not asked before it ended, the next one is: it is noted as asked of the earlier one.
    if (channels.length === 0 || generation !== this.#generation) return;
    try {
      await this.#adapter[what](channels);
    } catch (error) {
      for (const channel of channels) {
        const asked = this.#asked.get(channel);
        if (asked === undefined || asked === generation) this.#asked.set(channel, UNKNOWN);
      }
      this.#again(error, channels, generation);
    }
  }

  /**
   * Asks again: later, or at once if it was refused because the connection ended.
   *
   * @param {unknown} error
   * @param {string[]} channels
   * @param {number} generation
   */
  #again(error, channels, generation) {
    if (generation !== this.#generation) {
      for (const channel of channels) this.#look(channel);
      return;
    }
    const timer = setTimeout(() => {
      // Each new connection looks at all of them.
      if (generation !== this.#generation) return;
      this.#failed(error);
      for (const channel of channels) this.#look(channel);
    }, AGAIN);
    timer.unref();
  }
}

module.exports = { Subscriptions };
