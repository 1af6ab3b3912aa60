'use strict';

// node __test__/interop/setup.js: makes the virtual environment of the Python peers under .cache/, and installs the
// libraries that are built on ws.

const installDependencies = require('../../scripts/lib/dependencies');
const { make } = require('./environment');

try {
  make();
  installDependencies('__test__/interop/libraries');
} catch (error) {
  console.error(`interop: ${error.message}`);
  process.exitCode = 1;
}
