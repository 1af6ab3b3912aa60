'use strict';

const { loadBinary } = require('./binary.js');
const { noBinary, otherVersion } = require('./load-error.js');
const { thisPlatform } = require('./platform.js');
const { version } = require('../../package.json');

/**
 * The native functions, from the binary of this platform.
 *
 * @returns {import('./functions').Native}
 */
function load() {
  const { name } = thisPlatform();
  let native;
  try {
    native = /** @type {import('./functions').Native} */ (loadBinary(name));
  } catch (error) {
    throw noBinary(/** @type {Error} */ (error));
  }
  // A binary of another version would be called with arguments that it does not know.
  const built = native.version?.();
  if (built !== version) throw otherVersion(built);
  return native;
}

module.exports = load();
