'use strict';

const { channel } = require('node:diagnostics_channel');

/**
 * @typedef {import('../../index').OpenMessage} OpenMessage
 * @typedef {import('../../index').CloseMessage} CloseMessage
 * @typedef {import('../../index').ErrorMessage} ErrorMessage
 */

// Kept: a channel that nobody holds is forgotten, with its subscribers, by some versions of Node.js.
const opens = channel('websockets:open');
const closes = channel('websockets:close');
const errors = channel('websockets:error');

/**
 * Hears of what the diagnostics channels publish of some Bases.
 *
 * @template T
 * @param {Map<object, T>} bases with what is kept of each
 * @param {{ opened: (of: T, message: OpenMessage) => void, closed: (of: T, message: CloseMessage) => void,
 *   failed: (of: T, message: ErrorMessage) => void }} listeners
 * @returns {() => void} stops it
 */
function follow(bases, { opened, closed, failed }) {
  /**
   * @template {{ base: object }} M
   * @param {(of: T, message: M) => void} listener
   * @returns {(published: unknown) => void}
   */
  const ofThese = (listener) => (published) => {
    const message = /** @type {M} */ (published);
    const of = bases.get(message.base);
    if (of !== undefined) listener(of, message);
  };
  const subscribed = /** @type {const} */ ([
    [opens, ofThese(opened)],
    [closes, ofThese(closed)],
    [errors, ofThese(failed)],
  ]);
  for (const [one, listener] of subscribed) one.subscribe(listener);
  return () => {
    for (const [one, listener] of subscribed) one.unsubscribe(listener);
  };
}

module.exports = { follow };
