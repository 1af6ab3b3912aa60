'use strict';

/** Options that are functions by nature; any other that is one is asked for each try. */
const FUNCTIONS = new Set(['checkServerIdentity', 'createConnection', 'lookup']);

/** Options of a whole `open`, and not of one try. */
const OF_ALL_TRIES = new Set(['agent', 'handshakeTimeout', 'maxRedirects', 'signal']);

/** @param {[string, unknown]} option @returns {boolean} whether it is asked for each try */
function isAsked([name, value]) {
  return typeof value === 'function' && !FUNCTIONS.has(name) && !OF_ALL_TRIES.has(name);
}

/**
 * The options that can be checked before the first try.
 *
 * @param {object} options
 * @returns {Record<string, unknown>}
 */
function fixed(options) {
  return Object.fromEntries(Object.entries(options).filter((option) => !isAsked(option)));
}

/**
 * The options of one try.
 *
 * @template {object} O
 * @param {O} options
 * @returns {O | Promise<O>} a Promise if the app's functions are to be asked, which may take their time
 */
function ofThisTry(options) {
  const asked = Object.entries(options).filter(isAsked);
  if (asked.length === 0) {
    return options;
  }
  return Promise.all(asked.map(async ([name, ask]) => [name, await ask()])).then((answers) => ({
    ...options,
    ...Object.fromEntries(answers),
  }));
}

module.exports = { fixed, ofThisTry };
