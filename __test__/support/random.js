'use strict';

/**
 * Numbers that are the same in each run with the same seed.
 *
 * @param {number} seed
 * @returns {(below: number) => number} a whole number from 0 up to, not including, `below`
 */
function seeded(seed) {
  let state = seed >>> 0;
  return (below) => {
    // mulberry32
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

/**
 * Text of all kinds of code points, mixed by the piece.
 *
 * @param {(below: number) => number} random
 * @param {number} length in code points
 * @returns {string} with no lone surrogate
 */
function randomText(random, length) {
  const kinds = [
    [0, 0x80],
    [0x20, 0x5f],
    [0x80, 0x780],
    [0x800, 0x5000],
    [0xe000, 0x2000],
    [0x10000, 0x100000],
  ];
  let text = '';
  while (length > 0) {
    const [from, count] = kinds[random(kinds.length)];
    for (let run = Math.min(length, 1 + random(40)); run > 0; run--, length--) {
      text += String.fromCodePoint(from + random(count));
    }
  }
  return text;
}

module.exports = { randomText, seeded };
