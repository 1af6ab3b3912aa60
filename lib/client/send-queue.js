'use strict';

const { checkData } = require('../options/data.js');
const { failure } = require('../util/errors.js');

/**
 * What is sent to a connection that is not open yet, or not again.
 */
class SendQueue {
  #limit;
  #bytes = 0;
  /** @type {[data: unknown, options: unknown][]} */
  #messages = [];

  /** @param {number} limit bytes; with 0 every message is refused */
  constructor(limit) {
    this.#limit = limit;
  }

  /** How many messages wait. */
  get length() {
    return this.#messages.length;
  }

  /**
   * Whether there is room for a message: an exception before anything is sent to anybody.
   *
   * @param {number} bytes
   * @throws {Error} `ERR_WS_NOT_OPEN`
   */
  check(bytes) {
    if (this.#limit === 0) {
      throw failure('ERR_WS_NOT_OPEN', 'The connection is not open, and "maxQueuedBytes" is 0: nothing is queued');
    }
    if (this.#bytes + bytes > this.#limit) {
      const message = `The connection is not open, and ${this.#bytes} of at most ${this.#limit} bytes are queued for it`;
      throw failure('ERR_WS_NOT_OPEN', message);
    }
  }

  /**
   * @param {unknown} data the caller may use its memory again
   * @param {number} bytes
   * @param {unknown} options as `send` gets them
   */
  push(data, bytes, options) {
    this.#messages.push([data, options]);
    this.#bytes += bytes;
  }

  /** @returns {[data: unknown, options: unknown][]} all, which are its own no more */
  take() {
    const messages = this.#messages;
    this.#messages = [];
    this.#bytes = 0;
    return messages;
  }
}

/**
 * What is kept of a message, and how long it is.
 *
 * @param {unknown} data
 * @returns {{ copy: string | Uint8Array, bytes: number }}
 * @throws {TypeError} if it is no data
 */
function copyOf(data) {
  const checked = checkData(data);
  if (typeof checked === 'string') {
    return { copy: checked, bytes: Buffer.byteLength(checked) };
  }
  const copy = new Uint8Array(checked.byteLength);
  copy.set(new Uint8Array(checked.buffer, checked.byteOffset, checked.byteLength));
  return { copy, bytes: copy.length };
}

module.exports = { SendQueue, copyOf };
