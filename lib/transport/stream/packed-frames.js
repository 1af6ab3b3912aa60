'use strict';

const { Fifo } = require('../../util/fifo.js');

/** Frames at most this long are copied one after the other; longer ones are kept as they are. */
const COPY_LIMIT = 1024;

/** Bytes of the memory they are copied to: the first, and each that is larger than the one before. */
const FIRST = 4096;
const LARGEST = 64 * 1024;

/** What a chunk costs beside its bytes, about: a Buffer, and its place in a queue. */
const CHUNK_COST = 512;

/**
 * Frames that wait, in order. A Buffer for each of them would cost some hundred bytes, however small
 * it is: small ones share one.
 */
class PackedFrames {
  /** @type {Fifo<Uint8Array>} */
  #chunks = new Fifo();
  #copyLimit;
  /** Where small frames are copied to; from `#start` to `#end` they are no chunk yet. */
  #memory = Buffer.alloc(0);
  #start = 0;
  #end = 0;

  /** Bytes inside. */
  bytes = 0;

  /** @param {boolean} packs `false`: each frame stays by itself */
  constructor(packs) {
    this.#copyLimit = packs ? COPY_LIMIT : 0;
  }

  get isEmpty() {
    return this.bytes === 0;
  }

  /** @returns {number} what they cost beside their bytes */
  get overhead() {
    return this.#chunks.length * CHUNK_COST;
  }

  /** @param {Uint8Array} frame */
  push(frame) {
    const { length } = frame;
    this.bytes += length;
    if (length > this.#copyLimit) {
      this.#seal();
      this.#chunks.push(frame);
      return;
    }
    if (this.#end + length > this.#memory.length) {
      this.#seal();
      const size = Math.min(LARGEST, Math.max(FIRST, 2 * this.#memory.length));
      // Not of the pool: it is kept for as long as the peer likes.
      this.#memory = Buffer.allocUnsafeSlow(size);
      this.#start = this.#end = 0;
    }
    this.#memory.set(frame, this.#end);
    this.#end += length;
  }

  /** @returns {Uint8Array} the next of them, one or many; some must be inside */
  shift() {
    if (this.#chunks.length === 0) {
      this.#seal();
    }
    const chunk = /** @type {Uint8Array} */ (this.#chunks.shift());
    this.bytes -= chunk.length;
    return chunk;
  }

  #seal() {
    if (this.#end > this.#start) {
      this.#chunks.push(this.#memory.subarray(this.#start, this.#end));
      this.#start = this.#end;
    }
  }

  /** Lets go of all. */
  clear() {
    this.#chunks.clear();
    this.#memory = Buffer.alloc(0);
    this.#start = this.#end = 0;
    this.bytes = 0;
  }
}

module.exports = { PackedFrames };
