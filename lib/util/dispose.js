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

module.exports = { disposable };
