'use strict';

const { randomFillSync } = require('node:crypto');

const { checkData } = require('../options/data.js');
const { failure, invalidType } = require('../util/errors.js');
const { kInspect, show } = require('../util/inspect.js');
const { limit, opcode: opcodes } = require('../native/constants.js');
const native = require('../native/native.js');

/** The greatest number that fits in an opcode's four bits. */
const MAX_OPCODE = 0xf;
/** Bytes of a masking key (RFC 6455 §5.3). */
const KEY_LENGTH = 4;
const NOTHING = Buffer.alloc(0);
/** @typedef {import('../../index').FrameProperty} FrameProperty */
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
  /** The masking key, 4 bytes; empty if an unmasked frame was read, `null` until one is needed. @type {Buffer | null} */
  masking = null;
  /** Bytes that were read after the frame. */
  remnant = NOTHING;
  /** @type {Buffer} */
  #bytes = NOTHING;
  /** Whether those are as on the wire, and still to be unmasked: the key may be set after them. */
  #isWire = false;
  /** What `length` was set to, for the bytes that there are. @type {number | undefined} */
  #length;

  /**
   * @param {Uint8Array} [buffer] see `mapFrame`; without it, an empty text frame
   * @throws {Error} with the public code of what is wrong with it
   */
  constructor(buffer) {
    if (buffer !== undefined) {
      this.mapFrame(buffer);
    }
  }

  /**
   * Reads a frame: this one becomes that. What follows it is `remnant`.
   *
   * @param {Uint8Array} buffer begins with one whole frame, as it is on the wire
   * @returns {this}
   * @throws {Error} with the public code of what is wrong with it; nothing has changed then
   */
  mapFrame(buffer) {
    if (!(buffer instanceof Uint8Array)) {
      throw invalidType('The "buffer" argument', 'a Buffer', buffer);
    }
    const header = native.parseHeader(buffer);
    if (header === undefined || header[0] + header[1] > buffer.length) {
      throw frameError('WS_ERR_INCOMPLETE_FRAME', 'The buffer must begin with one whole frame');
    }
    const [size, length, fin, rsv1, rsv2, rsv3, opcode, mask] = header;
    Object.assign(this, { fin, rsv1, rsv2, rsv3, opcode, mask });
    // Copies: the buffer may be another's.
    this.masking = mask ? Buffer.from(buffer.subarray(size - KEY_LENGTH, size)) : NOTHING;
    const content = Buffer.from(buffer.subarray(size, size + length));
    if (mask) {
      native.applyMask(content, this.masking);
    }
    this.content = content;
    this.remnant = Buffer.from(buffer.subarray(size + length));
    return this;
  }

  /** Whether bytes were read after the frame. */
  get glued() {
    return this.remnant.length > 0;
  }

  /** What it carries, unmasked. Strings become UTF-8. @returns {Buffer} */
  get content() {
    if (this.#isWire) {
      this.#bytes = this.#masked(this.#bytes);
      this.#isWire = false;
    }
    return this.#bytes;
  }

  /** @param {import('../../index').Data} data */
  set content(data) {
    this.#write(data, false);
  }

  /** What it carries, as it is on the wire: masked where `mask` is on. @returns {Buffer} */
  get payload() {
    return this.#masked(this.content);
  }

  /** @param {import('../../index').Data} data */
  set payload(data) {
    this.#write(data, true);
  }

  /** Bytes of the content. What it is set to is read back, and counts for nothing. @returns {number} */
  get length() {
    return this.#length ?? this.#bytes.length;
  }

  /** @param {number} length */
  set length(length) {
    this.#length = length;
  }

  /**
   * @template {FrameProperty} Name
   * @param {Name} name of a property, or of one that an extension has given it
   * @returns {Frame[Name]} its value
   * @throws {TypeError} if it is none
   */
  get(name) {
    checkName(name);
    return this[name];
  }

  /**
   * @param {string} name of a property; one that a frame has not is kept with it
   * @param {unknown} value
   * @returns {this}
   * @throws {TypeError} if it is none
   */
  set(name, value) {
    checkName(name);
    return Object.assign(this, { [name]: value });
  }

  /** @param {import('../../index').Data} data @param {boolean} isWire whether it is as on the wire */
  #write(data, isWire) {
    const checked = checkData(data);
    this.#bytes =
      typeof checked === 'string'
        ? Buffer.from(checked)
        : Buffer.from(checked.buffer, checked.byteOffset, checked.byteLength);
    this.#isWire = isWire;
    this.#length = undefined;
  }

  /** Masks bytes, or unmasks them: that is the same. @param {Buffer} bytes @returns {Buffer} */
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
    if (this.mask && !hasNoKey(this) && !isKey(this.masking)) {
      return frameError('WS_ERR_INVALID_MASKING_KEY', 'a masking key has 4 bytes');
    }
    if (!Number.isInteger(this.opcode) || this.opcode < 0 || this.opcode > MAX_OPCODE) {
      const message = `invalid opcode ${this.opcode}; allowed are 0, 1, 2, 8, 9 and 10`;
      return frameError('WS_ERR_INVALID_OPCODE', message);
    }
    try {
      native.checkHeader(!!this.fin, this.opcode, this.#bytes.length);
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
    const { content } = this;
    const frame = Buffer.allocUnsafe(limit.MAX_HEADER_LENGTH + content.length);
    const length = native.encodeFrame(frame, !!fin, !!rsv1, !!rsv2, !!rsv3, opcode, content, this.#key());
    return frame.subarray(0, length);
  }

  /** The masking key, made if there is none yet; `null` for a frame that is not masked. */
  #key() {
    if (!this.mask) {
      return null;
    }
    if (hasNoKey(this)) {
      this.masking = randomFillSync(Buffer.alloc(KEY_LENGTH));
    }
    return this.masking;
  }

  /** @param {import('../util/inspect.js').How} how */
  [kInspect](...how) {
    if (!(#bytes in this)) {
      return this;
    }
    const { fin, rsv1, rsv2, rsv3, opcode, mask, length, content } = this;
    const reserved = Object.entries({ rsv1, rsv2, rsv3 }).flatMap(([name, isOn]) => (isOn ? [[name, true]] : []));
    return show(this, { opcode, fin, ...Object.fromEntries(reserved), mask, length, content }, ...how);
  }
}

/**
 * @param {unknown} value
 * @returns {boolean}
 */
function isKey(value) {
  return value instanceof Uint8Array && value.length === KEY_LENGTH;
}

/** Whether the frame has not been given a masking key yet. @param {Frame} frame */
function hasNoKey({ masking }) {
  return masking === null || masking === undefined || masking.length === 0;
}

/**
 * Whether this is the name of a property, of a frame's own or one that somebody has given it.
 *
 * @param {string} name
 * @throws {TypeError} if it is not
 */
function checkName(name) {
  const isMethod = typeof Object.getOwnPropertyDescriptor(Frame.prototype, name)?.value === 'function';
  if (typeof name !== 'string' || isMethod || name in Object.prototype) {
    throw invalidType('The "name" argument', 'the name of a property', name);
  }
}

module.exports = { Frame };
