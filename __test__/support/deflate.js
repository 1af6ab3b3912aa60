'use strict';

const zlib = require('node:zlib');
const { BINARY, TEXT, encode } = require('./frames');

/**
 * permessage-deflate of the tests' own, by Node's zlib: a second implementation, on the other end.
 */

const NAME = 'permessage-deflate';
/** RSV1, as `encode` takes the reserved bits. */
const RSV1 = 4;
/** What a sync flush ends with, left off at the end of a message (RFC 7692 §7.2.1). */
const TAIL = Buffer.from([0x00, 0x00, 0xff, 0xff]);

/** The last bytes of what went one way. */
class Window {
  /** @param {boolean} takeover @param {number} windowBits */
  constructor(takeover, windowBits) {
    this.size = takeover ? 1 << windowBits : 0;
    this.bytes = Buffer.alloc(0);
  }

  /** @returns {{ dictionary?: Buffer }} as zlib takes it */
  get options() {
    return this.bytes.length > 0 ? { dictionary: this.bytes } : {};
  }

  /** @param {Buffer} message */
  add(message) {
    const all = Buffer.concat([this.bytes, message]);
    this.bytes = this.size === 0 ? Buffer.alloc(0) : all.subarray(Math.max(0, all.length - this.size));
  }
}

/** Compresses messages as a peer does. */
class Deflater {
  /** @param {{ takeover?: boolean, windowBits?: number }} [options] */
  constructor({ takeover = true, windowBits = 15 } = {}) {
    this.window = new Window(takeover, windowBits);
    this.windowBits = windowBits;
  }

  /**
   * @param {Buffer | string} message
   * @param {object} [options] of zlib; with `last`, its last block has BFINAL set
   * @returns {Buffer} the payload of its frames
   */
  compress(message, { last = false, ...options } = {}) {
    const data = Buffer.from(message);
    const payload = this.#payload(data, last, options);
    this.window.add(data);
    return payload;
  }

  #payload(data, last, options) {
    if (last) return zlib.deflateRawSync(data, { windowBits: this.windowBits, ...options, ...this.window.options });
    if (data.length === 0) return Buffer.from([0x00]); // RFC 7692 §7.2.3.6
    const flushed = zlib.deflateRawSync(data, {
      windowBits: this.windowBits,
      ...options,
      ...this.window.options,
      finishFlush: zlib.constants.Z_SYNC_FLUSH,
    });
    if (!flushed.subarray(-4).equals(TAIL)) throw new Error('a sync flush has another end');
    return flushed.subarray(0, -4);
  }

  /**
   * @param {Buffer | string} message a string is a text message
   * @param {object} [options] as `compress` takes them
   * @returns {Buffer} the message as one frame of a client
   */
  frame(message, options) {
    const opcode = typeof message === 'string' ? TEXT : BINARY;
    return encode({ opcode, rsv: RSV1, payload: this.compress(message, options) });
  }
}

/** Inflates messages as a peer does, with no larger a window than was agreed. */
class Inflater {
  /** @param {{ takeover?: boolean, windowBits?: number }} [options] */
  constructor({ takeover = true, windowBits = 15 } = {}) {
    this.window = new Window(takeover, windowBits);
  }

  /**
   * @param {Buffer} payload
   * @returns {Buffer} the message
   */
  inflate(payload) {
    const { bytes } = this.window;
    // What is referred to goes before, as a stored block: Deno's zlib takes no dictionary here.
    const stored = Buffer.from([0x00, bytes.length, bytes.length >> 8, ~bytes.length, ~bytes.length >> 8]);
    const all = zlib.inflateRawSync(Buffer.concat([stored, bytes, payload, TAIL]), {
      finishFlush: zlib.constants.Z_SYNC_FLUSH,
    });
    const message = all.subarray(bytes.length);
    this.window.add(message);
    return message;
  }

  /**
   * @param {{ opcode: number, rsv: number, payload: Buffer }} frame a whole message
   * @returns {Buffer | string} a string where it is text
   */
  message({ opcode, rsv, payload }) {
    const message = rsv === RSV1 ? this.inflate(payload) : payload;
    return opcode === TEXT ? message.toString() : message;
  }
}

module.exports = { Deflater, Inflater, NAME, RSV1 };
