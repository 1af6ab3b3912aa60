'use strict';

const { bytesOf } = require('../support/payloads');

/** The sizes at which a frame changes its shape, those beside them, and those around a threshold. */
const SIZES = [0, 1, 125, 126, 1_023, 1_024, 65_535, 65_536, 1 << 20];

/** Names with characters of one to four bytes in UTF-8. */
const NAMES = ['Ada', 'Zoë', 'Grace', 'Łukasz', '山田花子', 'Ольга', 'Åse 😀', '𝒳avier 🚀', 'Hedy'];

/**
 * @param {number} bytes
 * @returns {string} records, no two of them alike, which is as well compressible as such things are;
 *   exactly as long in UTF-8
 */
function textOf(bytes) {
  let text = '';
  let length = 0;
  for (let id = 0; ; id++) {
    const record = `{"id":${id},"name":"${NAMES[id % NAMES.length]}","score":${(id * 7919) % 1000}}\n`;
    const size = Buffer.byteLength(record);
    if (length + size > bytes) {
      // A size too small for a record: of its characters those that fit, then ASCII.
      let tail = '';
      for (const character of NAMES[6].slice(-2) + record) {
        if (Buffer.byteLength(tail + character) > bytes - length) break;
        tail += character;
      }
      return text + tail + 'x'.repeat(bytes - length - Buffer.byteLength(tail));
    }
    text += record;
    length += size;
  }
}

/**
 * @param {number} bytes
 * @returns {Buffer} as compressible, and no UTF-8
 */
function binaryOf(bytes) {
  return Buffer.from(textOf(bytes)).map((byte) => byte ^ 0xff);
}

/** Every size as text and as binary, and one that nothing can compress. */
const MESSAGES = [...SIZES.flatMap((size) => [textOf(size), binaryOf(size)]), bytesOf(70_000)];

/** Bytes of their payloads. */
const TOTAL = MESSAGES.reduce((sum, message) => sum + Buffer.byteLength(message), 0);

/**
 * @param {string | Buffer} message
 * @returns {['text' | 'binary', string]} as a peer in another process gets it
 */
function toWire(message) {
  return typeof message === 'string' ? ['text', message] : ['binary', message.toString('base64')];
}

/**
 * @param {['text' | 'binary', string]} wire
 * @returns {string | Buffer}
 */
function fromWire([type, data]) {
  return type === 'text' ? data : Buffer.from(data, 'base64');
}

module.exports = { MESSAGES, TOTAL, fromWire, toWire };
