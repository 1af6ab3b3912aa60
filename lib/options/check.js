'use strict';

const { invalidType, outOfRange } = require('../util/errors.js');

/**
 * A check of a whole number in a range; `Infinity` only where it is allowed.
 *
 * @param {number} min
 * @param {number} max
 * @param {boolean} [infinite]
 * @returns {(name: string, value: unknown) => number}
 */
function integer(min, max, infinite = false) {
  const expected = `an integer from ${min} to ${max}${infinite ? ', or Infinity' : ''}`;
  return (name, value) => {
    if (typeof value !== 'number') {
      throw invalidType(name, expected, value);
    }
    if (infinite && value === Infinity) {
      return value;
    }
    if (!Number.isInteger(value) || value < min || value > max) {
      throw outOfRange(name, expected, value);
    }
    return value;
  };
}

/** A check of ms: the longest delay of a Node timer; delays beyond it are not kept elsewhere either. */
const delay = integer(0, 2 ** 31 - 1);

/**
 * @param {string} name
 * @param {unknown} value
 * @returns {boolean}
 */
function boolean(name, value) {
  if (typeof value !== 'boolean') {
    throw invalidType(name, 'a boolean', value);
  }
  return value;
}

/**
 * @param {string} name
 * @param {unknown} value
 * @returns {Record<string, unknown>}
 */
function object(name, value) {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw invalidType(name, 'an object', value);
  }
  return /** @type {Record<string, unknown>} */ (value);
}

/**
 * @param {string} name
 * @param {unknown} value
 * @returns {Function}
 */
function callable(name, value) {
  if (typeof value !== 'function') {
    throw invalidType(name, 'a function', value);
  }
  return value;
}

module.exports = { boolean, callable, delay, integer, object };
