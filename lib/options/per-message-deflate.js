'use strict';

const { boolean, integer } = require('./check.js');
const { limit } = require('../native/constants.js');
const { invalidType } = require('../util/errors.js');

const bits = integer(limit.MIN_WINDOW_BITS, limit.MAX_WINDOW_BITS);

/**
 * The settings of permessage-deflate (RFC 7692), by the names of `ws`: what each is where it is not
 * given, and what it may be.
 */
const SETTINGS = {
  // Messages of fewer bytes are sent as they are: they gain little, and cost a compression.
  threshold: { default: 1024, check: integer(0, Number.MAX_SAFE_INTEGER) },
  // As zlib has them: 0 only stores, 1 is the fastest, 9 the smallest.
  level: { default: 6, check: integer(0, 9) },
  // Bytes that the connections' windows may take before no more of them is agreed on.
  memoryLimit: { default: 128 * 1024 * 1024, check: integer(0, Number.MAX_SAFE_INTEGER, true) },
  serverNoContextTakeover: { default: false, check: boolean },
  clientNoContextTakeover: { default: false, check: boolean },
  serverMaxWindowBits: { default: limit.MAX_WINDOW_BITS, check: bits },
  clientMaxWindowBits: { default: limit.MAX_WINDOW_BITS, check: bits },
};

/**
 * Every setting, checked.
 *
 * `isFull` says that `memoryLimit` is reached: there is no more memory for windows.
 *
 * @typedef {{ readonly [K in keyof typeof SETTINGS]: ReturnType<(typeof SETTINGS)[K]['check']> }
 *   & { readonly isFull?: boolean }} DeflateSettings
 */

/**
 * Checks the `perMessageDeflate` option.
 *
 * @param {string} name how messages name the option
 * @param {unknown} value a boolean, or an object of settings
 * @returns {DeflateSettings | null} `null` for `false`
 * @throws {TypeError | RangeError} naming the setting that is wrong
 */
function checkPerMessageDeflate(name, value) {
  if (value === false) {
    return null;
  }
  if (typeof value !== 'boolean' && (typeof value !== 'object' || value === null || Array.isArray(value))) {
    throw invalidType(name, 'a boolean or an object', value);
  }
  const given = /** @type {Record<string, unknown>} */ (value === true ? {} : value);
  /** @type {Record<string, number | boolean>} */
  const checked = {};
  for (const [key, setting] of Object.entries(SETTINGS)) {
    // Read once: what is checked is what is kept.
    const { [key]: asked = setting.default } = given;
    checked[key] = setting.check(`The "perMessageDeflate.${key}" option`, asked);
  }
  return /** @type {DeflateSettings} */ (Object.freeze(checked));
}

/** What holds where the option does not say. */
const DEFAULTS = /** @type {DeflateSettings} */ (checkPerMessageDeflate('', true));

module.exports = { DEFAULTS, checkPerMessageDeflate };
