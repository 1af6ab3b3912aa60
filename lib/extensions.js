'use strict';

const { invalidType } = require('./errors.js');
const native = require('./native.js');

/** RFC 7230 §3.2.6: what a name is made of. */
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/** The one that is built in (RFC 7692). */
const PERMESSAGE_DEFLATE = 'permessage-deflate';

/**
 * The extensions that are on for a socket.
 *
 * @param {object} known the `extensions` of the `Base`
 * @param {unknown} asked an array of names or of elements with parameters, or the value of a
 *   `Sec-WebSocket-Extensions` header
 * @returns {{ name: string, read?: Function, write?: Function, agreed?: string }[]} in the order of
 *   the header; `agreed` is the element of permessage-deflate
 * @throws {TypeError} where one is unknown, is no extension, or permessage-deflate was not agreed on
 *   like that
 */
function resolveExtensions(known, asked) {
  if (asked === undefined || asked === null) {
    return [];
  }
  const elements = typeof asked === 'string' ? splitList(asked) : asked;
  if (!Array.isArray(elements)) {
    throw invalidType('The "extensions" option', 'an array of strings or a string', asked);
  }
  const resolved = elements.map((element) => resolveOne(known, element));
  if (resolved.filter(({ agreed }) => agreed !== undefined).length > 1) {
    throw invalidType('The "extensions" option', `a list with ${PERMESSAGE_DEFLATE} once`, asked);
  }
  return resolved;
}

function resolveOne(known, element) {
  const name = typeof element === 'string' ? element.split(';', 1)[0].trim() : '';
  if (!TOKEN.test(name)) {
    throw invalidType('An element of the "extensions" option', 'the name of an extension', element);
  }
  if (!Object.hasOwn(known, name)) {
    if (name === PERMESSAGE_DEFLATE) {
      return { name, agreed: checkAgreed(element) };
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
 * Splits a header's value at its commas, but for those in quoted strings (RFC 7230 §7).
 *
 * @param {string} value
 * @returns {string[]} the elements that are not empty
 */
function splitList(value) {
  const elements = [];
  let start = 0;
  let quoted = false;
  for (let at = 0; at <= value.length; at++) {
    const character = value[at];
    if (quoted && character === '\\') {
      at++;
    } else if (character === '"') {
      quoted = !quoted;
    } else if (at === value.length || (character === ',' && !quoted)) {
      elements.push(value.slice(start, at).trim());
      start = at + 1;
    }
  }
  return elements.filter((element) => element !== '');
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
