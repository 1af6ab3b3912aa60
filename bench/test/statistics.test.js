'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { interval, judge, median, quantile } = require('../lib/statistics');

test('quantiles interpolate, and leave the values as they are', () => {
  const values = [4, 1, 3, 2];
  assert.equal(median(values), 2.5);
  assert.equal(quantile(values, 0), 1);
  assert.equal(quantile(values, 1), 4);
  assert.deepEqual(values, [4, 1, 3, 2]);
  assert.equal(median([7]), 7);
  assert.ok(Number.isNaN(median([])));
});

test('the interval of a median holds it, is repeatable, and grows with the spread', () => {
  const narrow = [1.0, 1.01, 0.99, 1.02, 0.98, 1.0, 1.01, 0.99, 1.0];
  const wide = narrow.map((value) => 1 + (value - 1) * 20);
  const [low, high] = interval(narrow);
  assert.ok(low <= median(narrow) && median(narrow) <= high);
  assert.deepEqual(interval(narrow), [low, high]);
  const [wideLow, wideHigh] = interval(wide);
  assert.ok(wideHigh - wideLow > high - low);
  assert.deepEqual(interval([3, 3, 3]), [3, 3]);
});

test('of normal samples the interval of the median covers the true one nineteen times in twenty', () => {
  let state = 12345;
  const uniform = () => {
    state = (state * 1103515245 + 12345) % 2 ** 31;
    return state / 2 ** 31;
  };
  const normal = () => Array.from({ length: 12 }, uniform).reduce((sum, x) => sum + x) - 6;
  let covered = 0;
  for (let trial = 0; trial < 100; trial += 1) {
    const [low, high] = interval(Array.from({ length: 15 }, normal));
    if (low <= 0 && 0 <= high) covered += 1;
  }
  assert.ok(covered >= 88 && covered <= 100, `${covered} of 100`);
});

test('a verdict needs the whole interval on one side', () => {
  assert.equal(judge([2, 2.1, 2.2], '≥', 1.9).verdict, 'met');
  assert.equal(judge([2, 2.1, 2.2], '≥', 2.3).verdict, 'missed');
  assert.equal(judge([2, 2.1, 2.2], '≥', 2.1).verdict, 'undecided');
  assert.equal(judge([2, 2.1, 2.2], '≤', 2.3).verdict, 'met');
  assert.equal(judge([2, 2.1, 2.2], '≤', 1.9).verdict, 'missed');
  assert.equal(judge([2, 2.1, 2.2], '≤', 2.1).verdict, 'undecided');
  assert.equal(judge([1, 1, 1], '≥', 1).verdict, 'met');
});
