'use strict';

const { randomBytes } = require('node:crypto');

/**
 * A frame codec of the tests' own (RFC 6455 §5.2), which can also say what no endpoint may say.
 */

const CONTINUATION = 0x0;
const TEXT = 0x1;
const BINARY = 0x2;
const CLOSE = 0x8;
const PING = 0x9;
const PONG = 0xa;

/**
 * @param {object} frame
 * @param {number} frame.opcode
 * @param {Buffer|string} [frame.payload]
 * @param {boolean} [frame.fin]
 * @param {number} [frame.rsv] the three reserved bits as a number, RSV1 = 4
 * @param {boolean} [frame.mask]
 * @param {number} [frame.lengthBytes] 0, 2 or 8 bytes of extended length, the shortest by default
 * @param {bigint} [frame.declaredLength] a length that is not the payload's
 * @returns {Buffer}
 */
function encode({ opcode, payload = '', fin = true, rsv = 0, mask = true, lengthBytes, declaredLength }) {
  const body = Buffer.isBuffer(payload) ? payload : Buffer.from(payload);
  const length = declaredLength ?? BigInt(body.length);
  const form = lengthBytes ?? (length < 126n ? 0 : length < 65536n ? 2 : 8);
  const header = Buffer.alloc(2 + form + (mask ? 4 : 0));
  header[0] = (fin ? 0x80 : 0) | (rsv << 4) | opcode;
  if (form === 0) {
    header[1] = Number(length);
  } else if (form === 2) {
    header[1] = 126;
    header.writeUInt16BE(Number(length), 2);
  } else {
    header[1] = 127;
    header.writeBigUInt64BE(length, 2);
  }
  if (!mask) return Buffer.concat([header, body]);
  header[1] |= 0x80;
  const key = randomBytes(4);
  key.copy(header, header.length - 4);
  return Buffer.concat([header, unmask(body, key)]);
}

/**
 * @param {Buffer} payload
 * @param {Buffer} key
 * @returns {Buffer} a new buffer
 */
function unmask(payload, key) {
  const out = Buffer.allocUnsafe(payload.length);
  for (let i = 0; i < payload.length; i++) out[i] = payload[i] ^ key[i & 3];
  return out;
}

/**
 * @param {number} code
 * @param {string|Buffer} [reason]
 * @returns {Buffer} the payload of a close frame
 */
function closePayload(code, reason = '') {
  const head = Buffer.alloc(2);
  head.writeUInt16BE(code);
  return Buffer.concat([head, Buffer.from(reason)]);
}

/**
 * Cuts a byte stream into frames.
 */
class FrameReader {
  constructor() {
    this.chunks = [];
    this.size = 0;
    this.need = 2;
  }

  /**
   * @param {Buffer} chunk
   * @returns {object[]} the frames that are complete now
   */
  push(chunk) {
    this.chunks.push(chunk);
    this.size += chunk.length;
    const frames = [];
    if (this.size < this.need) return frames;
    let bytes = this.chunks.length === 1 ? chunk : Buffer.concat(this.chunks);
    for (;;) {
      const end = FrameReader.end(bytes);
      if (bytes.length < end || bytes.length < 2) {
        this.need = Math.max(end, 2);
        break;
      }
      frames.push(FrameReader.read(bytes.subarray(0, end)));
      bytes = bytes.subarray(end);
    }
    this.chunks = bytes.length === 0 ? [] : [bytes];
    this.size = bytes.length;
    return frames;
  }

  /**
   * @param {Buffer} bytes
   * @returns {number} how many bytes must be there before more can be said
   */
  static end(bytes) {
    if (bytes.length < 2) return 2;
    const short = bytes[1] & 0x7f;
    const head = 2 + (short === 126 ? 2 : short === 127 ? 8 : 0) + (bytes[1] & 0x80 ? 4 : 0);
    if (bytes.length < head) return head;
    if (short < 126) return head + short;
    return head + (short === 126 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2)));
  }

  /**
   * @param {Buffer} bytes exactly one frame
   * @returns {{fin: boolean, rsv: number, opcode: number, key: Buffer|null, payload: Buffer, size: number}}
   */
  static read(bytes) {
    const short = bytes[1] & 0x7f;
    const at = 2 + (short === 126 ? 2 : short === 127 ? 8 : 0);
    const key = bytes[1] & 0x80 ? bytes.subarray(at, at + 4) : null;
    const body = bytes.subarray(key === null ? at : at + 4);
    return {
      fin: bytes[0] >= 0x80,
      rsv: (bytes[0] >> 4) & 7,
      opcode: bytes[0] & 15,
      key,
      payload: key ? unmask(body, key) : body,
      size: bytes.length,
    };
  }
}

module.exports = {
  CONTINUATION,
  TEXT,
  BINARY,
  CLOSE,
  PING,
  PONG,
  FrameReader,
  closePayload,
  encode,
};
