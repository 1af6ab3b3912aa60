'use strict';

// node __test__/interop/setup.js: makes the virtual environment of the Python peers under .cache/.

const { make } = require('./environment');

try {
  make();
} catch (error) {
  console.error(`interop: ${error.message}`);
  process.exitCode = 1;
}
