'use strict';

const { inspect } = require('node:util');

const { toUrl } = require('../../options/url.js');
const { invalidType } = require('../../util/errors.js');

/** Of a scheme that URLs have no origin for, such as `chrome-extension://…`. */
const OPAQUE = /^[a-z][a-z0-9+.-]*:\/\/[^\s/?#@\\]*$/;

/**
 * Checks the `origins` option.
 *
 * @param {string} name how messages name the option
 * @param {unknown} value a string, a RegExp, an array of these, or a function
 * @returns {(origin: string | undefined, req: object) => unknown} whether an origin is allowed
 */
function checkOrigins(name, value) {
  if (typeof value === 'function') {
    return /** @type {(origin: string | undefined, req: object) => unknown} */ (value);
  }
  const allowed = Array.isArray(value) ? [...value] : [value];
  if (!allowed.every((one) => typeof one === 'string' || one instanceof RegExp)) {
    throw invalidType(name, 'a string, a RegExp, an array of these, or a function', value);
  }
  for (const one of allowed) {
    if (typeof one === 'string') checkSerialized(name, one);
  }
  // `search`, because `test` has a state where the RegExp is global.
  /** @param {string} origin @param {string | RegExp} one */
  const matches = (origin, one) => (typeof one === 'string' ? origin === one : origin.search(one) >= 0);
  return (origin) => origin !== undefined && allowed.some((one) => matches(origin, one));
}

/**
 * Checks that a string is what a browser sends: the serialization of an origin (RFC 6454 §6.2). Any other would
 * allow nobody.
 *
 * @param {string} name
 * @param {string} text
 * @throws {TypeError} showing the right form
 */
function checkSerialized(name, text) {
  const origin = toUrl(text)?.origin ?? 'null';
  const isRight = origin === 'null' ? text === 'null' || OPAQUE.test(text) : origin === text;
  if (isRight) {
    return;
  }
  if (text === '*') {
    throw invalidType(name, 'left out to allow every origin', text);
  }
  const guess = origin === 'null' ? toUrl(`https://${text}`)?.origin : origin;
  throw invalidType(name, `origins as browsers send them, such as ${inspect(guess ?? 'https://app.example')}`, text);
}

/**
 * @param {unknown} value the `origins` option
 * @returns {string} what a trace says of it
 */
function showOrigins(value) {
  return typeof value === 'function' ? 'a function' : [value].flat().map(String).join(', ');
}

module.exports = { checkOrigins, showOrigins };
