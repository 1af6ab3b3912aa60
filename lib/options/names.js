'use strict';

const { invalidType } = require('../util/errors.js');

/** How much a name may differ from a known one to be taken for it. */
const NEAR = 3;

/** What warnings have been about. @type {Set<string>} */
const warned = new Set();

/**
 * Looks for options that are none: what would be ignored in silence is often what an app's safety depends on.
 *
 * @param {string} what whose options they are
 * @param {object} options those that are `undefined` are not given
 * @param {readonly string[]} known
 * @param {Readonly<Record<string, string>>} elsewhere names that other libraries give to what we have too, and what that
 *   is here
 * @throws {TypeError} for one of these
 */
function checkNames(what, options, known, elsewhere) {
  const isKnown = new Set(known);
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined || isKnown.has(name)) {
      continue;
    }
    if (Object.hasOwn(elsewhere, name)) {
      throw invalidType(`The "${name}" option of ${what}`, `left out: ${elsewhere[name]} replaces it`, value);
    }
    warn(what, name, known);
  }
}

/**
 * Says once in the process that an option is unknown.
 *
 * @param {string} what
 * @param {string} name
 * @param {readonly string[]} known
 */
function warn(what, name, known) {
  const message = `${what} has no option "${name}"`;
  if (!warned.has(message)) {
    warned.add(message);
    const near = nearest(name, known);
    const hint = near === undefined ? '' : `. Did you mean "${near}"?`;
    process.emitWarning(`${message}${hint}`, { type: 'WebSocketWarning', code: 'WS_UNKNOWN_OPTION' });
  }
}

/**
 * @param {string} name
 * @param {readonly string[]} known
 * @returns {string | undefined}
 */
function nearest(name, known) {
  const distances = known.map((one) => ({ one, distance: distanceOf(name.toLowerCase(), one.toLowerCase()) }));
  const [best] = distances.sort((a, b) => a.distance - b.distance);
  return best !== undefined && best.distance <= Math.min(NEAR, name.length / 2) ? best.one : undefined;
}

/**
 * How many characters have to be changed, added or removed to make one word the other (Levenshtein).
 *
 * @param {string} one
 * @param {string} other
 * @returns {number}
 */
function distanceOf(one, other) {
  let row = Array.from({ length: other.length + 1 }, (_, at) => at);
  for (let i = 1; i <= one.length; i++) {
    const next = [i];
    for (let j = 1; j <= other.length; j++) {
      const change = row[j - 1] + (one[i - 1] === other[j - 1] ? 0 : 1);
      next.push(Math.min(change, row[j] + 1, next[j - 1] + 1));
    }
    row = next;
  }
  return row[other.length];
}

module.exports = { checkNames };
