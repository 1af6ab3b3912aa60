'use strict';

const { randomFillSync } = require('node:crypto');

const { checkData } = require('../options/data.js');
const { failure, invalidType } = require('../util/errors.js');
const { kInspect, show } = require('../util/inspect.js');
const native = require('../native/native.js');

const FIN = 0x80;
const RSV1 = 0x40;
const RSV2 = 0x20;
const RSV3 = 0x10;
const OPCODE = 0x0f;
const MASK = 0x80;
const TEXT = 0x1;
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
  opcode = TEXT;
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
    const [header, length] = native.parseHeader(buffer) ?? [Infinity, 0];
    if (header + length !== buffer.length) {
      const message = 'The buffer must hold one frame: no less, and nothing behind it';
      throw frameError('WS_ERR_INCOMPLETE_FRAME', message);
    }
    const [first, second] = buffer;
    this.fin = (first & FIN) !== 0;
    this.rsv1 = (first & RSV1) !== 0;
    this.rsv2 = (first & RSV2) !== 0;
    this.rsv3 = (first & RSV3) !== 0;
    this.opcode = first & OPCODE;
    this.mask = (second & MASK) !== 0;
    // Copies: the buffer may be another's.
    const content = Buffer.from(buffer.subarray(header));
    if (this.mask) {
      this.masking = Buffer.from(buffer.subarray(header - 4, header));
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
    if (!this.mask) {
      return bytes;
    }
    this.masking ??= randomFillSync(Buffer.alloc(4));
    const copy = Buffer.from(bytes);
    native.applyMask(copy, this.masking);
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
    if (!Number.isInteger(this.opcode) || this.opcode < 0 || this.opcode > OPCODE) {
      const message = `invalid opcode ${this.opcode}; allowed are 0, 1, 2, 8, 9 and 10`;
      return frameError('WS_ERR_INVALID_OPCODE', message);
    }
    try {
      native.parseHeader(this.#header());
      return null;
    } catch (error) {
      return /** @type {FrameError} */ (error);
    }
  }

  /** @returns {Buffer} the frame as it is on the wire */
  toBuffer() {
    const content = this.content;
    return Buffer.concat([this.#header(), content]);
  }

  #header() {
    const { length } = this.#payload;
    const reserved = (this.rsv1 ? RSV1 : 0) | (this.rsv2 ? RSV2 : 0) | (this.rsv3 ? RSV3 : 0);
    const first = (this.fin ? FIN : 0) | reserved | this.opcode;
    const extended = length < 126 ? 0 : length < 65_536 ? 2 : 8;
    const header = Buffer.alloc(2 + extended + (this.mask ? 4 : 0));
    header[0] = first;
    header[1] = (this.mask ? MASK : 0) | (extended === 0 ? length : extended === 2 ? 126 : 127);
    if (extended === 2) {
      header.writeUInt16BE(length, 2);
    } else if (extended === 8) {
      header.writeBigUInt64BE(BigInt(length), 2);
    }
    if (this.mask) {
      this.masking ??= randomFillSync(Buffer.alloc(4));
      header.set(this.masking, 2 + extended);
    }
    return header;
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
