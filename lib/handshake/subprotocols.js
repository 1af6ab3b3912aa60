'use strict';

const { invalidType } = require('../util/errors.js');
const { isToken } = require('../options/headers.js');

/**
 * Checks a list of subprotocols (RFC 6455 §11.3.4).
 *
 * @param {string} name how messages name it
 * @param {unknown} value a token or an array of different ones
 * @returns {string[]}
 */
function checkProtocols(name, value) {
  const protocols = Array.isArray(value) ? [...value] : [value];
  if (!protocols.every(isToken) || new Set(protocols).size < protocols.length) {
    throw invalidType(name, 'an array of different tokens', value);
  }
  return protocols;
}

/**
 * Checks a server's `protocols` option.
 *
 * @param {string} name
 * @param {unknown} value those that it speaks, in its order of preference, or a function
 * @returns {(offered: string[], req: object) => unknown} which of the offered ones it chooses
 */
function checkChoice(name, value) {
  if (typeof value === 'function') {
    return /** @type {(offered: string[], req: object) => unknown} */ (value);
  }
  const spoken = checkProtocols(name, value);
  return (offered) => spoken.find((protocol) => offered.includes(protocol));
}

module.exports = { checkChoice, checkProtocols };
