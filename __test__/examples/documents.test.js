'use strict';

// The code of README.md and of the guides runs as it stands, but for ports and hosts.

const assert = require('node:assert/strict');
const test = require('node:test');
require('./documents/readme');
require('./documents/recipes');
require('./documents/guides');
require('./documents/monitoring');
require('./documents/command');
require('./documents/configurations');
const { left } = require('./documents/blocks');

test('every block of code in README.md and the guides has been run, or is quoted from what runs', () => {
  assert.deepEqual(left(), []);
});
