'use strict';

const { Scanner } = require('./scanner.js');

/** @typedef {Record<string, Record<string, (string | true)[]>[]>} Offers parameters of each offer, by extension */

/**
 * Reads the value of a `Sec-WebSocket-Extensions` header (RFC 6455 §9.1).
 *
 * @param {string} header
 * @returns {Offers} objects without a prototype
 * @throws {SyntaxError} if it is no list of extensions
 */
function parse(header) {
  /** @type {Offers} */
  const offers = Object.create(null);
  const scanner = new Scanner(header);
  do {
    const name = scanner.token();
    const params = parameters(scanner);
    offers[name] = [...(offers[name] ?? []), params];
  } while (scanner.hasNext());
  return offers;
}

/** @param {Scanner} scanner @returns {Record<string, (string | true)[]>} */
function parameters(scanner) {
  /** @type {Record<string, (string | true)[]>} */
  const params = Object.create(null);
  while (scanner.skipAfterSpace(';')) {
    scanner.skipSpace();
    const name = scanner.token();
    /** @type {string | true} */
    let value = true;
    if (scanner.skip('=')) {
      value = scanner.skip('"') ? scanner.quoted() : scanner.token();
    }
    params[name] = [...(params[name] ?? []), value];
  }
  return params;
}

/**
 * Makes the value of a header of that.
 *
 * @param {Record<string, Record<string, unknown> | Record<string, unknown>[]>} extensions
 * @returns {string}
 */
function format(extensions) {
  return Object.entries(extensions)
    .flatMap(([name, offers]) => [offers].flat().map((params) => [name, ...parametersOf(params)].join('; ')))
    .join(', ');
}

/** @param {Record<string, unknown>} params @returns {string[]} */
function parametersOf(params) {
  return Object.entries(params).flatMap(([name, values]) =>
    [values].flat().map((value) => (value === true ? name : `${name}=${value}`)),
  );
}

module.exports = { format, parse };
