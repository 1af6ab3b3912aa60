'use strict';

const path = require('node:path');
const PythonEnvironment = require('../../scripts/lib/python-environment');

const peers = new PythonEnvironment('interop-python', path.join(__dirname, 'requirements.txt'), 'The interop tests');

/** Makes the virtual environment of the Python peers, unless it is there as it should be. */
function make() {
  peers.make();
}

/**
 * @returns {string} the Python of the environment
 * @throws {Error} if it has not been made
 */
function python() {
  if (!peers.isMade) throw new Error('There are no Python peers: node __test__/interop/setup.js gets them');
  return peers.program('python');
}

module.exports = { make, python };
