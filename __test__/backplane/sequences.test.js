'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { Numbers, Received } = require('../../lib/backplane/sequences');

const look = (received, node, taken, count = 1) => received.look('a', { node, ...taken }, count);

test('numbers count on for each channel, and those given back are given out again', () => {
  const numbers = new Numbers();
  assert.deepEqual(numbers.take('a', 3), { sequence: 1, isFirst: true });
  assert.deepEqual(numbers.take('b', 1), { sequence: 1, isFirst: true });
  const taken = numbers.take('a', 2);
  assert.deepEqual(taken, { sequence: 4, isFirst: false });
  numbers.giveBack('a', taken);
  assert.deepEqual(numbers.take('a', 1), { sequence: 4, isFirst: false });
  const first = numbers.take('c', 1);
  numbers.giveBack('c', first);
  assert.deepEqual(numbers.take('c', 1), { sequence: 1, isFirst: true });
});

test('a publisher forgets channels that it has not used for long, and no receiver takes that for a loss', () => {
  const [numbers, received] = [new Numbers(), new Received()];
  look(received, 'node', numbers.take('a', 5), 5);
  for (let i = 0; i < 16_384; i += 1) numbers.take(`other ${i}`, 1);
  const again = numbers.take('a', 1);
  assert.deepEqual(again, { sequence: 6, isFirst: true });
  assert.deepEqual(look(received, 'node', again), { lost: 0, old: 0 });
  // Channels that come anew begin above whatever a forgotten one may have had.
  assert.equal(numbers.take('new', 1).sequence, 6);
});

test('a receiver counts gaps, and what is old, of each publisher', () => {
  const received = new Received();
  assert.deepEqual(look(received, 'x', { sequence: 10, isFirst: false }), { lost: 0, old: 0 });
  assert.deepEqual(look(received, 'x', { sequence: 14, isFirst: false }, 2), { lost: 3, old: 0 });
  assert.deepEqual(look(received, 'y', { sequence: 1, isFirst: true }), { lost: 0, old: 0 });
  assert.deepEqual(look(received, 'x', { sequence: 12, isFirst: false }), { lost: 0, old: 1 });
  assert.deepEqual(look(received, 'x', { sequence: 14, isFirst: false }, 4), { lost: 0, old: 2 });
  assert.deepEqual(look(received, 'x', { sequence: 18, isFirst: false }), { lost: 0, old: 0 });
  received.forget('a');
  assert.deepEqual(look(received, 'x', { sequence: 30, isFirst: false }), { lost: 0, old: 0 });
});

test('a receiver keeps the last 1,024 publishers of a channel', () => {
  const received = new Received();
  look(received, 'old', { sequence: 1, isFirst: true });
  look(received, 'talks', { sequence: 1, isFirst: true });
  for (let i = 0; i < 1023; i += 1) {
    if (i === 500) look(received, 'talks', { sequence: 2, isFirst: false });
    look(received, `node ${i}`, { sequence: 1, isFirst: true });
  }
  assert.equal(look(received, 'talks', { sequence: 4, isFirst: false }).lost, 1);
  assert.equal(look(received, 'old', { sequence: 4, isFirst: false }).lost, 0, 'as one that is new');
});
