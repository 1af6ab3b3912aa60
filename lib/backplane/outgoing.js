'use strict';

const { randomBytes } = require('node:crypto');

const { NODE_BYTES, encodeEnvelope, encodeMessage, nodeName } = require('./envelope.js');
const { Numbers } = require('./sequences.js');
const { nextTick } = require('../util/clock.js');

/** Bytes of messages that may be on their way to the broker: what is published past it is refused. */
const MAX_UNDER_WAY = 16 * 1024 * 1024;

/** Bytes of messages from which on an envelope takes no more. */
const FULL = 256 * 1024;

/**
 * @typedef {import('../../index').Backplane} Adapter
 * @typedef {import('./envelope.js').How} How
 */

/**
 * What goes to the broker. Nothing waits for it here: what cannot leave at the end of the tick is refused.
 */
class Outgoing {
  #id = randomBytes(NODE_BYTES);
  #numbers = new Numbers();
  /** Messages of this tick, by channel. @type {Map<string, Buffer[]>} */
  #batches = new Map();
  /** Of the connection that is up: the bytes of what the broker has not taken yet. */
  #load = { bytes: 0 };
  #isUp = false;
  #adapter;
  #failed;
  counters = { published: 0, refused: 0 };

  /**
   * @param {Adapter} adapter
   * @param {(error: unknown) => void} failed gets the reason if the broker does not take a message
   */
  constructor(adapter, failed) {
    this.#adapter = adapter;
    this.#failed = failed;
  }

  /** What envelopes of this process have as their node. */
  get node() {
    return nodeName(this.#id);
  }

  /** The broker is there. */
  up() {
    this.#isUp = true;
    this.#load = { bytes: 0 };
  }

  /** The broker is gone: what this tick has published is refused as well. */
  down() {
    this.#isUp = false;
    for (const batch of this.#batches.values()) this.counters.refused += batch.length;
    this.#batches.clear();
  }

  /**
   * Publishes at the end of the tick, or refuses.
   *
   * @param {string} channel
   * @param {number} opcode
   * @param {string | ArrayBufferView} data
   * @param {How} how
   */
  add(channel, opcode, data, how) {
    if (!this.#isUp || this.#load.bytes >= MAX_UNDER_WAY) {
      this.counters.refused += 1;
      return;
    }
    const message = encodeMessage(opcode, data, how);
    this.#load.bytes += message.length;
    const batch = this.#batches.get(channel);
    if (batch === undefined) this.#batches.set(channel, [message]);
    else batch.push(message);
    if (this.#batches.size === 1 && batch === undefined) nextTick(() => this.#flush());
  }

  /** Sends what this tick has published. */
  #flush() {
    const batches = this.#batches;
    this.#batches = new Map();
    for (const [channel, batch] of batches) {
      for (let from = 0; from < batch.length; ) {
        let bytes = 0;
        let to = from;
        while (to < batch.length && bytes < FULL) bytes += batch[to++].length;
        this.#send(channel, batch.slice(from, to), bytes);
        from = to;
      }
    }
  }

  /**
   * @param {string} channel
   * @param {Buffer[]} messages
   * @param {number} bytes of them
   */
  #send(channel, messages, bytes) {
    if (!this.#isUp) {
      this.counters.refused += messages.length;
      return;
    }
    const load = this.#load;
    const taken = this.#numbers.take(channel, messages.length);
    let sent;
    try {
      sent = this.#adapter.publish(channel, encodeEnvelope({ node: this.#id, ...taken }, messages));
    } catch (error) {
      load.bytes -= bytes;
      this.#numbers.giveBack(channel, taken);
      this.counters.refused += messages.length;
      this.#failed(error);
      return;
    }
    this.counters.published += messages.length;
    // Whether a message arrives whose publishing fails later, nobody knows here: by its number receivers do.
    Promise.resolve(sent).then(
      () => {
        load.bytes -= bytes;
      },
      (error) => {
        load.bytes -= bytes;
        this.#failed(error);
      },
    );
  }
}

module.exports = { Outgoing };
