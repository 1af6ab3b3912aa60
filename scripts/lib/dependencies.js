'use strict';

const path = require('node:path');
const { isThere, locked } = require('./lock-file');
const step = require('./step');

/**
 * Whether node_modules holds what package-lock.json names. npm keeps a lock file of its own in
 * there; optional packages of other platforms are rightly missing from it.
 *
 * @param {string} folder relative to the root
 * @returns {boolean}
 */
function installed(folder) {
  const have = Object.fromEntries(locked(path.join(folder, 'node_modules/.package-lock.json')));
  return locked(path.join(folder, 'package-lock.json')).every(([place, want]) => {
    const found = have[place];
    if (!found) return want.optional === true;
    return found.version === want.version && found.integrity === want.integrity && isThere(folder, place);
  });
}

/**
 * Installs the npm packages unless they are there; needs no network when they are. It shows how far that is.
 *
 * @param {string} [folder] whose package.json it is, relative to the root
 */
function installDependencies(folder = '.') {
  if (installed(folder)) return;
  step('installing npm packages', `node scripts/lib/install-packages.js ${folder}`, { shown: true });
}

module.exports = installDependencies;
