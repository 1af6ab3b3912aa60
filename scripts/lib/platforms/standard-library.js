'use strict';

// Rust's standard library for another platform: as rustup has it, or else built from Debian's sources of it.

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { unpacked } = require('./debian');
const { cached, run } = require('./tools');

/** @param {string} what @param {string[]} [more] @returns {string} what rustc says of itself */
const print = (what, more = []) => run('rustc', ['--print', what, ...more]).trim();

/** @param {string} target @returns {boolean} whether the toolchain has it */
function isThere(target) {
  const { status, stdout } = spawnSync('rustc', ['--print', 'target-libdir', '--target', target], { encoding: 'utf8' });
  const folder = stdout.trim();
  return status === 0 && fs.existsSync(folder) && fs.readdirSync(folder).some((name) => /^libstd-.*\.rlib$/.test(name));
}

/** @param {string} target @returns {boolean} whether rustup has got it */
function isAdded(target) {
  const { status } = spawnSync('rustup', ['target', 'add', target], { encoding: 'utf8' });
  return status === 0 && isThere(target);
}

/**
 * A copy of the toolchain that has the sources of the standard library; its files are links to the same.
 *
 * @returns {string} its folder
 */
function withSources() {
  const [, version] = /^release: (\d+\.\d+\.\d+)$/m.exec(run('rustc', ['-vV'])) ?? [];
  if (version === undefined) throw new Error('the sources of the standard library are for a stable toolchain');
  const folder = cached('toolchain', version);
  const library = path.join(folder, 'lib', 'rustlib', 'src', 'rust', 'library');
  if (fs.existsSync(library)) return folder;
  const sources = unpacked(`rust-src-${version}`, [`rust-src=${version}*`]);
  const sysroot = print('sysroot');
  fs.rmSync(folder, { recursive: true, force: true });
  fs.mkdirSync(folder, { recursive: true });
  const parts = ['bin', 'lib'].map((name) => path.join(sysroot, name));
  // Links cannot lead to another disk.
  const isLinked = spawnSync('cp', ['-al', ...parts, folder]).status === 0;
  if (!isLinked) run('cp', ['-a', ...parts, folder]);
  fs.mkdirSync(path.dirname(library), { recursive: true });
  fs.cpSync(path.join(sources, 'usr', 'src', `rustc-${version}`, 'library'), library, { recursive: true });
  return folder;
}

/**
 * What Cargo needs in its environment to build for a target.
 *
 * @param {string} target
 * @returns {NodeJS.ProcessEnv}
 */
function standardLibrary(target) {
  if (isThere(target) || isAdded(target)) return {};
  return {
    CARGO_UNSTABLE_BUILD_STD: 'std,panic_unwind',
    PATH: [path.join(withSources(), 'bin'), process.env.PATH].join(path.delimiter),
    RUSTC_BOOTSTRAP: '1',
  };
}

module.exports = { standardLibrary };
