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
  // Responses after which no further try is made: they will be the same.
  finalStatuses: { default: [401, 403, 404], check: ranges(300, 599) },
  // Close codes after which it is not opened again: the server has no more to say, or does not want us.
  finalCodes: { default: [1000, 1008, [4000, 4999]], check: ranges(1000, 4999) },
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

/** @typedef {(number | [number, number])[]} Ranges */

/**
 * Every setting, checked.
 *
 * @typedef {Record<'minDelay' | 'maxDelay' | 'factor' | 'jitter' | 'maxRetries', number> &
 *   Record<'finalStatuses' | 'finalCodes', Ranges>} Settings
 */

/**
 * A check of a list of numbers, and of pairs for all from one to another.
 *
 * @param {number} min
 * @param {number} max
 * @returns {(name: string, value: unknown) => Ranges}
 */
function ranges(min, max) {
  const expected = `an array of integers from ${min} to ${max}, and of pairs of them`;
  const isNumber = (/** @type {unknown} */ one) => Number.isInteger(one) && Number(one) >= min && Number(one) <= max;
  const isRange = (/** @type {unknown} */ one) => Array.isArray(one) && one.length === 2 && one.every(isNumber);
  return (name, value) => {
    if (!Array.isArray(value) || !value.every((one) => isNumber(one) || isRange(one))) {
      throw invalidType(name, expected, value);
    }
    return value.map((one) => (Array.isArray(one) ? [one[0], one[1]] : one));
  };
}

/**
 * @param {Ranges} list
 * @param {number | undefined} value
 * @returns {boolean}
 */
function isIn(list, value) {
  return list.some((one) =>
    Array.isArray(one) ? value !== undefined && value >= one[0] && value <= one[1] : value === one,
  );
}

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
  /** @type {Record<string, unknown>} */
  const checked = {};
  for (const [name, setting] of Object.entries(SETTINGS)) {
    checked[name] = setting.check(`The "reconnect.${name}" option`, given[name] ?? setting.default);
  }
  return /** @type {Settings} */ (/** @type {unknown} */ (checked));
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

module.exports = { checkReconnect, delayBefore, isIn };
