'use strict';

/**
 * Gives a class what `await using` calls, where this Node.js knows of it.
 *
 * @template {object} T an object of the class
 * @param {{ prototype: T }} Class
 * @param {(this: T) => Promise<void>} dispose
 */
function disposable(Class, dispose) {
  if (Symbol.asyncDispose !== undefined) {
    const value = dispose;
    Object.defineProperty(Class.prototype, Symbol.asyncDispose, { value, configurable: true, writable: true });
  }
}

module.exports = { disposable };
