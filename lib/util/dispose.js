'use strict';

/**
 * Gives a class what `await using` calls, where this Node.js knows of it.
 *
 * @param {Function} Class
 * @param {(this: any) => Promise<void>} dispose
 */
function disposable(Class, dispose) {
  if (Symbol.asyncDispose !== undefined) {
    const value = dispose;
    Object.defineProperty(Class.prototype, Symbol.asyncDispose, { value, configurable: true, writable: true });
  }
}

/**
 * Waits for the end of the connections that are open or closing now.
 *
 * @param {import('../connection/state.js').State} state
 * @returns {Promise<void>}
 */
function allOver({ closing, dropped, ends, views }) {
  const left = new Set([...views.all(), ...closing, ...dropped]);
  return new Promise((resolve) => {
    const look = () => {
      if (left.size === 0) {
        ends.delete(over);
        resolve();
      }
    };
    const over = (connection) => {
      left.delete(connection);
      look();
    };
    ends.add(over);
    look();
  });
}

module.exports = { allOver, disposable };
