'use strict';

const fs = require('node:fs');
const path = require('node:path');
const root = require('./root');
const step = require('./step');

/**
 * The packages of a lock file, path → entry.
 *
 * @param {string} file relative to the root
 * @returns {Record<string, { version?: string, integrity?: string, optional?: boolean }>}
 */
function locked(file) {
  try {
    return JSON.parse(fs.readFileSync(path.join(root, file), 'utf8')).packages;
  } catch {
    return {}; // missing or cut short: nothing is installed as far as we know
  }
}

/**
 * Whether node_modules holds what package-lock.json names. npm keeps a lock file of its own in
 * there; optional packages of other platforms are rightly missing from it.
 *
 * @param {string} folder relative to the root
 * @returns {boolean}
 */
function installed(folder) {
  const have = locked(path.join(folder, 'node_modules/.package-lock.json'));
  return Object.entries(locked(path.join(folder, 'package-lock.json'))).every(([place, want]) => {
    if (place === '') return true; // the project itself
    const found = have[place];
    if (!found) return want.optional === true;
    return (
      found.version === want.version &&
      found.integrity === want.integrity &&
      fs.existsSync(path.join(root, folder, place, 'package.json'))
    );
  });
}

/**
 * Installs the npm packages unless they are there; needs no network when they are. Not by `npm ci`:
 * that refuses a lock file without every optional package of every platform, and some registries
 * do not have them all. This takes the versions of the lock file, too, and leaves it as it is.
 *
 * @param {string} [folder] whose package.json it is, relative to the root
 */
function installDependencies(folder = '.') {
  if (installed(folder)) return;
  step('installing npm packages', `npm install --prefix ${folder} --no-save --ignore-scripts --no-audit --no-fund`);
}

module.exports = installDependencies;
