'use strict';

// Medians, and how sure they are.

const RESAMPLES = 4000;

/**
 * @param {number[]} values
 * @param {number} part 0 to 1
 * @returns {number} between the two values that it falls between; NaN of nothing
 */
function quantile(values, part) {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (sorted.length - 1) * part;
  const below = sorted[Math.floor(at)] ?? NaN;
  return below + ((sorted[Math.ceil(at)] ?? NaN) - below) * (at - Math.floor(at));
}

/** @param {number[]} values */
const median = (values) => quantile(values, 0.5);

/** mulberry32: the same resamples every time, so that the same samples give the same interval. */
function random(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/**
 * The 95 % interval of the median by the bootstrap: of many resamples with replacement, the middle 95 %
 * of their medians.
 *
 * @param {number[]} values
 * @returns {[number, number]}
 */
function interval(values) {
  const next = random(values.length);
  const medians = Array.from({ length: RESAMPLES }, () =>
    median(values.map(() => values[Math.floor(next() * values.length)])),
  );
  return [quantile(medians, 0.025), quantile(medians, 0.975)];
}

/**
 * Whether values reach a bound: by the whole interval of their median, or not decided.
 *
 * @param {number[]} values
 * @param {'≥' | '≤'} sense
 * @param {number} bound
 * @returns {{ median: number, low: number, high: number, verdict: 'met' | 'missed' | 'undecided' }}
 */
function judge(values, sense, bound) {
  const [low, high] = interval(values);
  const [worst, best] = sense === '≥' ? [low, high] : [-high, -low];
  const least = sense === '≥' ? bound : -bound;
  const verdict = worst >= least ? 'met' : best < least ? 'missed' : 'undecided';
  return { median: median(values), low, high, verdict };
}

module.exports = { interval, judge, median, quantile };
