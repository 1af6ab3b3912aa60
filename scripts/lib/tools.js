'use strict';

const { spawnSync } = require('node:child_process');
const path = require('node:path');
const PythonEnvironment = require('./python-environment');
const root = require('./root');

const tools = new PythonEnvironment(
  'tools',
  path.join(__dirname, 'requirements.txt'),
  'The gates typos, deny and zizmor',
);

/**
 * Runs one of the programs in `requirements.txt`, and installs them first if they are missing.
 *
 * @param {string} name
 * @param {string[]} args
 * @returns {{ ok: boolean, output: string }} what it printed on either stream
 * @throws {Error} if it cannot be installed or started
 */
function runTool(name, args) {
  tools.make();
  const options = { cwd: root, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 };
  const { status, error, stdout, stderr } = spawnSync(tools.program(name), args, options);
  if (error) throw error;
  return { ok: status === 0, output: stdout + stderr };
}

module.exports = { runTool };
