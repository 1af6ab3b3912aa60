'use strict';

const { spawnSync } = require('node:child_process');
const path = require('node:path');
const PythonEnvironment = require('../python-environment');
const root = require('../root');

const environment = new PythonEnvironment(
  'cross',
  path.join(__dirname, 'requirements.txt'),
  'Binaries for other platforms',
);

/** @returns {string} a folder under `.cache/` that is for what is installed for other platforms */
const cached = (...names) => path.join(root, '.cache', 'platforms', ...names);

/**
 * A program of `requirements.txt`, which is installed first if it is missing.
 *
 * @param {string} name
 * @returns {string} its path
 */
function tool(name) {
  environment.make();
  return environment.program(name);
}

/**
 * Runs a program to its end.
 *
 * @param {string} program
 * @param {string[]} args
 * @param {import('node:child_process').SpawnSyncOptions} [options]
 * @returns {string} what it printed
 * @throws {Error} with what it said, if it failed
 */
function run(program, args, options = {}) {
  const { status, signal, error, stdout, stderr } = spawnSync(program, args, {
    maxBuffer: 256 * 1024 * 1024,
    ...options,
    encoding: 'utf8',
  });
  if (error) throw error;
  if (status !== 0) {
    const command = [path.basename(program), ...args].join(' ');
    throw new Error(`${command} ended with ${signal ?? status}\n${stdout}${stderr}`.trimEnd());
  }
  return stdout;
}

module.exports = { cached, run, tool };
