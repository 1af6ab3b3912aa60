'use strict';

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');

/** @returns {boolean} whether the runtime is there and runs */
function works({ command: [binary] }) {
  return fs.existsSync(binary) && spawnSync(binary, ['--version']).status === 0;
}

/**
 * Has npm fetch the runtime, unless it is there: one binary out of one package, without scripts.
 *
 * @param {import('./catalog').Runtime} runtime
 */
function install(runtime) {
  if (works(runtime)) return;
  fs.mkdirSync(runtime.folder, { recursive: true });
  const args = [
    'install',
    '--prefix',
    runtime.folder,
    '--no-save',
    '--ignore-scripts',
    '--no-audit',
    '--no-fund',
    runtime.spec,
  ];
  const { status, stdout, stderr } = spawnSync('npm', args, { encoding: 'utf8' });
  if (status !== 0 || !works(runtime)) {
    throw new Error(`${runtime.title} could not be installed (npm install ${runtime.spec})\n${stdout}${stderr}`);
  }
}

module.exports = install;
