'use strict';

/** @param {string} name @returns {string | undefined} where it is, if it can be found */
function find(name) {
  try {
    return require.resolve(name);
  } catch {
    return undefined;
  }
}

// `scripts/version.js` writes what the names of these packages begin with.

/** @param {string} platform its name @returns {string} the package that has its binary */
const packageOf = (platform) => `@websockets-rs/websockets-${platform}`;

/** @param {string} platform its name @returns {string} the binary that a build leaves beside `index.js` */
const besideOf = (platform) => `../../websockets.${platform}.node`;

/**
 * Finds the binary of a platform: the one that the environment names, the one beside `index.js`, or the one in the package
 * of the platform.
 *
 * @param {string} platform its name
 * @returns {string | undefined} that of the environment whether it is there or not
 */
function findBinary(platform) {
  const { NAPI_RS_NATIVE_LIBRARY_PATH: given } = process.env;
  return given ? (find(given) ?? given) : (find(besideOf(platform)) ?? find(packageOf(platform)));
}

// Bundlers take along what a literal names, and leave out what is not there if that is within a `try`.

/**
 * Loads the binary that is beside `index.js`.
 *
 * @param {string} platform its name
 * @returns {unknown} what it exports; `undefined` if there is none
 */
function loadBeside(platform) {
  try {
    switch (platform) {
      case 'darwin-arm64':
        return require('../../websockets.darwin-arm64.node');
      case 'darwin-x64':
        return require('../../websockets.darwin-x64.node');
      case 'linux-arm64-gnu':
        return require('../../websockets.linux-arm64-gnu.node');
      case 'linux-arm64-musl':
        return require('../../websockets.linux-arm64-musl.node');
      case 'linux-x64-gnu':
        return require('../../websockets.linux-x64-gnu.node');
      case 'linux-x64-musl':
        return require('../../websockets.linux-x64-musl.node');
      case 'win32-arm64-msvc':
        return require('../../websockets.win32-arm64-msvc.node');
      case 'win32-x64-msvc':
        return require('../../websockets.win32-x64-msvc.node');
      default: {
        const name = besideOf(platform);
        return require(name); // for a bundler this would be all of them
      }
    }
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'MODULE_NOT_FOUND') throw error;
    return undefined;
  }
}

/**
 * Loads the binary that is in the package of the platform.
 *
 * @param {string} platform its name
 * @returns {{ exports?: unknown, error?: unknown }} what it exports, or why it cannot be loaded
 */
function loadPackaged(platform) {
  try {
    switch (platform) {
      case 'darwin-arm64':
        return { exports: require('@websockets-rs/websockets-darwin-arm64') };
      case 'darwin-x64':
        return { exports: require('@websockets-rs/websockets-darwin-x64') };
      case 'linux-arm64-gnu':
        return { exports: require('@websockets-rs/websockets-linux-arm64-gnu') };
      case 'linux-arm64-musl':
        return { exports: require('@websockets-rs/websockets-linux-arm64-musl') };
      case 'linux-x64-gnu':
        return { exports: require('@websockets-rs/websockets-linux-x64-gnu') };
      case 'linux-x64-musl':
        return { exports: require('@websockets-rs/websockets-linux-x64-musl') };
      case 'win32-arm64-msvc':
        return { exports: require('@websockets-rs/websockets-win32-arm64-msvc') };
      case 'win32-x64-msvc':
        return { exports: require('@websockets-rs/websockets-win32-x64-msvc') };
      default:
        throw new Error(`There is no package ${packageOf(platform)}`);
    }
  } catch (error) {
    return { error };
  }
}

/**
 * Loads the binary of a platform: the one that `findBinary` finds.
 *
 * @param {string} platform its name
 * @returns {unknown} what it exports
 * @throws {Error} the system's, or Node's if there is none
 */
function loadBinary(platform) {
  const { NAPI_RS_NATIVE_LIBRARY_PATH: given } = process.env;
  if (given) return require(given);
  const beside = loadBeside(platform);
  if (beside !== undefined) return beside;
  const { exports, error } = loadPackaged(platform);
  if (error !== undefined) throw error;
  return exports;
}

module.exports = { besideOf, find, findBinary, loadBinary, packageOf };
