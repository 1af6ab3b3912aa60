'use strict';

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const root = require('./root');

/** What is asked of the Python that makes the environment. */
const FACTS = 'import sys, venv, ensurepip; print(sys.version, sys.base_prefix)';

/**
 * Runs a program to its end.
 *
 * @param {string} program
 * @param {string[]} args
 * @returns {string} what it printed
 * @throws {Error} with what it said, if it failed
 */
function run(program, args) {
  const { status, error, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  if (error) throw error;
  if (status !== 0) throw new Error(`${path.basename(program)} ended with ${status}\n${stdout}${stderr}`.trimEnd());
  return stdout;
}

/** A virtual environment of Python under `.cache/`, made from a file of requirements. */
class PythonEnvironment {
  #home;
  #stamp;
  #requirements;
  #purpose;

  /**
   * @param {string} name of its folder in `.cache/`
   * @param {string} requirements path of the file that names its packages, each with its version
   * @param {string} purpose what needs it, as the subject of a sentence
   */
  constructor(name, requirements, purpose) {
    this.#home = path.join(root, '.cache', name);
    this.#stamp = path.join(this.#home, 'made-from.txt');
    this.#requirements = requirements;
    this.#purpose = purpose;
  }

  /** @returns {boolean} whether it was made, from whatever it was */
  get isMade() {
    return fs.existsSync(this.#stamp);
  }

  /** @param {string} name @returns {string} the path of one of its programs */
  program(name) {
    const windows = process.platform === 'win32';
    return windows ? path.join(this.#home, 'Scripts', `${name}.exe`) : path.join(this.#home, 'bin', name);
  }

  /** Makes the environment, unless it is there and was made from the same Python and packages. */
  make() {
    const from = this.#source();
    if (this.isMade && fs.readFileSync(this.#stamp, 'utf8') === from) return;
    fs.rmSync(this.#home, { recursive: true, force: true });
    run(process.env.PYTHON ?? 'python3', ['-m', 'venv', this.#home]);
    const quietly = ['--quiet', '--disable-pip-version-check', '--no-input', '--only-binary', ':all:'];
    run(this.program('python'), ['-m', 'pip', 'install', ...quietly, '--requirement', this.#requirements]);
    fs.writeFileSync(this.#stamp, from);
  }

  /** @returns {string} what the environment has to be made from: a Python, and the packages */
  #source() {
    try {
      return run(process.env.PYTHON ?? 'python3', ['-c', FACTS]) + fs.readFileSync(this.#requirements, 'utf8');
    } catch (error) {
      const needed = `${this.#purpose} need python3 (3.11 or newer) with venv; Debian has it as python3-venv`;
      throw new Error(`${needed}. ${error.message}`);
    }
  }
}

module.exports = PythonEnvironment;
