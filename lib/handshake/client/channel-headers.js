'use strict';

const { checkHeaders } = require('../../options/headers.js');
const { object } = require('../../options/check.js');

/** How warnings and errors call them. */
const WHAT = 'The "headers" of websockets:handshake:start';

/** Whether there was a warning: a subscriber that is wrong once is wrong in each handshake. */
let hasWarned = false;

/**
 * Adds the headers of subscribers of the channel to those of the app. One of the same name replaces the app's. One that
 * is not allowed is left out, with a warning: those who watch a handshake must not make it fail.
 *
 * @param {[string, string][]} headers the app's
 * @param {import('../../../index').ClientHandshakeMessage | null} published
 * @returns {[string, string][]} one entry a line
 */
function withChannelHeaders(headers, published) {
  const more = linesOf(published?.headers);
  const names = new Set(more.map(([name]) => name.toLowerCase()));
  return [...headers.filter(([name]) => !names.has(name.toLowerCase())), ...more];
}

/** @param {unknown} headers what subscribers have left there @returns {[string, string][]} */
function linesOf(headers = {}) {
  try {
    return Object.entries(object(WHAT, headers)).flatMap(linesOfOne);
  } catch (error) {
    warn(/** @type {Error} */ (error));
    return [];
  }
}

/** @param {[string, unknown]} header @returns {[string, string][]} */
function linesOfOne([name, value]) {
  try {
    return checkHeaders(WHAT, { [name]: value });
  } catch (error) {
    warn(/** @type {Error} */ (error));
    return [];
  }
}

/** @param {Error} error */
function warn({ message }) {
  if (hasWarned) return;
  hasWarned = true;
  process.emitWarning(`A header of a subscriber is not sent: ${message}`, {
    type: 'WebSocketWarning',
    code: 'WS_INVALID_HEADER',
  });
}

module.exports = { withChannelHeaders };
