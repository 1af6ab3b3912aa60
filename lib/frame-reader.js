'use strict';

const native = require('./native.js');

const NOTHING = Buffer.alloc(0);

/**
 * Cuts a stream of bytes into whole frames.
 */
class FrameReader {
  #maxPayload;
  #chunks = [];
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
    this.#chunks.push(chunk);
    this.#had += chunk.length;
    const found = [];
    while (!this.#broken && this.#had >= this.#wanted && this.#had > 0) {
      const bytes = this.#chunks.length === 1 ? asBuffer(this.#chunks[0]) : Buffer.concat(this.#chunks);
      const length = this.#frameLength(bytes);
      if (this.#broken) {
        found.push({ bytes, whole: false });
        this.#keep(NOTHING);
      } else if (bytes.length < length) {
        this.#keep(bytes);
        this.#wanted = length;
      } else {
        found.push({ bytes: bytes.subarray(0, length), whole: true });
        this.#keep(bytes.subarray(length));
        this.#wanted = 0;
      }
    }
    if (this.#broken) {
      this.#keep(NOTHING);
    }
    return found;
  }

  #keep(bytes) {
    this.#chunks = bytes.length > 0 ? [bytes] : [];
    this.#had = bytes.length;
  }

  /** Bytes that the frame at the beginning of `bytes` takes, as far as they tell. */
  #frameLength(bytes) {
    try {
      const [header, length] = native.parseHeader(bytes) ?? [bytes.length + 1, 0];
      this.#broken = length > this.#maxPayload;
      return header + length;
    } catch {
      this.#broken = true;
      return 0;
    }
  }
}

function asBuffer(chunk) {
  return Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
}

module.exports = { FrameReader };
