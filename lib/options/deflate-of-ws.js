'use strict';

/**
 * The `perMessageDeflate` option of `ws`.
 *
 * @typedef {object} DeflateOptions
 * @property {number} [threshold]
 * @property {boolean} [serverNoContextTakeover]
 * @property {boolean} [clientNoContextTakeover]
 * @property {number | boolean} [serverMaxWindowBits]
 * @property {number | boolean} [clientMaxWindowBits]
 * @property {{ level?: number }} [zlibDeflateOptions]
 */

/**
 * That option, as a `Base` takes it. The other options of zlib have no meaning here.
 *
 * @param {DeflateOptions | boolean | undefined} given
 * @returns {import('../../index').PerMessageDeflateOptions | false}
 */
function deflateOptions(given) {
  if (!given) {
    return false;
  }
  const settings = given === true ? {} : given;
  const { threshold, serverNoContextTakeover, clientNoContextTakeover, zlibDeflateOptions } = settings;
  const { level } = zlibDeflateOptions ?? {};
  /** @param {unknown} value */
  const bits = (value) => (typeof value === 'number' ? value : undefined);
  return {
    threshold,
    level: level === -1 ? undefined : level,
    serverNoContextTakeover,
    clientNoContextTakeover,
    serverMaxWindowBits: bits(settings.serverMaxWindowBits),
    clientMaxWindowBits: bits(settings.clientMaxWindowBits),
  };
}

module.exports = { deflateOptions };
