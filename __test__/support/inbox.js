'use strict';

/**
 * Everything an emitter said, in order, to be taken one by one: nothing is missed between two
 * `await`s, and nothing is waited for by the clock.
 */
class Inbox {
  /**
   * @param {import('node:events').EventEmitter} emitter
   * @param {string[]} names
   */
  constructor(emitter, names) {
    this.all = [];
    this.lists = new Map(names.map((name) => [name, []]));
    this.taken = new Map(names.map((name) => [name, 0]));
    this.waiting = [];
    /** Of connections that were closed: whether that was clean, by sid. Tests that are about it look here. */
    this.clean = new Map();
    for (const name of names) emitter.on(name, (...args) => this.put(name, args));
  }

  /**
   * Records one event and wakes whoever waited for it.
   *
   * @param {string} name
   * @param {unknown[]} args
   */
  put(name, args) {
    if (name === 'close' && args.length === 4) this.clean.set(args[1], args.pop());
    this.all.push({ name, args });
    this.lists.get(name).push(args);
    if (this.waiting.length === 0) return;
    this.waiting = this.waiting.filter(({ test, resolve }) => {
      if (!test()) return true;
      resolve();
      return false;
    });
  }

  /**
   * @param {string} name
   * @returns {unknown[][]} the arguments of every event of that name so far, taken or not
   */
  list(name) {
    return this.lists.get(name);
  }

  /**
   * @param {string} name
   * @returns {Promise<unknown[]>} the arguments of the oldest event of that name not taken yet
   */
  async next(name) {
    const index = this.taken.get(name);
    this.taken.set(name, index + 1);
    return (await this.atLeast(name, index + 1))[index];
  }

  /**
   * @param {string} name
   * @param {string} last the event after which no more of them come
   * @returns {Promise<unknown[]>} as `next`; it is rejected once the other event has come instead
   */
  async nextBefore(name, last) {
    const index = this.taken.get(name);
    this.taken.set(name, index + 1);
    await this.until(() => this.list(name).length > index || this.list(last).length > 0);
    if (this.list(name).length <= index) throw new Error(`there is no ${name} any more: ${last} came after ${index}`);
    return this.list(name)[index];
  }

  /**
   * @param {string} name
   * @param {number} count
   * @returns {Promise<unknown[][]>} every event of that name, once there are as many
   */
  async atLeast(name, count) {
    await this.until(() => this.list(name).length >= count);
    return this.list(name);
  }

  /**
   * Resolves as soon as `test` holds; looked at after each event.
   *
   * @param {() => boolean} test
   * @returns {Promise<void>}
   */
  until(test) {
    if (test()) return Promise.resolve();
    return new Promise((resolve) => this.waiting.push({ test, resolve }));
  }
}

module.exports = { Inbox };
