'use strict';

const { createHash } = require('node:crypto');

const { decodeEnvelope } = require('./envelope.js');
const { Outgoing } = require('./outgoing.js');
const { Received } = require('./sequences.js');
const { Subscriptions } = require('./subscriptions.js');
const { nextTick, setImmediate, setTimeout } = require('../util/clock.js');
const { failure } = require('../util/errors.js');

/** Bytes of the longest topic that is its own channel: brokers do not take names of any length. */
const LONGEST = 128;

/** What every sid looks like, of whichever process: an envelope has room for no other. */
const SID = /^[\w-]{16}$/;

/**
 * The channel of a topic: no two topics have the same.
 *
 * @param {string} topic
 * @returns {string} of at most 128 bytes
 */
function channelOf(topic) {
  const isOwn = Buffer.byteLength(topic) <= LONGEST && !topic.startsWith('#');
  return isOwn ? topic : `#${createHash('sha256').update(topic).digest('base64url')}`;
}

/**
 * @typedef {import('../../index').Backplane} Adapter
 * @typedef {import('./envelope.js').How} How
 * @typedef {import('./envelope.js').Message} Message
 */

/**
 * What a `Base` does for an exchange.
 *
 * @typedef {object} Here
 * @property {(topic: string, message: Message) => void} deliver to the subscribers of this process
 * @property {(sid: string) => boolean} isHere whether a sid is of this process
 * @property {(state: 'up' | 'down', error?: Error) => void} changed
 * @property {(error: Error) => void} failed
 */

/**
 * A `Base` and those of other processes: what is published to a topic here goes to them, and the other way round.
 */
class Exchange {
  /** @type {'up' | 'down' | null} as the app was told last; `null` before the broker was reached or found missing */
  #state = null;
  #received = new Received();
  #outgoing;
  #subscriptions;
  #adapter;
  #here;
  #counters = { received: 0, lost: 0, duplicates: 0 };
  /** Whether a failure was reported within the last second. */
  #hasComplained = false;

  /**
   * @param {Adapter} adapter
   * @param {Here} here
   */
  constructor(adapter, here) {
    this.#adapter = adapter;
    this.#here = here;
    /** @param {unknown} error */
    const failed = (error) => this.#complain(error);
    this.#outgoing = new Outgoing(adapter, failed);
    this.#subscriptions = new Subscriptions(adapter, failed);
  }

  /**
   * Begins at once, so that the app can close the backplane from now on. What becomes of it the app hears in a later turn,
   * when it has had the time to listen to `backplane`.
   */
  start() {
    try {
      this.#adapter.start({
        up: () => this.#up(),
        down: (error) => this.#down(error),
        message: (channel, payload) => this.#message(channel, payload),
      });
    } catch (error) {
      this.#down(error instanceof Error ? error : new Error(String(error)));
    }
  }

  /** @param {string} topic that has its first subscriber here */
  first(topic) {
    this.#subscriptions.add(channelOf(topic), topic);
  }

  /** @param {string} topic whose last subscriber here has left */
  last(topic) {
    const channel = channelOf(topic);
    this.#subscriptions.remove(channel);
    this.#received.forget(channel);
  }

  /**
   * @param {string} topic
   * @param {number} opcode
   * @param {string | ArrayBufferView} data
   * @param {How} how
   */
  publish(topic, opcode, data, how) {
    // Those of this process are nowhere else.
    const except = how.except.filter((sid) => SID.test(sid) && !this.#here.isHere(sid));
    this.#outgoing.add(channelOf(topic), opcode, data, { ...how, except });
  }

  /** @returns {Record<string, number>} for `stats()` */
  stats() {
    const { published, refused } = this.#outgoing.counters;
    const { received, lost, duplicates } = this.#counters;
    return {
      backplanePublished: published,
      backplaneRefused: refused,
      backplaneReceived: received,
      backplaneLost: lost,
      backplaneDuplicates: duplicates,
      backplaneUp: this.#state === 'up' ? 1 : 0,
    };
  }

  /** The adapter has its connections; those of before are over, and so are their subscriptions. */
  async #up() {
    if (await this.#subscriptions.up()) {
      this.#outgoing.up();
      this.#become('up');
    }
  }

  /** @param {Error} error why there is no connection */
  #down(error) {
    this.#subscriptions.down();
    this.#outgoing.down();
    this.#become('down', error);
  }

  /** @param {'up' | 'down'} state @param {Error} [error] */
  #become(state, error) {
    if (this.#state === state) return;
    this.#state = state;
    // Not within a listener of the client's: what the app's own throws is the app's.
    nextTick(() => this.#here.changed(state, error));
  }

  /**
   * A message of the broker.
   *
   * @param {string} channel
   * @param {Uint8Array} payload
   */
  #message(channel, payload) {
    const topic = this.#subscriptions.wanted.get(channel);
    if (topic === undefined) return;
    let envelope;
    try {
      envelope = decodeEnvelope(payload);
    } catch (error) {
      const what = /** @type {Error} */ (error).message;
      this.#complain(new Error(`a message on the channel ${JSON.stringify(channel)} is not from this module: ${what}`));
      return;
    }
    const { node, messages } = envelope;
    if (node === this.#outgoing.node) return;
    const { lost, old } = this.#received.look(channel, envelope, messages.length);
    this.#counters.lost += lost;
    this.#counters.duplicates += old;
    for (const message of messages.slice(old)) {
      this.#counters.received += 1;
      this.#here.deliver(topic, message);
    }
  }

  /**
   * Reports what the broker refuses, unless it does so because its connection ends: of that the app hears anyway. It
   * hears of one failure a second.
   *
   * @param {unknown} cause
   */
  #complain(cause) {
    setImmediate(() => {
      if (this.#state === 'down' || this.#hasComplained) return;
      this.#hasComplained = true;
      setTimeout(() => {
        this.#hasComplained = false;
      }, 1000).unref();
      const error = failure('ERR_WS_BACKPLANE', `The backplane failed: ${messageOf(cause)}`);
      this.#here.failed(Object.assign(error, { cause }));
    });
  }
}

/** @param {unknown} cause @returns {string} */
function messageOf(cause) {
  return cause instanceof Error ? cause.message : String(cause);
}

module.exports = { Exchange, channelOf };
