'use strict';

const fs = require('node:fs');
const path = require('node:path');
const root = require('./root');

/** @typedef {{ version?: string, integrity?: string, optional?: boolean }} Entry of a package in a lock file */

/**
 * The packages of a lock file, path → entry, without the project itself.
 *
 * @param {string} file relative to the root
 * @returns {[place: string, entry: Entry][]}
 */
function locked(file) {
  try {
    const { packages } = JSON.parse(fs.readFileSync(path.join(root, file), 'utf8'));
    return /** @type {[string, Entry][]} */ (Object.entries(packages)).filter(([place]) => place !== '');
  } catch {
    return []; // missing or cut short: nothing is installed as far as we know
  }
}

/**
 * @param {string} folder whose package-lock.json names a package, relative to the root
 * @param {string} place of the package in it
 * @returns {boolean} whether it lies there
 */
const isThere = (folder, place) => fs.existsSync(path.join(root, folder, place, 'package.json'));

module.exports = { isThere, locked };
