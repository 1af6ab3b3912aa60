'use strict';

const { createHash } = require('node:crypto');

const LENGTH = 4;
/** Close, ping and pong: they have no room to spare, and others read them. */
const FIRST_CONTROL_OPCODE = 8;

/**
 * Every data frame carries a checksum of its payload in its last four bytes, and RSV3 says so. Both
 * sides must have it on.
 *
 * @type {import('websockets').Extension}
 */
const checksum = {
  write(next, frame) {
    if (frame.opcode < FIRST_CONTROL_OPCODE) {
      frame.content = Buffer.concat([frame.content, sumOf(frame.content)]);
      frame.rsv3 = true;
    }
    next(null, frame);
  },

  read(next, frame) {
    if (frame.opcode >= FIRST_CONTROL_OPCODE) return next(null, frame);
    const end = frame.length - LENGTH;
    if (!frame.rsv3 || end < 0) return next(checksumError('the frame carries no checksum'));
    const payload = frame.content.subarray(0, end);
    if (!sumOf(payload).equals(frame.content.subarray(end))) return next(checksumError('the checksum is wrong'));
    frame.content = payload;
    frame.rsv3 = false; // nobody behind us knows what it means
    next(null, frame);
  },
};

/**
 * @param {Buffer} payload
 * @returns {Buffer}
 */
function sumOf(payload) {
  return createHash('sha256').update(payload).digest().subarray(0, LENGTH);
}

/**
 * @param {string} message
 * @returns {Error} what the `error` event brings
 */
function checksumError(message) {
  return Object.assign(new Error(message), { code: 'ERR_CHECKSUM' });
}

module.exports = checksum;
