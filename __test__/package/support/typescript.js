'use strict';

const path = require('node:path');
const root = require('../../../scripts/lib/root');

/**
 * Compiles a file to JavaScript, as a project does that is strict and has the rules of Node.js for modules.
 *
 * @param {import('./project').Project} project
 * @param {string} file
 * @returns {Promise<import('./project').Result>}
 */
function compileStrictly(project, file) {
  const options = {
    module: 'nodenext',
    target: 'es2022',
    lib: 'es2022',
    typeRoots: path.join(root, 'node_modules', '@types'),
    types: 'node',
    pretty: 'false',
  };
  const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, value]);
  return project.node(require.resolve('typescript/bin/tsc'), '--strict', '--ignoreConfig', ...args, file);
}

module.exports = { compileStrictly };
