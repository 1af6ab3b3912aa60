'use strict';

const { nextTick, setTimeout } = require('../util/clock.js');

/** Milliseconds until a broker that has refused a subscription is asked again. */
const AGAIN = 1000;

/** Channels that one request may have. */
const AT_A_TIME = 1000;

/** @typedef {import('../../index').Backplane} Adapter */

/**
 * Has the broker subscribed to what is wanted: one request at a time, with all that has changed since the last.
 */
class Subscriptions {
  /** Channels with subscribers here, and the topic of each. @type {Map<string, string>} */
  wanted = new Map();
  /** Channels that the broker was asked for since it is there. @type {Set<string>} */
  #asked = new Set();
  /** Which connection to the broker it is: what an earlier one answers counts for nothing. */
  #generation = 0;
  #isUp = false;
  #isBusy = false;
  #isScheduled = false;
  #adapter;
  #failed;

  /**
   * @param {Adapter} adapter
   * @param {(error: unknown) => void} failed told that the broker has refused
   */
  constructor(adapter, failed) {
    this.#adapter = adapter;
    this.#failed = failed;
  }

  /** @param {string} channel @param {string} topic */
  add(channel, topic) {
    this.wanted.set(channel, topic);
    this.#schedule();
  }

  /** @param {string} channel */
  remove(channel) {
    this.wanted.delete(channel);
    this.#schedule();
  }

  /**
   * The broker is there, and has no subscription yet.
   *
   * @returns {Promise<boolean>} whether it is still there when it has been asked for all
   */
  async up() {
    this.#generation += 1;
    const generation = this.#generation;
    this.#asked.clear();
    this.#isUp = true;
    await this.#settle();
    return this.#isUp && generation === this.#generation;
  }

  /** The broker is gone, and the subscriptions with it. */
  down() {
    this.#generation += 1;
    this.#isUp = false;
    this.#isBusy = false;
  }

  /** Looks at the end of the tick: who leaves and comes within it changes nothing. */
  #schedule() {
    if (!this.#isUp || this.#isBusy || this.#isScheduled) return;
    this.#isScheduled = true;
    nextTick(() => {
      this.#isScheduled = false;
      if (this.#isUp && !this.#isBusy) this.#settle();
    });
  }

  /** Asks until the broker has been asked for what is wanted, and for nothing else. */
  async #settle() {
    const generation = this.#generation;
    this.#isBusy = true;
    for (;;) {
      const left = some(this.#asked, (channel) => !this.wanted.has(channel));
      const joined = some(this.wanted.keys(), (channel) => !this.#asked.has(channel));
      if (left.length + joined.length === 0) break;
      for (const channel of left) this.#asked.delete(channel);
      for (const channel of joined) this.#asked.add(channel);
      try {
        if (left.length > 0) await this.#adapter.unsubscribe(left);
        if (generation === this.#generation && joined.length > 0) await this.#adapter.subscribe(joined);
      } catch (error) {
        if (generation === this.#generation) {
          this.#again(error, joined);
          break;
        }
      }
      if (generation !== this.#generation) return;
    }
    if (generation === this.#generation) this.#isBusy = false;
  }

  /**
   * Asks again later, unless it was refused because the connection ends.
   *
   * @param {unknown} error
   * @param {string[]} channels
   */
  #again(error, channels) {
    const generation = this.#generation;
    const timer = setTimeout(() => {
      if (generation !== this.#generation) return;
      this.#failed(error);
      for (const channel of channels) this.#asked.delete(channel);
      this.#schedule();
    }, AGAIN);
    timer.unref();
  }
}

/**
 * @param {Iterable<string>} channels
 * @param {(channel: string) => boolean} isWanted
 * @returns {string[]} as many of these as one request may have
 */
function some(channels, isWanted) {
  const found = [];
  for (const channel of channels) {
    if (isWanted(channel) && found.push(channel) === AT_A_TIME) break;
  }
  return found;
}

module.exports = { Subscriptions };
