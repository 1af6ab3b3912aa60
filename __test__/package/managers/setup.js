'use strict';

// node __test__/package/managers/setup.js: installs the package managers, which the tests would do one by one, and twice
// where two files run at a time.

const { DENO, MANAGERS } = require('./catalog');

try {
  for (const { command } of [...MANAGERS, DENO]) command();
} catch (error) {
  console.error(`managers: ${error.message}`);
  process.exitCode = 1;
}
