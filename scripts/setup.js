'use strict';

// Makes a checkout runnable: npm packages, then the addon. Does and says nothing when nothing
// changed. Depends on Node alone, for it runs before anything is installed.

const buildAddon = require('./lib/addon');
const installDependencies = require('./lib/dependencies');

try {
  installDependencies();
  buildAddon();
} catch (error) {
  console.error(`setup: ${error.message}`);
  process.exitCode = 1;
}
