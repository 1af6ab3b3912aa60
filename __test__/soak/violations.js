'use strict';

const { BINARY, CLOSE, CONTINUATION, PING, TEXT, closePayload, encode } = require('../support/frames');
const { RSV1 } = require('../support/deflate');

const E = 'WS_ERR_';
const frames = (...all) => Buffer.concat(all.map(encode));

/**
 * Each way to break the rules: the bytes, and the code of the error that they are.
 *
 * @type {{ name: string, error: string, closeCode: number, compressed?: boolean, bytes: (random: (below: number) => number) => Buffer }[]}
 *   with `compressed` it needs permessage-deflate, or must not have it
 */
const VIOLATIONS = [
  {
    name: 'unmasked frame',
    error: 'EXPECTED_MASK',
    closeCode: 1002,
    bytes: () => frames({ opcode: TEXT, payload: 'x', mask: false }),
  },
  {
    name: 'RSV1',
    error: 'UNEXPECTED_RSV_1',
    closeCode: 1002,
    compressed: false,
    bytes: () => frames({ opcode: TEXT, payload: 'x', rsv: RSV1 }),
  },
  {
    name: 'RSV1 on a ping',
    error: 'UNEXPECTED_RSV_1',
    closeCode: 1002,
    bytes: () => frames({ opcode: PING, payload: 'x', rsv: RSV1 }),
  },
  {
    name: 'RSV1 on a continuation',
    error: 'UNEXPECTED_RSV_1',
    closeCode: 1002,
    bytes: () => frames({ opcode: TEXT, payload: 'x', fin: false }, { opcode: CONTINUATION, payload: 'x', rsv: RSV1 }),
  },
  {
    name: 'RSV2 or RSV3',
    error: 'UNEXPECTED_RSV_2_3',
    closeCode: 1002,
    bytes: (random) => frames({ opcode: BINARY, rsv: 1 + random(2) }),
  },
  {
    name: 'reserved opcode',
    error: 'INVALID_OPCODE',
    closeCode: 1002,
    bytes: (random) => frames({ opcode: [3, 7, 11, 15][random(4)] }),
  },
  {
    name: 'continuation of nothing',
    error: 'INVALID_OPCODE',
    closeCode: 1002,
    bytes: () => frames({ opcode: CONTINUATION, payload: 'x' }),
  },
  {
    name: 'message within a message',
    error: 'INVALID_OPCODE',
    closeCode: 1002,
    bytes: () => frames({ opcode: TEXT, payload: 'x', fin: false }, { opcode: BINARY, payload: 'x' }),
  },
  {
    name: 'fragmented ping',
    error: 'EXPECTED_FIN',
    closeCode: 1002,
    bytes: () => frames({ opcode: PING, payload: 'x', fin: false }),
  },
  {
    name: 'long ping',
    error: 'INVALID_CONTROL_PAYLOAD_LENGTH',
    closeCode: 1002,
    bytes: () => frames({ opcode: PING, payload: Buffer.alloc(126) }),
  },
  {
    name: 'close frame of one byte',
    error: 'INVALID_CONTROL_PAYLOAD_LENGTH',
    closeCode: 1002,
    bytes: () => frames({ opcode: CLOSE, payload: 'x' }),
  },
  {
    name: 'length in more bytes than it needs',
    error: 'NON_MINIMAL_PAYLOAD_LENGTH',
    closeCode: 1002,
    bytes: (random) => frames({ opcode: BINARY, payload: 'x', lengthBytes: [2, 8][random(2)] }),
  },
  {
    name: 'wrong close code',
    error: 'INVALID_CLOSE_CODE',
    closeCode: 1002,
    bytes: (random) =>
      frames({ opcode: CLOSE, payload: closePayload([0, 999, 1004, 1005, 1006, 1015, 2000, 5000][random(8)]) }),
  },
  {
    name: 'text that is not UTF-8',
    error: 'INVALID_UTF8',
    closeCode: 1007,
    bytes: (random) =>
      frames({ opcode: TEXT, payload: Buffer.from([['ff'], ['c0af'], ['eda080'], ['e282']][random(4)][0], 'hex') }),
  },
  {
    name: 'text cut within a letter, and wrong behind',
    error: 'INVALID_UTF8',
    closeCode: 1007,
    bytes: () =>
      frames(
        { opcode: TEXT, payload: Buffer.of(0xe2), fin: false },
        { opcode: CONTINUATION, payload: Buffer.of(0x41) },
      ),
  },
  {
    name: 'close reason that is not UTF-8',
    error: 'INVALID_UTF8',
    closeCode: 1007,
    bytes: () => frames({ opcode: CLOSE, payload: closePayload(1000, Buffer.of(0xff)) }),
  },
  {
    name: 'compressed nonsense',
    error: 'INVALID_COMPRESSED_DATA',
    closeCode: 1007,
    compressed: true,
    bytes: () => frames({ opcode: BINARY, payload: Buffer.alloc(20, 0xff), rsv: RSV1 }),
  },
  {
    name: 'message of more than maxPayload',
    error: 'UNSUPPORTED_MESSAGE_LENGTH',
    closeCode: 1009,
    bytes: () => frames({ opcode: BINARY, declaredLength: 3n << 20n, lengthBytes: 8 }),
  },
  {
    name: 'length of 2^63',
    error: 'UNSUPPORTED_DATA_PAYLOAD_LENGTH',
    closeCode: 1009,
    bytes: () => frames({ opcode: BINARY, declaredLength: 1n << 63n, lengthBytes: 8 }),
  },
  {
    name: 'too many empty fragments',
    error: 'TOO_MANY_EMPTY_FRAGMENTS',
    closeCode: 1008,
    bytes: () => frames({ opcode: TEXT, fin: false }, ...Array(1100).fill({ opcode: CONTINUATION, fin: false })),
  },
  {
    name: 'too many fragments',
    error: 'TOO_MANY_BUFFERED_PARTS',
    closeCode: 1008,
    bytes: () =>
      frames(
        { opcode: BINARY, payload: 'x', fin: false },
        ...Array(2100).fill({ opcode: CONTINUATION, payload: 'x', fin: false }),
      ),
  },
].map((violation) => ({ ...violation, error: E + violation.error }));

/** @param {boolean} compressed whether the connection has permessage-deflate @returns {typeof VIOLATIONS} those that it can commit */
function violationsOf(compressed) {
  return VIOLATIONS.filter((violation) => violation.compressed === undefined || violation.compressed === compressed);
}

module.exports = { violationsOf };
