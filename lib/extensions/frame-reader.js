'use strict';

const native = require('../native/native.js');

/**
 * Cuts a stream of bytes into whole frames.
 */
class FrameReader {
  #maxPayload;
  /** Bytes of the frame under way, and room for more. A chunk of its own for each piece would cost
   *  some hundred bytes, however small it is. */
  #memory = Buffer.alloc(0);
  #had = 0;
  /** Bytes of the frame under way, once its header is known. */
  #wanted = 0;
  #broken = false;

  /** @param {number} maxPayload bytes of the largest frame to wait for */
  constructor(maxPayload) {
    this.#maxPayload = maxPayload;
  }

  /** @returns {number} bytes of the frame that has not come whole */
  get pending() {
    return this.#had;
  }

  /**
   * @param {Uint8Array} chunk
   * @returns {{ bytes: Buffer, whole: boolean }[]} the frames that are whole by now. What is
   *   against the protocol comes last, as it came, and not as a whole frame
   */
  push(chunk) {
    if (this.#broken) {
      return [];
    }
    if (this.#had > 0) {
      this.#append(chunk);
      return this.#had < this.#wanted ? [] : this.#cut(this.#memory.subarray(0, this.#had));
    }
    return this.#cut(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength));
  }

  /** Takes what begins with a frame, and keeps what is left of it. @param {Buffer} bytes */
  #cut(bytes) {
    const found = [];
    let at = 0;
    this.#wanted = 0;
    while (at < bytes.length && this.#wanted === 0) {
      const rest = bytes.subarray(at);
      const length = this.#frameLength(rest);
      if (this.#broken) {
        found.push({ bytes: rest, whole: false });
        at = bytes.length;
      } else if (rest.length < length) {
        this.#wanted = length;
      } else {
        found.push({ bytes: rest.subarray(0, length), whole: true });
        at += length;
      }
    }
    this.#keep(bytes, at);
    return found;
  }

  /** Goes on with what is left from `at` on. @param {Buffer} bytes @param {number} at */
  #keep(bytes, at) {
    if (at === 0 && this.#had > 0) {
      return;
    }
    // Not where it is: what was cut out of that memory is another's now.
    this.#memory = Buffer.alloc(0);
    this.#had = 0;
    this.#append(bytes.subarray(at));
  }

  /**
   * Appends a piece to what is there: the memory grows with what has come, not with what is said to come.
   *
   * @param {Uint8Array} piece
   */
  #append(piece) {
    const had = this.#had + piece.length;
    if (had > this.#memory.length) {
      const wanted = Math.max(had, this.#wanted);
      const larger = Buffer.allocUnsafeSlow(Math.min(2 * had, wanted));
      larger.set(this.#memory.subarray(0, this.#had));
      this.#memory = larger;
    }
    this.#memory.set(piece, this.#had);
    this.#had = had;
  }

  /**
   * Bytes that the frame at the beginning of `bytes` takes; more than there are, if that is not known yet.
   *
   * @param {Buffer} bytes
   */
  #frameLength(bytes) {
    try {
      return native.frameSize(bytes, this.#maxPayload) ?? bytes.length + 1;
    } catch {
      this.#broken = true;
      return 0;
    }
  }
}

module.exports = { FrameReader };
