'use strict';

const { failure, invalidType } = require('./errors.js');

/** RFC 7230 §3.2.6: what a name is made of. */
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/** The one that will be built in. */
const PERMESSAGE_DEFLATE = 'permessage-deflate';

/**
 * The extensions that are on for a socket.
 *
 * @param {object} known the `extensions` of the `Base`
 * @param {unknown} asked an array of names or of elements with parameters, or the value of a
 *   `Sec-WebSocket-Extensions` header
 * @returns {{ name: string, read?: Function, write?: Function }[]} in the order of the header
 * @throws {TypeError} where one is unknown, or is no extension
 */
function resolveExtensions(known, asked) {
  if (asked === undefined || asked === null) {
    return [];
  }
  const elements = typeof asked === 'string' ? splitList(asked) : asked;
  if (!Array.isArray(elements)) {
    throw invalidType('The "extensions" option', 'an array of strings or a string', asked);
  }
  return elements.map((element) => resolveOne(known, element));
}

function resolveOne(known, element) {
  const name = typeof element === 'string' ? element.split(';', 1)[0].trim() : '';
  if (!TOKEN.test(name)) {
    throw invalidType('An element of the "extensions" option', 'the name of an extension', element);
  }
  if (!Object.hasOwn(known, name)) {
    if (name === PERMESSAGE_DEFLATE) {
      throw unsupportedExtension(name);
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
 * @param {string} name
 * @returns {Error}
 */
function unsupportedExtension(name) {
  const message = `The extension ${name} is not supported yet`;
  return failure('ERR_WS_UNSUPPORTED_EXTENSION', message);
}

module.exports = { resolveExtensions, unsupportedExtension };
