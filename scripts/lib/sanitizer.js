'use strict';

// What builds with a sanitizer, in folders of its own under `target/`. It takes a nightly toolchain: the flag
// is unstable.

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const root = require('./root');

/** Sanitizers are for the systems that Rust has their runtimes for, and that these scripts know how to preload them on. */
const TARGETS = { x64: 'x86_64-unknown-linux-gnu', arm64: 'aarch64-unknown-linux-gnu' };
const TARGET = process.platform === 'linux' ? TARGETS[process.arch] : undefined;

/** No toolchain is downloaded because somebody asks whether it is there. */
const RUSTUP = { RUSTUP_AUTO_INSTALL: '0' };

/** @returns {string} the folder of the nightly toolchain; '' if there is none */
function sysroot() {
  const env = { ...process.env, ...RUSTUP };
  const { status, stdout } = spawnSync('rustc', ['+nightly', '--print', 'sysroot'], { encoding: 'utf8', env });
  return status === 0 ? stdout.trim() : '';
}

/** @param {string} short `asan`, `tsan` @returns {string} the sanitizer's runtime, a static library */
function runtime(short) {
  return path.join(sysroot(), 'lib', 'rustlib', String(TARGET), 'lib', `librustc-nightly_rt.${short}.a`);
}

/**
 * @param {string} short `asan`, `tsan`
 * @param {{ source?: boolean }} [needs] `source`: the standard library is built as well
 * @returns {string} why it cannot run here; '' if it can
 */
function missing(short, { source = false } = {}) {
  if (TARGET === undefined) return `there is no sanitizer for ${process.platform} ${process.arch} here`;
  if (sysroot() === '') return 'there is no nightly toolchain (`rustup toolchain install nightly`)';
  if (!fs.existsSync(runtime(short))) return `the nightly toolchain has no ${path.basename(runtime(short))}`;
  const library = path.join(sysroot(), 'lib', 'rustlib', 'src', 'rust', 'library', 'Cargo.lock');
  if (source && !fs.existsSync(library)) {
    return 'the nightly toolchain has no source (`rustup component add --toolchain nightly rust-src`)';
  }
  return '';
}

/** @param {string} sanitizer `address`, `thread` @returns {string} the folder of what is built with it */
function folderOf(sanitizer) {
  const folder = path.join(root, 'target', 'sanitize', sanitizer);
  fs.mkdirSync(folder, { recursive: true });
  return folder;
}

/**
 * Runs a program to its end; what it prints is shown.
 *
 * @param {string} program
 * @param {string[]} args
 * @param {NodeJS.ProcessEnv} [env] beside ours
 * @returns {boolean} whether it ended well
 */
function show(program, args, env = {}) {
  console.log(`> ${[program, ...args].join(' ')}`);
  const { status, error } = spawnSync(program, args, {
    cwd: root,
    env: { ...process.env, ...RUSTUP, ...env },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  if (error) throw error;
  return status === 0;
}

/** Throws if what `show` would run does not end well. @type {(...args: Parameters<typeof show>) => void} */
function must(...args) {
  if (!show(...args)) throw new Error(`${args[0]} failed`);
}

/** Environment of a Cargo that builds with a sanitizer: optimised somewhat, as all is slower, with names and lines. */
function cargoEnv(sanitizer) {
  return {
    CARGO_PROFILE_DEV_DEBUG: 'line-tables-only',
    CARGO_PROFILE_DEV_OPT_LEVEL: '1',
    CARGO_TARGET_DIR: folderOf(sanitizer),
    CARGO_BUILD_TARGET: TARGET,
    RUSTFLAGS: `-Zsanitizer=${sanitizer}`,
  };
}

/**
 * Runs what has a fault on purpose.
 *
 * @param {string} program
 * @param {string[]} args
 * @param {NodeJS.ProcessEnv} env beside ours
 * @param {string} finding what the sanitizer has to say
 */
function mustFind(program, args, env, finding) {
  const { status, stderr } = spawnSync(program, args, { encoding: 'utf8', env: { ...process.env, ...env } });
  if (status !== 0 && stderr.includes(finding)) return;
  throw new Error(
    `the sanitizer is not at work: what has a fault ended with ${status} and without "${finding}"\n${stderr}`,
  );
}

module.exports = { cargoEnv, folderOf, missing, must, mustFind, runtime, show, TARGET };
