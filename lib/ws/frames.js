'use strict';

const { randomFillSync } = require('node:crypto');

const { limit } = require('../native/constants.js');
const native = require('../native/native.js');

/**
 * A frame that no command of the engine sends: a fragment, or one whose mask is the caller's business.
 *
 * @typedef {object} Parts
 * @property {number} opcode
 * @property {boolean} [fin]
 * @property {boolean} [rsv1]
 * @property {boolean} [mask]
 * @property {((key: Buffer) => void) | undefined} [generateMask] fills in the masking key
 */

/**
 * @param {string | ArrayBufferView} payload
 * @param {Parts} parts
 * @returns {Buffer} the frame, as it is on the wire
 */
function encode(payload, { opcode, fin = true, rsv1 = false, mask = false, generateMask = randomFillSync }) {
  const content = typeof payload === 'string' ? Buffer.from(payload) : bytesOf(payload);
  const key = mask ? Buffer.alloc(4) : null;
  if (key !== null) generateMask(key);
  const frame = Buffer.allocUnsafe(limit.MAX_HEADER_LENGTH + content.byteLength);
  const length = native.encodeFrame(frame, fin, rsv1, false, false, opcode, content, key);
  return frame.subarray(0, length);
}

/** @param {ArrayBufferView} view */
function bytesOf({ buffer, byteOffset, byteLength }) {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

/**
 * Whether bytes are whole frames, by their lengths alone (RFC 6455 §5.2): what is in them is the caller's business.
 *
 * @param {Uint8Array} bytes
 */
function areWhole(bytes) {
  let at = 0;
  while (at + 2 <= bytes.length) {
    at += lengthOf(bytes.subarray(at));
  }
  return at === bytes.length;
}

/** @param {Uint8Array} bytes that begin with a frame @returns {number} its length; more than there is if it is cut */
function lengthOf(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const short = bytes[1] & 0x7f;
  const extended = short < 126 ? 0 : short === 126 ? 2 : 8;
  const header = 2 + extended + (bytes[1] & 0x80 ? 4 : 0);
  if (header > bytes.length) {
    return header;
  }
  const payload = extended === 0 ? short : extended === 2 ? view.getUint16(2) : Number(view.getBigUint64(2));
  return header + payload;
}

module.exports = { areWhole, encode };
