'use strict';

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

const REQUIREMENTS = path.join(__dirname, 'requirements.txt');
const HOME = path.join(__dirname, '..', '..', '.cache', 'interop-python');
const STAMP = path.join(HOME, 'made-from.txt');
const PYTHON =
  process.platform === 'win32' ? path.join(HOME, 'Scripts', 'python.exe') : path.join(HOME, 'bin', 'python');

/** What is asked of the Python that the environment is made by. */
const FACTS = 'import sys, venv, ensurepip; print(sys.version, sys.base_prefix)';

/**
 * Runs a program to its end.
 *
 * @param {string} program
 * @param {string[]} args
 * @returns {string} what it printed
 * @throws {Error} with what it said, where it failed
 */
function run(program, args) {
  const { status, error, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  if (error) throw error;
  if (status !== 0) throw new Error(`${path.basename(program)} ended with ${status}\n${stdout}${stderr}`.trimEnd());
  return stdout;
}

/** @returns {string} what the environment has to be made from: a Python, and the packages */
function wanted() {
  const python = process.env.PYTHON ?? 'python3';
  try {
    return run(python, ['-c', FACTS]) + fs.readFileSync(REQUIREMENTS, 'utf8');
  } catch (error) {
    const needed = 'The interop tests need python3 (3.11 or newer) with venv; Debian has it as python3-venv';
    throw new Error(`${needed}. ${error.message}`);
  }
}

/**
 * Makes the virtual environment of the Python peers, where it is not there as it should be.
 */
function make() {
  const from = wanted();
  if (fs.existsSync(STAMP) && fs.readFileSync(STAMP, 'utf8') === from) return;
  fs.rmSync(HOME, { recursive: true, force: true });
  run(process.env.PYTHON ?? 'python3', ['-m', 'venv', HOME]);
  const quietly = ['--quiet', '--disable-pip-version-check', '--no-input', '--only-binary', ':all:'];
  run(PYTHON, ['-m', 'pip', 'install', ...quietly, '--requirement', REQUIREMENTS]);
  fs.writeFileSync(STAMP, from);
}

/**
 * @returns {string} the Python of the environment
 * @throws {Error} where it has not been made
 */
function python() {
  if (!fs.existsSync(STAMP)) throw new Error('There are no Python peers: node __test__/interop/setup.js gets them');
  return PYTHON;
}

module.exports = { make, python };
