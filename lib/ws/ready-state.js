'use strict';

/** How far a WebSocket is, by the numbers of the browsers' (WHATWG WebSockets). */
const READY_STATES = /** @type {const} */ (['CONNECTING', 'OPEN', 'CLOSING', 'CLOSED']);

const [CONNECTING, OPEN, CLOSING, CLOSED] = /** @type {const} */ ([0, 1, 2, 3]);

/**
 * What is said of a call that an open WebSocket alone can do.
 *
 * @param {number} readyState
 * @returns {Error}
 */
function notOpen(readyState) {
  return new Error(`WebSocket is not open: readyState ${readyState} (${READY_STATES[readyState]})`);
}

module.exports = { CLOSED, CLOSING, CONNECTING, OPEN, READY_STATES, notOpen };
