'use strict';

const { statusCode } = require('../native/constants.js');

/** @typedef {import('../native/functions').End} End */

/** The end of a connection that was lost, or dropped, without a close frame of either side. @type {End} */
const LOST = Object.freeze({ received: null, sent: null, wasClean: false });

/** See `Delivery::end` in `src/binding/values/delivery.rs`. */
const CODES = 0x1_0000;

/**
 * @param {string | undefined} received the reason of the peer's close frame
 * @param {number} codes those of both, and above them whether the closing handshake was completed
 * @param {string} [sent] the reason of ours
 * @returns {End}
 */
function endOf(received, codes, sent) {
  const ours = Math.floor(codes / CODES);
  return {
    received: frameOf(codes % CODES, received),
    sent: frameOf(ours % CODES, sent),
    wasClean: ours >= CODES,
  };
}

/** @param {number} code 0 if there was no frame @param {string} [reason] */
function frameOf(code, reason = '') {
  return code === 0 ? null : { code, reason };
}

/**
 * Code and reason of an end, as a `Base` and whoever waits for it hear of them: what the peer's close frame says, or
 * else ours, or else 1006.
 *
 * @param {End} end
 * @returns {import('../native/functions').CloseFrame}
 */
function closeEvent({ received, sent }) {
  const saysNothing = received === null || received.code === statusCode.NO_STATUS;
  return (saysNothing ? sent : received) ?? { code: statusCode.ABNORMAL, reason: '' };
}

module.exports = { LOST, closeEvent, endOf };
