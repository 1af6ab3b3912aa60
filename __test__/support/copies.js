'use strict';

const path = require('node:path');

const LIB = path.join(__dirname, '..', '..', path.sep);

/**
 * Copies of the JavaScript on one binary, as Jest's `resetModules` makes them.
 *
 * @param {number} count
 * @returns {object[]} what each exports
 */
function copies(count) {
  const found = [];
  for (let i = 0; i < count; i++) {
    const names = Object.keys(require.cache).filter((name) => name.startsWith(LIB) && !name.includes('node_modules'));
    for (const name of names) if (!name.endsWith('.node')) delete require.cache[name];
    found.push(require('../..'));
  }
  return found;
}

module.exports = { copies };
