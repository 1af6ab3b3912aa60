'use strict';

const { invalidType } = require('../util/errors.js');
const native = require('../native/native.js');

/**
 * The value of `Sec-WebSocket-Accept` that answers a `Sec-WebSocket-Key` (RFC 6455 §4.2.2).
 *
 * @param {string} key
 * @returns {string}
 * @throws {TypeError} where it is no string
 */
function acceptKey(key) {
  if (typeof key !== 'string') {
    throw invalidType('The "key" argument', 'a string', key);
  }
  return native.acceptKey(key);
}

module.exports = { acceptKey };
