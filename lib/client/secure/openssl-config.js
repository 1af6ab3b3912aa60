'use strict';

const fs = require('node:fs');
const path = require('node:path');

/** Where the OpenSSL that Node.js brings looks for its configuration (`OPENSSLDIR` of Node's build). */
const DEFAULT_FILE = process.platform === 'darwin' ? '/System/Library/OpenSSL/openssl.cnf' : '/etc/ssl/openssl.cnf';

/** Files that include each other, at most. */
const MOST = 10;

const INCLUDE = /^[ \t]*\.include[ \t]*=?[ \t]*(.+?)[ \t\r]*$/gm;

/**
 * Whether a configuration of OpenSSL, or a file that it includes, may have a section for Node.js. Node.js passes over a file that
 * is not there.
 *
 * @param {string} file
 * @param {string} section whatever has this word, be it a comment, counts
 * @param {number} [left] files that may include each other still
 * @returns {boolean}
 */
function configures(file, section, left = MOST) {
  const texts = textsOf(file);
  if (texts === null || left === 0) return true;
  return texts.some(
    (text) =>
      text.includes(section) ||
      [...text.matchAll(INCLUDE)].some(([, name]) =>
        configures(path.resolve(path.dirname(file), name), section, left - 1),
      ),
  );
}

/** @param {string} file or the folder of some @returns {string[] | null} what is in it; `null` if that cannot be said */
function textsOf(file) {
  try {
    const found = fs.statSync(file, { throwIfNoEntry: false });
    if (found === undefined) return [];
    const all = found.isDirectory() ? fs.readdirSync(file).map((name) => path.join(file, name)) : [file];
    return all.map((one) => fs.readFileSync(one, 'latin1'));
  } catch {
    return null;
  }
}

module.exports = { DEFAULT_FILE, configures };
