'use strict';

const { spawnSync } = require('node:child_process');
const path = require('node:path');
const root = require('../root');
const { standardLibrary } = require('./standard-library');
const { ofMacos, ofWindows } = require('./stand-ins');

/** @param {...string} values @returns {string[]} the same as options of rustc's code generation */
const codegen = (...values) => values.flatMap((value) => ['-C', value]);

/**
 * What it takes beside the standard library to build for a target.
 *
 * @param {string} target
 * @returns {{ env: NodeJS.ProcessEnv, flags: string[] }}
 */
function cross(target) {
  if (/windows-gnu/.test(target)) {
    const { libnode, exports } = ofWindows();
    return { env: { LIBNODE_PATH: libnode }, flags: codegen(`link-arg=${exports}`) };
  }
  if (/apple-darwin/.test(target) && process.platform !== 'darwin') {
    const { sdk, linker } = ofMacos();
    const name = ['-install_name', '@rpath/websockets.node'].map((arg) => `link-arg=${arg}`);
    return { env: { SDKROOT: sdk }, flags: codegen(`linker=${linker}`, 'linker-flavor=ld64.lld', ...name) };
  }
  // Node.js has the runtime of Visual C++ within itself: a system need not have it.
  return { env: {}, flags: /windows-msvc/.test(target) ? codegen('target-feature=+crt-static') : [] };
}

/**
 * Runs Cargo for a platform; what it prints is shown.
 *
 * @param {string} program Cargo, or what stands in for it
 * @param {string[]} args
 * @param {import('./catalog').Platform} platform
 * @param {string} target that it is to build for
 * @returns {boolean} whether it ended well
 */
function cargo(program, args, platform, target) {
  const { env: ofTarget, flags: more } = cross(target);
  const flags = [...platform.flags, ...more];
  const env = { ...process.env, ...platform.env, ...ofTarget, ...standardLibrary(target) };
  // What cargo-zigbuild calls is beside it.
  env.PATH = [path.dirname(program), env.PATH].filter((place) => place !== '.').join(path.delimiter);
  if (flags.length > 0) env.CARGO_ENCODED_RUSTFLAGS = flags.join('\x1f');
  console.log(`> ${[path.basename(program), ...args].join(' ')}`);
  const { status, error } = spawnSync(program, args, { cwd: root, env, stdio: ['ignore', 'inherit', 'inherit'] });
  if (error) throw error;
  return status === 0;
}

module.exports = { cargo };
