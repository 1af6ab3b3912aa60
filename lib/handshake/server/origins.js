'use strict';

const { invalidType } = require('../../util/errors.js');

/**
 * Checks the `origins` option.
 *
 * @param {string} name how messages name the option
 * @param {unknown} value a string, a RegExp, an array of these, or a function
 * @returns {(origin: string | undefined, req: object) => unknown} whether an origin is allowed
 */
function checkOrigins(name, value) {
  if (typeof value === 'function') {
    return /** @type {(origin: string | undefined, req: object) => unknown} */ (value);
  }
  const allowed = Array.isArray(value) ? [...value] : [value];
  if (!allowed.every((one) => typeof one === 'string' || one instanceof RegExp)) {
    throw invalidType(name, 'a string, a RegExp, an array of these, or a function', value);
  }
  // `search`, because `test` has a state where the RegExp is global.
  /** @param {string} origin @param {string | RegExp} one */
  const matches = (origin, one) => (typeof one === 'string' ? origin === one : origin.search(one) >= 0);
  return (origin) => origin !== undefined && allowed.some((one) => matches(origin, one));
}

module.exports = { checkOrigins };
