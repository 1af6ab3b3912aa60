'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const websockets = require('..');
const { run } = require('./support/child');
const { limit } = require('./support/server');

test('the package is Base and acceptKey', () => {
  assert.equal(typeof websockets.Base, 'function');
  assert.equal(typeof websockets.acceptKey, 'function');
});

test('import { Base } from \'websockets\' and require(\'websockets\') give the same', limit, async (t) => {
  const child = run(t, 'import.mjs');
  assert.deepEqual(await child.says(), ['imported', 3, 'function', true]);
  assert.deepEqual(await child.exited, { code: 0, signal: null });
});
