'use strict';

const { delay, integer } = require('../options/check.js');
const { invalidType, outOfRange } = require('../util/errors.js');

/** The settings of the `reconnect` option: what each is where it is not given, and what it may be. */
const SETTINGS = {
  // The longest wait before the first try, in ms.
  minDelay: { default: 1_000, check: delay },
  // The longest wait of all, in ms.
  maxDelay: { default: 30_000, check: delay },
  // By how much the longest wait grows with each try.
  factor: { default: 2, check: between(1, 100) },
  // How much of a wait is chance: 0 none, 1 all of it. Clients of a server that comes back would
  // otherwise all come at once.
  jitter: { default: 1, check: between(0, 1) },
  maxRetries: { default: Infinity, check: integer(0, Number.MAX_SAFE_INTEGER, true) },
};

/**
 * A check of a number in a range.
 *
 * @param {number} min
 * @param {number} max
 * @returns {(name: string, value: unknown) => number}
 */
function between(min, max) {
  const expected = `a number from ${min} to ${max}`;
  return (name, value) => {
    if (typeof value !== 'number') {
      throw invalidType(name, expected, value);
    }
    if (!(value >= min && value <= max)) {
      throw outOfRange(name, expected, value);
    }
    return value;
  };
}

/** @typedef {Record<keyof typeof SETTINGS, number>} Settings every setting, checked */

/**
 * Checks the `reconnect` option.
 *
 * @param {unknown} value a boolean, or an object of settings
 * @returns {Settings | null} `null` for `false`
 */
function checkReconnect(value = false) {
  if (value === false) {
    return null;
  }
  if (value !== true && (typeof value !== 'object' || value === null || Array.isArray(value))) {
    throw invalidType('The "reconnect" option', 'a boolean or an object', value);
  }
  const given = /** @type {Record<string, unknown>} */ (value === true ? {} : value);
  /** @type {Record<string, number>} */
  const checked = {};
  for (const [name, setting] of Object.entries(SETTINGS)) {
    checked[name] = setting.check(`The "reconnect.${name}" option`, given[name] ?? setting.default);
  }
  return /** @type {Settings} */ (checked);
}

/**
 * How long to wait before a try.
 *
 * @param {Settings} settings
 * @param {number} tries that have been made already
 * @param {number} chance from 0 to 1
 * @returns {number} in ms
 */
function delayBefore({ minDelay, maxDelay, factor, jitter }, tries, chance) {
  // From nothing it grows as from 1 ms: a server that is down is not asked in a loop.
  const first = tries === 0 ? minDelay : Math.max(minDelay, 1);
  const longest = Math.min(maxDelay, first * factor ** tries);
  return longest * (1 - jitter * chance);
}

module.exports = { checkReconnect, delayBefore };
