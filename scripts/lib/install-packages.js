'use strict';

// node scripts/lib/install-packages.js FOLDER
//
// Installs the npm packages of a folder, and says every few seconds how far that is: npm itself says nothing where there is no
// terminal, and on one nothing that stays. If npm fails, what it printed is shown.

const { spawn } = require('node:child_process');
const path = require('node:path');
const { isThere, locked } = require('./lock-file');
const root = require('./root');

/** How often it is looked how many are there, in ms. */
const INTERVAL = 2_000;

/**
 * Not by `npm ci`: that refuses a lock file without every optional package of every platform, and some registries do not
 * have them all. This takes the versions of the lock file, too, and leaves it as it is.
 */
const FLAGS = ['--no-save', '--ignore-scripts', '--no-audit', '--no-fund'];

/** @param {string} folder */
function main(folder) {
  // Those of other platforms are never there.
  const wanted = locked(path.join(folder, 'package-lock.json')).filter(([, { optional }]) => optional !== true);
  let before = 0;
  const look = () => {
    const count = wanted.filter(([place]) => isThere(folder, place)).length;
    if (count !== before) console.log(`setup: ${count} of ${wanted.length} npm packages are there`);
    before = count;
  };
  const timer = setInterval(look, INTERVAL);
  const npm = spawn('npm', ['install', '--prefix', folder, ...FLAGS], {
    cwd: root,
    shell: process.platform === 'win32', // npm is a .cmd file there
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [npm.stdout, npm.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => (output += text));
  }
  npm.once('error', (error) => (output += `${error.message}\n`));
  npm.once('close', (status, signal) => {
    clearInterval(timer);
    if (status === 0) return look();
    console.error(`${output}npm install: ${signal ? `ended by ${signal}` : `exit status ${status}`}`);
    process.exitCode = 1;
  });
}

main(process.argv[2] ?? '.');
