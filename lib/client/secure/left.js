'use strict';

const { now } = require('../../util/clock.js');

/** Servers that are remembered, the latest, and for how long, in ms. */
const MOST = 1_000;
const LEFT_FOR = 600_000;

/** Servers that are left to Node's TLS for a while. */
class Left {
  /** Until when. @type {Map<string, number>} */
  #until = new Map();
  #clock;

  /** @param {() => number} [clock] ms */
  constructor(clock = now) {
    this.#clock = clock;
  }

  /** @param {string} server */
  add(server) {
    this.#until.delete(server);
    this.#until.set(server, this.#clock() + LEFT_FOR);
    if (this.#until.size > MOST) this.#until.delete(this.#until.keys().next().value ?? '');
  }

  /** @param {string} server @returns {boolean} */
  has(server) {
    return (this.#until.get(server) ?? -Infinity) > this.#clock();
  }
}

module.exports = { Left };
