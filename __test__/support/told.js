'use strict';

const assert = require('node:assert/strict');

/** A process that is told things and says when they are done, under the same name. */
class Told {
  #child;
  /** What of each name has been waited for. */
  #taken = new Map();

  /** @param {ReturnType<typeof import('./child').run>} child */
  constructor(child) {
    this.#child = child;
  }

  /** @param {...unknown} line a name, then arguments */
  tell(...line) {
    this.#child.tell(JSON.stringify(line));
  }

  /**
   * @param {string} name
   * @returns {Promise<any[]>} what it says next with this name
   */
  async says(name) {
    const index = this.#taken.get(name) ?? 0;
    this.#taken.set(name, index + 1);
    const all = () => this.#child.lines.filter(([said]) => said === name);
    const gone = this.#child.exited.then(() => assert.fail(`it ended without ${name}\n${this.#child.stderr}`));
    await Promise.race([this.#child.inbox.until(() => all().length > index), gone]);
    return all()[index].slice(1);
  }

  /**
   * @param {...unknown} line
   * @returns {Promise<any[]>} what it says to that
   */
  ask(...line) {
    this.tell(...line);
    return this.says(line[0]);
  }

  /** @returns {number} */
  get pid() {
    return this.#child.process.pid;
  }

  /** @returns {Promise<unknown>} resolves once it has ended */
  get exited() {
    return this.#child.exited;
  }

  /** @param {NodeJS.Signals} signal */
  kill(signal) {
    this.#child.process.kill(signal);
  }
}

module.exports = { Told };
