'use strict';

// What one process sends to the others: the messages that it has published to one channel within a tick.
//
//   version      1 byte
//   flags        1 byte: FIRST
//   node         12 bytes: who has published it
//   sequence     6 bytes: the number of its first message; the others count on from there
//   messages     each with its flags, whom it leaves out, the size of its frames if that is limited, and its payload
//
// Numbers are big-endian. Brokers are shared, so what arrives is checked byte by byte.

const { opcode } = require('../native/constants.js');

const VERSION = 1;
const NODE_BYTES = 12;
const SEQUENCE_AT = 2 + NODE_BYTES;
const HEAD_BYTES = SEQUENCE_AT + 6;
const SID_BYTES = 16;

/** The publisher has begun to count on this channel: nothing is missing before it. */
const FIRST = 1;

const BINARY = 1;
const UNCOMPRESSED = 2;
const VOLATILE = 4;
const FRAGMENTED = 8;

/**
 * How a message is delivered.
 *
 * @typedef {object} How
 * @property {boolean} compress
 * @property {number} fragment most bytes of payload of a frame, or `Infinity`
 * @property {boolean} volatile
 * @property {readonly string[]} except sids that do not get it
 */

/** @typedef {{ opcode: number, data: string | Uint8Array, how: How }} Message */

/** @typedef {{ node: string, isFirst: boolean, sequence: number, messages: Message[] }} Envelope */

/**
 * Encodes a message. What it is made of may change afterwards.
 *
 * @param {number} code its opcode
 * @param {string | ArrayBufferView} data
 * @param {How} how
 * @returns {Buffer}
 */
function encodeMessage(code, data, { compress, fragment, volatile, except }) {
  const length = typeof data === 'string' ? Buffer.byteLength(data) : data.byteLength;
  const isFragmented = fragment !== Infinity;
  const bytes = Buffer.allocUnsafe(9 + except.length * SID_BYTES + (isFragmented ? 8 : 0) + length);
  const isBinary = code === opcode.BINARY;
  bytes[0] =
    (isBinary ? BINARY : 0) |
    (compress ? 0 : UNCOMPRESSED) |
    (volatile ? VOLATILE : 0) |
    (isFragmented ? FRAGMENTED : 0);
  let at = bytes.writeUInt32BE(except.length, 1);
  for (const sid of except) {
    at += bytes.write(sid, at, SID_BYTES, 'latin1');
  }
  if (isFragmented) at = bytes.writeDoubleBE(fragment, at);
  at = bytes.writeUInt32BE(length, at);
  if (typeof data === 'string') {
    bytes.write(data, at, 'utf8');
  } else {
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, length), at);
  }
  return bytes;
}

/**
 * @param {{ node: Buffer, isFirst: boolean, sequence: number }} head
 * @param {Buffer[]} messages as `encodeMessage` made them
 * @returns {Buffer}
 */
function encodeEnvelope({ node, isFirst, sequence }, messages) {
  const head = Buffer.allocUnsafe(HEAD_BYTES);
  head[0] = VERSION;
  head[1] = isFirst ? FIRST : 0;
  node.copy(head, 2);
  head.writeUIntBE(sequence, SEQUENCE_AT, 6);
  return Buffer.concat([head, ...messages]);
}

/** Reads an envelope from one end to the other. */
class Reader {
  #bytes;
  at = HEAD_BYTES;

  /** @param {Buffer} bytes */
  constructor(bytes) {
    this.#bytes = bytes;
  }

  get isAtEnd() {
    return this.at === this.#bytes.length;
  }

  /**
   * @param {number} length
   * @returns {Buffer} a view
   */
  take(length) {
    const from = this.at;
    if (length > this.#bytes.length - from) throw new RangeError('it is cut short');
    this.at = from + length;
    return this.#bytes.subarray(from, this.at);
  }

  /** @returns {string[]} */
  sids() {
    const count = this.take(4).readUInt32BE(0);
    // Before the list is made: so many cannot follow if there are fewer bytes.
    const sids = this.take(count * SID_BYTES).toString('latin1');
    return Array.from({ length: count }, (_, i) => sids.slice(i * SID_BYTES, (i + 1) * SID_BYTES));
  }
}

/**
 * @param {Reader} reader
 * @returns {Message}
 */
function readMessage(reader) {
  const [flags] = reader.take(1);
  if (flags > (BINARY | UNCOMPRESSED | VOLATILE | FRAGMENTED)) throw new RangeError('it has unknown flags');
  const except = reader.sids();
  let fragment = Infinity;
  if (flags & FRAGMENTED) {
    fragment = reader.take(8).readDoubleBE(0);
    if (!Number.isSafeInteger(fragment) || fragment < 1) throw new RangeError('its frames have no valid size');
  }
  const payload = reader.take(reader.take(4).readUInt32BE(0));
  const isBinary = (flags & BINARY) !== 0;
  return {
    opcode: isBinary ? opcode.BINARY : opcode.TEXT,
    data: isBinary ? payload : payload.toString(),
    how: { compress: !(flags & UNCOMPRESSED), fragment, volatile: (flags & VOLATILE) !== 0, except },
  };
}

/**
 * @param {Uint8Array} bytes
 * @returns {Envelope}
 * @throws {RangeError} if it is none
 */
function decodeEnvelope(bytes) {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (buffer.length < HEAD_BYTES) throw new RangeError('it is cut short');
  if (buffer[0] !== VERSION) throw new RangeError(`its version is ${buffer[0]}, not ${VERSION}`);
  const reader = new Reader(buffer);
  const messages = [];
  while (!reader.isAtEnd) messages.push(readMessage(reader));
  const sequence = buffer.readUIntBE(SEQUENCE_AT, 6);
  return { node: buffer.toString('latin1', 2, SEQUENCE_AT), isFirst: (buffer[1] & FIRST) !== 0, sequence, messages };
}

/** @param {Buffer} node @returns {string} as an envelope of it has it */
function nodeName(node) {
  return node.toString('latin1');
}

module.exports = { NODE_BYTES, decodeEnvelope, encodeEnvelope, encodeMessage, nodeName };
