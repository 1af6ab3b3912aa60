'use strict';

const { acceptKey } = require('../accept-key.js');
const { hasToken, headerValues } = require('../../options/headers.js');
const { confirmExtensions } = require('../negotiation.js');

/**
 * Looks at a server's answer to an opening handshake (RFC 6455 §4.1).
 *
 * @param {import('node:http').IncomingMessage} res whose status is 101
 * @param {string} key what was sent as `Sec-WebSocket-Key`
 * @param {import('./request-options.js').Settings} asked
 * @returns {{ protocol: string, extensions: string }} what has been agreed upon
 * @throws {Error} saying why the connection has to fail
 */
function readUpgradeResponse(res, key, { protocols, extensions, deflate }) {
  /** @param {string} name */
  const one = (name) => {
    const [value, ...more] = headerValues(res, name);
    if (more.length > 0) {
      throw new Error(`${name} is there twice`);
    }
    return value;
  };
  if (one('upgrade')?.toLowerCase() !== 'websocket') {
    throw new Error('Upgrade is not websocket');
  }
  if (!hasToken(headerValues(res, 'connection'), 'upgrade')) {
    throw new Error('Connection does not name Upgrade');
  }
  if (one('sec-websocket-accept') !== acceptKey(key)) {
    throw new Error('Sec-WebSocket-Accept does not answer our key');
  }
  const protocol = one('sec-websocket-protocol');
  if (protocol !== undefined && !protocols.includes(protocol)) {
    throw new Error('Sec-WebSocket-Protocol was not offered');
  }
  if (protocol === undefined && protocols.length > 0) {
    throw new Error('Sec-WebSocket-Protocol is missing');
  }
  const answer = one('sec-websocket-extensions') ?? '';
  return { protocol: protocol ?? '', extensions: confirmExtensions(answer, extensions, deflate) };
}

module.exports = { readUpgradeResponse };
