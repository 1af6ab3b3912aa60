'use strict';

const fs = require('node:fs');
const path = require('node:path');

/** Where the OpenSSL that Node.js brings looks for its configuration (`OPENSSLDIR` of Node's build). */
const DEFAULT_FILE = process.platform === 'darwin' ? '/System/Library/OpenSSL/openssl.cnf' : '/etc/ssl/openssl.cnf';

/** Files that include each other, at most. */
const MOST = 10;

/** Another file, wherever it is named but in a line that is a comment. */
const INCLUDE = /^(?![ \t]*#).*\.include[ \t]*=?(.*)$/gm;
/** A name that means itself: neither variables nor quotes, and no folder of the process. */
const PLAIN_NAME = /^[ \t]*(\/[\w./-]+)[ \t]*$/;
/** Lines that go on, and what changes how others are read. */
const NOT_PLAIN = /\\$|\.pragma/m;

/**
 * Whether a configuration of OpenSSL, or a file that it includes, may have a section for Node.js. Node.js passes over a file that
 * is not there.
 *
 * @param {string} file
 * @param {string} section whatever has this word, be it a comment, counts, and so does what is not plain
 * @param {number} [left] files that may include each other still
 * @returns {boolean}
 */
function configures(file, section, left = MOST) {
  const texts = textsOf(file);
  if (texts === null || left === 0) return true;
  return texts.some(
    (text) =>
      text.includes(section) ||
      NOT_PLAIN.test(text) ||
      [...text.matchAll(INCLUDE)].some(([, given]) => {
        const name = PLAIN_NAME.exec(given)?.[1];
        return name === undefined || configures(name, section, left - 1);
      }),
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
