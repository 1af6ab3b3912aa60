'use strict';

const { callable, object } = require('../options/check.js');
const { invalidType } = require('../util/errors.js');
const { isToken } = require('../options/headers.js');
const { PERMESSAGE_DEFLATE } = require('../native/constants.js');
const { checkPerMessageDeflate } = require('../options/per-message-deflate.js');

/** @typedef {Record<string, import('../../index').Extension>} Extensions */

/**
 * What the functions of `Upgrade` get after their first arguments: options, a callback, both or none.
 *
 * @param {unknown[]} rest
 * @returns {[options: unknown, callback: Function | undefined]}
 * @throws {TypeError} if the callback is none
 */
function optionsAndCallback(rest) {
  const [first] = rest;
  const [options, callback] = rest.length === 1 && typeof first === 'function' ? [undefined, first] : rest;
  return [options, callback === undefined ? undefined : callable('The "callback" argument', callback)];
}

/**
 * Checks which extensions may be on. Where an array names them, as in 2013, permessage-deflate is the one that is
 * built in.
 *
 * @param {{ extensions?: unknown, perMessageDeflate?: unknown }} options
 * @returns {{ extensions: Extensions, deflate: ReturnType<typeof checkPerMessageDeflate> }} by name, as
 *   `base.extensions` has them, and the settings of permessage-deflate
 * @throws {TypeError | RangeError} naming what is wrong
 */
function checkExtensions({ extensions = {}, perMessageDeflate }) {
  const names = Array.isArray(extensions) ? extensions : null;
  if (names?.every(isToken) === false) {
    throw invalidType('The "extensions" option', 'an object, or an array of names', extensions);
  }
  const isNamed = names?.includes(PERMESSAGE_DEFLATE) ?? false;
  const known = names?.filter((name) => name !== PERMESSAGE_DEFLATE).map((name) => [name, {}]);
  return {
    extensions: /** @type {Extensions} */ (
      known === undefined ? object('The "extensions" option', extensions) : Object.fromEntries(known)
    ),
    deflate: checkPerMessageDeflate('The "perMessageDeflate" option', perMessageDeflate ?? isNamed),
  };
}

module.exports = { checkExtensions, optionsAndCallback };
