'use strict';

const { randomFillSync } = require('node:crypto');

const { checkData } = require('../options/data.js');
const { failure, invalidType } = require('../util/errors.js');
const { kInspect, show } = require('../util/inspect.js');
const { limit, opcode: opcodes } = require('../native/constants.js');
const native = require('../native/native.js');

/** The greatest number that fits in an opcode's four bits. */
const MAX_OPCODE = 0xf;
/** Stands for the key of a frame that has not been given one yet. */
const NEW_KEY = Buffer.alloc(4);

/** @typedef {Error & { code: import('../../index').FrameErrorCode }} FrameError */

/**
 * What is wrong with a frame.
 *
 * @param {import('../../index').FrameErrorCode} code
 * @param {string} message
 * @returns {FrameError}
 */
function frameError(code, message) {
  return /** @type {FrameError} */ (failure(code, message));
}

/**
 * One frame (RFC 6455 §5.2), as extensions see it. Everything about it may be changed.
 */
class Frame {
  /** Whether it is the last, or the only, fragment of its message. @type {boolean} */
  fin = true;
  /** The reserved bits: an extension's (RFC 6455 §5.8). @type {boolean} */
  rsv1 = false;
  /** @type {boolean} */
  rsv2 = false;
  /** @type {boolean} */
  rsv3 = false;
  /** 0 continuation, 1 text, 2 binary, 8 close, 9 ping, 10 pong. @type {number} */
  opcode = opcodes.TEXT;
  /** Whether it is masked on the wire. @type {boolean} */
  mask = false;
  /** The masking key, 4 bytes; `null` until it is needed. @type {Buffer | null} */
  masking = null;
  /** @type {Buffer} */
  #payload = Buffer.alloc(0);

  /**
   * @param {Uint8Array} [buffer] one whole frame, as it is on the wire; without it, an empty text
   *   frame
   * @throws {Error} with the public code of what is wrong with it
   */
  constructor(buffer) {
    if (buffer === undefined) {
      return;
    }
    if (!(buffer instanceof Uint8Array)) {
      throw invalidType('The "buffer" argument', 'a Buffer', buffer);
    }
    const header = native.parseHeader(buffer);
    if (header === undefined || header[0] + header[1] !== buffer.length) {
      const message = 'The buffer must hold one frame: no less, and nothing behind it';
      throw frameError('WS_ERR_INCOMPLETE_FRAME', message);
    }
    const [size, , fin, rsv1, rsv2, rsv3, opcode, mask] = header;
    this.fin = fin;
    this.rsv1 = rsv1;
    this.rsv2 = rsv2;
    this.rsv3 = rsv3;
    this.opcode = opcode;
    this.mask = mask;
    // Copies: the buffer may be another's.
    const content = Buffer.from(buffer.subarray(size));
    if (this.mask) {
      this.masking = Buffer.from(buffer.subarray(size - 4, size));
    }
    this.content = content;
  }

  /** What it carries, unmasked. Strings become UTF-8. @returns {Buffer} */
  get payload() {
    return this.#payload;
  }

  /** @param {import('../../index').Data} data */
  set payload(data) {
    const checked = checkData(data);
    this.#payload =
      typeof checked === 'string'
        ? Buffer.from(checked)
        : Buffer.from(checked.buffer, checked.byteOffset, checked.byteLength);
  }

  /** What it carries, as it is on the wire: masked where `mask` is on. @returns {Buffer} */
  get content() {
    return this.#masked(this.#payload);
  }

  /** @param {import('../../index').Data} data */
  set content(data) {
    this.payload = data;
    this.#payload = this.#masked(this.#payload);
  }

  /** Bytes of the payload. */
  get length() {
    return this.#payload.length;
  }

  /** @param {Buffer} bytes @returns {Buffer} as they are on the wire */
  #masked(bytes) {
    const key = this.#key();
    if (key === null) {
      return bytes;
    }
    const copy = Buffer.from(bytes);
    native.applyMask(copy, key);
    return copy;
  }

  /**
   * Whether the frame may be sent, the reserved bits aside, which an extension may set.
   *
   * @returns {FrameError | null} what is wrong with it
   */
  isValid() {
    if (this.mask && !isKey(this.masking ?? NEW_KEY)) {
      return frameError('WS_ERR_INVALID_MASKING_KEY', 'a masking key has 4 bytes');
    }
    if (!Number.isInteger(this.opcode) || this.opcode < 0 || this.opcode > MAX_OPCODE) {
      const message = `invalid opcode ${this.opcode}; allowed are 0, 1, 2, 8, 9 and 10`;
      return frameError('WS_ERR_INVALID_OPCODE', message);
    }
    try {
      native.checkHeader(!!this.fin, this.opcode, this.length);
      return null;
    } catch (error) {
      return /** @type {FrameError} */ (error);
    }
  }

  /** @returns {Buffer} the frame as it is on the wire */
  toBuffer() {
    // An extension may have put anything there: what fits in a byte goes over the wire.
    const opcode = this.opcode & 0xff;
    const { fin, rsv1, rsv2, rsv3 } = this;
    const payload = this.#payload;
    const frame = Buffer.allocUnsafe(limit.MAX_HEADER_LENGTH + payload.length);
    const length = native.encodeFrame(frame, !!fin, !!rsv1, !!rsv2, !!rsv3, opcode, payload, this.#key());
    return frame.subarray(0, length);
  }

  /** The masking key, made if there is none yet; `null` for a frame that is not masked. */
  #key() {
    if (!this.mask) {
      return null;
    }
    this.masking ??= randomFillSync(Buffer.alloc(4));
    return this.masking;
  }

  /** @param {import('../util/inspect.js').How} how */
  [kInspect](...how) {
    if (!(#payload in this)) {
      return this;
    }
    const { fin, rsv1, rsv2, rsv3, opcode, mask, length, payload } = this;
    const reserved = Object.entries({ rsv1, rsv2, rsv3 }).flatMap(([name, isOn]) => (isOn ? [[name, true]] : []));
    return show(this, { opcode, fin, ...Object.fromEntries(reserved), mask, length, payload }, ...how);
  }
}

/**
 * @param {unknown} value
 * @returns {boolean}
 */
function isKey(value) {
  return value instanceof Uint8Array && value.length === 4;
}

module.exports = { Frame };
