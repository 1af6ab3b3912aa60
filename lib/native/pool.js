'use strict';

const { markAsUntransferable } = require('node:worker_threads');

/** The class whose instances are Buffers: `new` takes a third of the time of `Buffer.from`. */
const FastBuffer = /** @type {typeof Uint8Array} */ (Reflect.get(Buffer, Symbol.species));

/** Whether Buffers can share memory here. Bun has a function that throws. */
const isAvailable = (() => {
  try {
    markAsUntransferable(new ArrayBuffer(0));
    return new FastBuffer(0) instanceof Buffer;
  } catch {
    return false;
  }
})();

/** The memory that slices are made of at present. @type {ArrayBuffer | null} */
let known = null;

/**
 * A slice of memory that many small Buffers share: see `src/binding/values/pool.rs`.
 *
 * @param {ArrayBuffer} memory
 * @param {number} offset
 * @param {number} length
 * @returns {Buffer}
 */
function slice(memory, offset, length) {
  if (memory !== known) {
    known = memory;
    // As Node's own pool: who gives one Buffer to another thread must not take away the others.
    markAsUntransferable(memory);
  }
  return /** @type {Buffer} */ (new FastBuffer(memory, offset, length));
}

module.exports = { isAvailable, slice };
