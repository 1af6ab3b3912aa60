'use strict';

const { acceptKey } = require('../accept-key.js');
const { hasToken, headerValues } = require('../../options/headers.js');
const { confirmExtensions } = require('../negotiation.js');

/** @typedef {import('node:http').IncomingMessage} IncomingMessage */

/** @typedef {{ protocol: string, extensions: string }} Agreed what has been agreed upon */

/**
 * Looks at a server's answer to an opening handshake (RFC 6455 §4.1).
 *
 * @param {IncomingMessage} res whose status is 101
 * @param {string} key what was sent as `Sec-WebSocket-Key`
 * @param {import('./request-options.js').Settings} asked
 * @returns {Agreed}
 * @throws {Error} saying why the connection has to fail
 */
function readUpgradeResponse(res, key, asked) {
  if (one(res, 'upgrade')?.toLowerCase() !== 'websocket') {
    throw new Error('Upgrade is not websocket');
  }
  if (!hasToken(headerValues(res, 'connection'), 'upgrade')) {
    throw new Error('Connection does not name Upgrade');
  }
  if (one(res, 'sec-websocket-accept') !== acceptKey(key)) {
    throw new Error('Sec-WebSocket-Accept does not match our key');
  }
  return readAgreed(res, asked);
}

/**
 * What a response answers to our offers, whichever version of HTTP it has come over.
 *
 * @param {IncomingMessage} res
 * @param {import('./request-options.js').Settings} asked
 * @returns {Agreed}
 * @throws {Error} saying why the connection has to fail
 */
function readAgreed(res, { protocols, extensions, deflate }) {
  const protocol = one(res, 'sec-websocket-protocol');
  if (protocol !== undefined && !protocols.includes(protocol)) {
    throw new Error('Sec-WebSocket-Protocol was not offered');
  }
  if (protocol === undefined && protocols.length > 0) {
    throw new Error('Sec-WebSocket-Protocol is missing');
  }
  const answer = one(res, 'sec-websocket-extensions') ?? '';
  return { protocol: protocol ?? '', extensions: confirmExtensions(answer, extensions, deflate) };
}

/**
 * @param {IncomingMessage} res
 * @param {string} name
 * @returns {string | undefined} the header's value, if it is there
 * @throws {Error} if it is there twice
 */
function one(res, name) {
  const [value, ...more] = headerValues(res, name);
  if (more.length > 0) {
    throw new Error(`${name} is there twice`);
  }
  return value;
}

module.exports = { readAgreed, readUpgradeResponse };
