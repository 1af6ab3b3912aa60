'use strict';

const { invalidType } = require('../util/errors.js');
const { isToken } = require('../options/headers.js');
const native = require('../native/native.js');
const { PERMESSAGE_DEFLATE } = require('../native/constants.js');

/**
 * An extension that is on.
 *
 * @typedef {object} Resolved
 * @property {string} name
 * @property {import('../../index').Extension['read']} [read]
 * @property {import('../../index').Extension['write']} [write]
 * @property {string} [agreed] the element of permessage-deflate
 */

/**
 * The extensions that are on for a socket.
 *
 * @param {Record<string, import('../../index').Extension>} known the `extensions` of the `Base`
 * @param {unknown} asked an array of names or of elements with parameters, or the value of a
 *   `Sec-WebSocket-Extensions` header
 * @returns {Resolved[]} in the order of the header
 * @throws {TypeError} where one is unknown, is no extension, or permessage-deflate was not agreed on
 *   like that
 */
function resolveExtensions(known, asked) {
  if (asked === undefined || asked === null) {
    return [];
  }
  const elements = typeof asked === 'string' ? elementsOf(asked) : asked;
  if (!Array.isArray(elements)) {
    throw invalidType('The "extensions" option', 'an array of strings or a string', asked);
  }
  const resolved = elements.map((element) => resolveOne(known, element));
  if (resolved.filter(({ agreed }) => agreed !== undefined).length > 1) {
    throw invalidType('The "extensions" option', `a list with ${PERMESSAGE_DEFLATE} once`, asked);
  }
  return resolved;
}

/**
 * @param {Record<string, import('../../index').Extension>} known
 * @param {unknown} element a name, or an element with parameters
 * @returns {Resolved}
 */
function resolveOne(known, element) {
  const name = typeof element === 'string' ? element.split(';', 1)[0].trim() : '';
  if (!isToken(name)) {
    throw invalidType('An element of the "extensions" option', 'the name of an extension', element);
  }
  if (!Object.hasOwn(known, name)) {
    if (name === PERMESSAGE_DEFLATE) {
      return { name, agreed: checkAgreed(String(element)) };
    }
    const names = Object.keys(known).join(', ') || 'none';
    throw invalidType('An element of the "extensions" option', `one of base.extensions (${names})`, name);
  }
  const { read, write } = known[name] ?? {};
  for (const step of [read, write]) {
    if (step !== undefined && typeof step !== 'function') {
      throw invalidType(`The extension "${name}"`, 'an object with functions read and write', known[name]);
    }
  }
  if (read === undefined && write === undefined) {
    throw invalidType(`The extension "${name}"`, 'an object with functions read and write', known[name]);
  }
  return { name, read, write };
}

/**
 * @param {string} header the value of `Sec-WebSocket-Extensions`
 * @returns {string[]} its elements, with their parameters
 */
function elementsOf(header) {
  try {
    return native.parseExtensions(header).map(({ source }) => source);
  } catch (error) {
    const { message } = /** @type {Error} */ (error);
    throw invalidType('The "extensions" option', `a well-formed list (${message})`, header);
  }
}

/**
 * Checks an element that is to be what both ends agreed on, the server's answer.
 *
 * @param {string} element
 * @returns {string}
 */
function checkAgreed(element) {
  const problem = native.deflateProblem(element);
  if (problem !== undefined) {
    const expected = `what the server answered (${problem})`;
    throw invalidType(`The element ${PERMESSAGE_DEFLATE} of the "extensions" option`, expected, element);
  }
  return element;
}

module.exports = { resolveExtensions };
