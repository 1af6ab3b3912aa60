'use strict';

const { limit, statusCode, validStatusCodes } = require('../native/constants.js');

/**
 * What a close frame says, as `close()` got it (RFC 6455 §5.5.1).
 *
 * @param {unknown} code
 * @param {unknown} reason
 * @returns {{ code: number, reason: string | Uint8Array }} 1005 is a close frame without a code
 * @throws {TypeError | RangeError} if it cannot be said
 */
function checkClosing(code, reason) {
  if (code === undefined) {
    return { code: statusCode.NO_STATUS, reason: '' };
  }
  const isValid = validStatusCodes.some(([first, last]) => Number(code) >= first && Number(code) <= last);
  if (!Number.isInteger(code) || !isValid) {
    throw new TypeError('First argument must be a valid error code number');
  }
  if (reason === undefined || reason === '') {
    return { code: Number(code), reason: '' };
  }
  const given = /** @type {string | Buffer} */ (reason);
  if (Buffer.byteLength(given) > limit.MAX_REASON_LENGTH) {
    throw new RangeError(`The message must not be greater than ${limit.MAX_REASON_LENGTH} bytes`);
  }
  return { code: Number(code), reason: given };
}

module.exports = { checkClosing };
