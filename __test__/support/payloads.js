'use strict';

/** The sizes at which a frame changes its shape, in bytes. */
const SIZES = [0, 1, 125, 126, 127, 65535, 65536, 1 << 20, 16 << 20];

/** Text by what it is made of, one unit of each. */
const UNITS = {
  ASCII: 'The quick brown fox. ',
  'Latin-1': 'éàüßñ',
  CJK: '漢字かな',
  emoji: '😀🚀',
  mixed: 'plain, é, 漢, 😀; ',
};

/**
 * @param {string} unit
 * @param {number} bytes
 * @returns {string} made of whole units, and of ASCII to be exactly as long in UTF-8
 */
function textOf(unit, bytes) {
  const size = Buffer.byteLength(unit);
  const text = unit.repeat(Math.floor(bytes / size));
  return text + 'x'.repeat(bytes % size);
}

/**
 * @param {number} bytes
 * @returns {Buffer} with no short period, so that bytes out of place show
 */
function bytesOf(bytes) {
  const out = Buffer.allocUnsafe(bytes);
  for (let i = 0, state = 1; i < bytes; i++) {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    out[i] = state >>> 16;
  }
  return out;
}

module.exports = { SIZES, UNITS, bytesOf, textOf };
