'use strict';

const { statusCode } = require('../native/constants.js');

/** @typedef {import('../native/functions').End} End */

/** The end of a connection that was lost, or dropped, without a close frame of either side. @type {End} */
const LOST = Object.freeze({ received: null, sent: null, wasClean: false });

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

module.exports = { LOST, closeEvent };
