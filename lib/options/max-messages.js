'use strict';

const { integer } = require('./check.js');
const { invalidType } = require('../util/errors.js');

/** What may come at once where nothing is said of it, in seconds of the rate: as of control frames. */
const BURST = 10;

const MOST = 1_000_000;

/** What becomes of a peer that sends more. */
const ACTIONS = ['close', 'pause'];

const perSecond = integer(1, MOST, true);
const burst = integer(1, MOST * BURST);

/**
 * How many messages a peer may send.
 *
 * @typedef {object} MessageLimit
 * @property {number} perSecond `Infinity` if that is not limited
 * @property {number} burst
 * @property {boolean} pauses whether a peer that sends more is not read for a while; otherwise it is an error
 */

/**
 * Checks the `maxMessages` option.
 *
 * @param {string} name how messages name the option
 * @param {unknown} value a number per second, or an object
 * @returns {MessageLimit}
 * @throws {TypeError | RangeError} naming what is wrong
 */
function checkMaxMessages(name, value) {
  if (typeof value !== 'number' && (typeof value !== 'object' || value === null || Array.isArray(value))) {
    throw invalidType(name, 'a number, or an object { perSecond, burst, action }', value);
  }
  const given = /** @type {Record<string, unknown>} */ (typeof value === 'number' ? { perSecond: value } : value);
  // Read once: what is checked is what is kept.
  const { action = 'close', perSecond: asked, burst: askedBurst } = given;
  const rate = perSecond(typeof value === 'number' ? name : 'The "maxMessages.perSecond" option', asked);
  const most = Math.min(BURST * rate, MOST * BURST);
  const atOnce = burst('The "maxMessages.burst" option', askedBurst === undefined ? most : askedBurst);
  if (!ACTIONS.includes(/** @type {string} */ (action))) {
    throw invalidType('The "maxMessages.action" option', "'close' or 'pause'", action);
  }
  return Object.freeze({ perSecond: rate, burst: atOnce, pauses: action === 'pause' });
}

module.exports = { checkMaxMessages };
