'use strict';

/** How many labels have a count of their own: an app's errors may have any code. */
const MOST = 50;

/** How often something has happened, by a label. */
class Tally {
  /** @type {Map<string, number>} */
  #counts = new Map();
  #other;

  /** @param {string} other the label of what there is no room for */
  constructor(other = 'other') {
    this.#other = other;
  }

  /** @param {string} label @returns {string} what it counts as */
  count(label) {
    const known = this.#counts.has(label) || this.#counts.size < MOST ? label : this.#other;
    this.#counts.set(known, (this.#counts.get(known) ?? 0) + 1);
    return known;
  }

  /** @returns {Record<string, number>} */
  toObject() {
    return Object.fromEntries(this.#counts);
  }
}

/**
 * What a close code counts as. Of those of libraries and apps a peer could name thousands (RFC 6455 §7.4.2).
 *
 * @param {number} code
 * @returns {string}
 */
function closeLabel(code) {
  if (code < 3000) return String(code);
  return code < 4000 ? '3xxx' : '4xxx';
}

module.exports = { Tally, closeLabel };
