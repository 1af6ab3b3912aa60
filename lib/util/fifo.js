'use strict';

/** Slots of items already taken that may be kept before the array is cut. */
const SLACK = 1024;

/**
 * First in, first out; taking one does not move the others.
 *
 * @template T
 */
class Fifo {
  /** @type {(T | undefined)[]} */
  #items = [];
  #taken = 0;

  /** How many are inside. */
  get length() {
    return this.#items.length - this.#taken;
  }

  /** @param {T} item */
  push(item) {
    this.#items.push(item);
  }

  /** @returns {T | undefined} the one that is inside the longest */
  shift() {
    if (this.length === 0) {
      return undefined;
    }
    const item = this.#items[this.#taken];
    this.#items[this.#taken] = undefined;
    this.#taken++;
    if (this.length === 0) {
      this.clear();
    } else if (this.#taken > SLACK && this.#taken > this.length) {
      this.#items.splice(0, this.#taken);
      this.#taken = 0;
    }
    return item;
  }

  /** Lets go of all. */
  clear() {
    this.#items = [];
    this.#taken = 0;
  }
}

module.exports = { Fifo };
