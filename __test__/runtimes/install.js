'use strict';

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');

/**
 * A runtime, or another program that a package of npm has.
 *
 * @typedef {object} Program
 * @property {string} title
 * @property {string} spec what npm is asked for
 * @property {string} folder where it is installed
 * @property {string[]} command what starts it
 * @property {string} [script] the file that a runtime starts, if it is none itself
 */

/** @param {Program} program @returns {boolean} whether it is there and runs */
function works({ command: [binary], script }) {
  const [file, ...args] = script === undefined ? [binary] : [binary, script];
  return [file, ...args].every((one) => fs.existsSync(one)) && spawnSync(file, [...args, '--version']).status === 0;
}

/**
 * Has npm fetch the program, unless it is there: out of one package, without scripts.
 *
 * @param {Program} program
 */
function install(program) {
  if (works(program)) return;
  fs.mkdirSync(program.folder, { recursive: true });
  const args = [
    'install',
    '--prefix',
    program.folder,
    '--no-save',
    '--ignore-scripts',
    '--no-audit',
    '--no-fund',
    program.spec,
  ];
  const { status, stdout, stderr } = spawnSync('npm', args, { encoding: 'utf8' });
  if (status !== 0 || !works(program)) {
    throw new Error(`${program.title} could not be installed (npm install ${program.spec})\n${stdout}${stderr}`);
  }
}

module.exports = install;
