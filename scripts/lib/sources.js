'use strict';

const crypto = require('node:crypto');
const fs = require('node:fs');
const path = require('node:path');
const root = require('./root');

const INPUTS = ['src', 'build.rs', 'Cargo.toml', 'Cargo.lock', '.cargo', 'package.json', 'package-lock.json'];

/**
 * All files below a file or folder, in a stable order.
 *
 * @param {string} place relative to the root
 * @returns {string[]}
 */
function filesOf(place) {
  const full = path.join(root, place);
  if (!fs.existsSync(full)) return [];
  if (!fs.statSync(full).isDirectory()) return [place];
  return fs
    .readdirSync(full)
    .sort()
    .flatMap((name) => filesOf(path.posix.join(place, name)));
}

/**
 * What the addon is built from, as one hash. Contents, not times: a checkout or a clone changes
 * the times of files whose contents stay, and keeps old times on files that are new to us.
 *
 * @returns {string}
 */
function hashOfSources() {
  const hash = crypto.createHash('sha256');
  for (const file of INPUTS.flatMap(filesOf)) {
    const content = fs.readFileSync(path.join(root, file));
    hash.update(`${file}\0${content.length}\0`).update(content);
  }
  return hash.digest('hex');
}

module.exports = { hashOfSources };
