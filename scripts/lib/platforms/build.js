'use strict';

const fs = require('node:fs');
const path = require('node:path');
const root = require('../root');
const { cargo } = require('./cargo');
const { check } = require('./check');
const { tool } = require('./tools');

/**
 * How Cargo builds for a platform here. On Linux zig links for Linux as well: what it links runs with the C library that
 * the target names, and not with this system's alone.
 *
 * @param {import('./catalog').Platform} platform
 * @returns {{ program: string, command: string, target: string, linked: string }} `linked`: the target in the words of what
 *   links
 */
function wayOf({ name, target, cross, glibc }) {
  const [system] = name.split('-');
  if (system === process.platform && system !== 'linux') {
    return { program: 'cargo', command: 'build', target, linked: target };
  }
  if (system === 'darwin') return { program: 'cargo', command: 'build', target: cross, linked: cross };
  const linked = glibc === undefined ? cross : `${cross}.${glibc}`;
  return { program: tool('cargo-zigbuild'), command: 'zigbuild', target: cross, linked };
}

/**
 * Builds the binary of a platform, and checks what has come of it.
 *
 * @param {import('./catalog').Platform} platform
 * @param {string} folder where it is put
 * @returns {{ file: string, summary: string }} the binary, and what it asks for, in words
 */
function build(platform, folder) {
  const { name, library } = platform;
  const { program, command, target, linked } = wayOf(platform);
  if (!cargo(program, [command, '--release', '--locked', '--target', linked], platform, target)) {
    throw new Error(`the binary for ${name} was not built`);
  }
  fs.mkdirSync(folder, { recursive: true });
  const file = path.join(folder, `websockets.${name}.node`);
  const built = process.env.CARGO_TARGET_DIR ?? path.join(root, 'target');
  fs.copyFileSync(path.join(built, target, 'release', library), file);
  return { file, summary: check(platform, file) };
}

module.exports = { build };
