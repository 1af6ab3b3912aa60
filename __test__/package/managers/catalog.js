'use strict';

// The package managers that install what is packed, each under `.cache/managers` once it is asked for. Bun and Deno are
// those of the runtimes' tests.

const path = require('node:path');
const root = require('../../../scripts/lib/root');
const { runtimes } = require('../../runtimes/catalog');
const install = require('../../runtimes/install');
const versions = require('./versions.json');

/**
 * @typedef {object} Manager
 * @property {string} title
 * @property {string} program as the documents name it
 * @property {() => string[]} command what starts it
 * @property {string[]} frozen its arguments for an install that takes the lock file as it is, or fails
 * @property {(registry: string) => Record<string, string>} files what makes it use a registry: file → content
 * @property {() => string[]} run what runs a script in a project that it has installed
 * @property {string} transport the one by which plain sockets go there
 * @property {() => string[]} [npx] the command of npm that runs a package's command
 */

/** What has been installed, or looked at, by its folder. */
const ready = new Set();

/** @param {import('../../runtimes/install').Program} program */
function need(program) {
  if (!ready.has(program.folder)) install(program);
  ready.add(program.folder);
}

/** @param {string} kind of a runtime @returns {string} the newest one, installed */
function runtime(kind) {
  const found = runtimes.filter((one) => one.kind === kind).at(-1);
  need(found);
  return found.command[0];
}

/**
 * A package manager that is a script for Node.js.
 *
 * @param {string} name of its package
 * @param {string} version
 * @param {string} file
 * @param {number} [node] the Node.js that it asks for
 * @returns {string[]} what starts it
 */
function script(name, version, file, node = 0) {
  const isOld = Number.parseInt(process.versions.node, 10) < node;
  const command = [isOld ? runtime('node') : process.execPath];
  const folder = path.join(root, '.cache', 'managers', `${name.split('/').at(-1)}-${version}`);
  const place = path.join(folder, 'node_modules', name, file);
  need({ title: `${name} ${version}`, spec: `${name}@${version}`, folder, command, script: place });
  return [...command, place];
}

/** What most of them read. @param {string} registry */
const npmrc = (registry) => ({ '.npmrc': `registry=${registry}\n` });

/** What is the same for all that are scripts. */
const SCRIPT = {
  files: npmrc,
  run: () => [process.execPath],
  transport: process.platform === 'win32' ? 'stream' : 'socket',
};

/** @param {string} version @returns {Manager} */
function npm(version) {
  const node = version.startsWith('12.') ? 24 : 0;
  return {
    ...SCRIPT,
    title: `npm ${version}`,
    program: 'npm',
    command: () => script('npm', version, 'bin/npm-cli.js', node),
    npx: () => script('npm', version, 'bin/npx-cli.js', node),
    frozen: ['ci'],
  };
}

/** @param {string} version @returns {Manager} */
function pnpm(version) {
  const [file, node] = version.startsWith('10.') ? ['bin/pnpm.cjs', 0] : ['bin/pnpm.mjs', 24];
  return {
    ...SCRIPT,
    title: `pnpm ${version}`,
    program: 'pnpm',
    command: () => script('pnpm', version, file, node),
    frozen: ['install', '--frozen-lockfile'],
  };
}

/** @param {string} version @returns {Manager} */
const yarn1 = (version) => ({
  ...SCRIPT,
  title: `Yarn ${version}`,
  program: 'yarn',
  command: () => script('yarn', version, 'bin/yarn.js'),
  // Root has its cache elsewhere than at home.
  files: (registry) => ({ ...npmrc(registry), '.yarnrc': 'cache-folder "../home/yarn"\n' }),
  frozen: ['install', '--frozen-lockfile'],
});

/** @param {string} version @param {'node-modules' | 'pnp' | 'pnpm'} linker the form that it installs in @returns {Manager} */
function yarn(version, linker) {
  const command = () => script('@yarnpkg/cli-dist', version, 'bin/yarn.js');
  return {
    ...SCRIPT,
    title: `Yarn ${version} (${linker})`,
    program: 'yarn',
    command,
    frozen: ['install', '--immutable'],
    files: (registry) => ({
      '.yarnrc.yml': `nodeLinker: ${linker}\nnpmRegistryServer: "${registry}"\nunsafeHttpWhitelist: [127.0.0.1]\nenableTelemetry: false\n`,
      'yarn.lock': '', // or it looks for a project further up
    }),
    run: () => (linker === 'pnp' ? [...command(), 'node'] : [process.execPath]),
  };
}

/** @type {Manager} */
const BUN = {
  title: 'Bun',
  program: 'bun',
  command: () => [runtime('bun')],
  frozen: ['install', '--frozen-lockfile'],
  files: npmrc,
  run: () => [runtime('bun')],
  transport: 'stream',
};

/** It installs from registries alone. @type {Manager} */
const DENO = {
  title: 'Deno',
  program: 'deno',
  command: () => [runtime('deno')],
  frozen: ['install', '--frozen'],
  files: npmrc,
  run: () => [runtime('deno'), 'run', '--allow-all'],
  transport: 'stream',
};

const MANAGERS = [
  ...versions.npm.map(npm),
  ...versions.pnpm.map(pnpm),
  ...versions.yarn.map(yarn1),
  ...versions['@yarnpkg/cli-dist'].flatMap((version) => [yarn(version, 'node-modules'), yarn(version, 'pnp')]),
  BUN,
];

module.exports = { DENO, MANAGERS };
