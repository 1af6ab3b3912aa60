'use strict';

const { Scanner } = require('./scanner.js');

/**
 * Reads the value of a `Sec-WebSocket-Protocol` header (RFC 6455 §4.1).
 *
 * @param {string} header
 * @returns {Set<string>}
 * @throws {SyntaxError} if it is no list of different tokens
 */
function parse(header) {
  /** @type {Set<string>} */
  const protocols = new Set();
  const scanner = new Scanner(header);
  do {
    const protocol = scanner.token();
    if (protocols.has(protocol)) throw new SyntaxError(`The "${protocol}" subprotocol is duplicated`);
    protocols.add(protocol);
  } while (scanner.hasNext());
  return protocols;
}

module.exports = { parse };
