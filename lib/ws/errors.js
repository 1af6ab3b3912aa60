'use strict';

/** Too many fragments, or too many chunks. */
const TOO_MANY_PARTS = 'WS_ERR_TOO_MANY_BUFFERED_PARTS';

/** What `ws` says of a violation, by its code; of others it has not, our own words stand. @type {Map<string, string>} */
const MESSAGES = new Map([
  ['WS_ERR_EXPECTED_FIN', 'Invalid WebSocket frame: FIN must be set'],
  ['WS_ERR_EXPECTED_MASK', 'Invalid WebSocket frame: MASK must be set'],
  ['WS_ERR_INVALID_UTF8', 'Invalid WebSocket frame: invalid UTF-8 sequence'],
  ['WS_ERR_UNEXPECTED_MASK', 'Invalid WebSocket frame: MASK must be clear'],
  ['WS_ERR_UNEXPECTED_RSV_1', 'Invalid WebSocket frame: RSV1 must be clear'],
  ['WS_ERR_UNEXPECTED_RSV_2_3', 'Invalid WebSocket frame: RSV2 and RSV3 must be clear'],
  [TOO_MANY_PARTS, 'Too many message fragments'],
  ['WS_ERR_UNSUPPORTED_DATA_PAYLOAD_LENGTH', 'Unsupported WebSocket frame: payload length > 2^53 - 1'],
  ['WS_ERR_UNSUPPORTED_MESSAGE_LENGTH', 'Max payload size exceeded'],
]);

/** Codes whose messages have a number in them, which ours have as well. @type {Map<string, string>} */
const NUMBERED = new Map([
  ['WS_ERR_INVALID_CLOSE_CODE', 'invalid status code'],
  ['WS_ERR_INVALID_OPCODE', 'invalid opcode'],
  ['WS_ERR_INVALID_CONTROL_PAYLOAD_LENGTH', 'invalid payload length'],
]);

/**
 * A peer's error in the words of `ws`: some look at those.
 *
 * @param {Error & { code?: string, closeCode?: number }} error
 * @returns {Error}
 */
function wsError(error) {
  const { code = '' } = error;
  const [, number] = /(\d+)/.exec(error.message) ?? [];
  const isOfChunks = code === TOO_MANY_PARTS && error.message.startsWith('too many chunks');
  const numbered = NUMBERED.get(code);
  const message =
    (isOfChunks ? 'Too many buffered chunks' : MESSAGES.get(code)) ??
    (numbered && number !== undefined ? `Invalid WebSocket frame: ${numbered} ${number}` : error.message);
  if (code === 'WS_ERR_INVALID_COMPRESSED_DATA') {
    // That of zlib, which `ws` passes on.
    return Object.assign(new Error(message), { code: 'Z_DATA_ERROR', errno: -3, cause: error });
  }
  const Kind = code === 'WS_ERR_INVALID_UTF8' ? Error : RangeError;
  return Object.assign(new Kind(message), { code, cause: error });
}

module.exports = { wsError };
