'use strict';

const fs = require('node:fs');
const path = require('node:path');
const { failure } = require('../util/errors.js');
const { besideOf, find, findBinary, packageOf } = require('./binary.js');
const { thisPlatform } = require('./platform.js');
const manifest = require('../../package.json');

const { version } = manifest;

const ROOT = path.join(__dirname, '..', '..');

/** The platforms that a package is published for; a test compares them with the folders of `npm/`. */
const PLATFORMS = [
  'darwin-arm64',
  'darwin-x64',
  'linux-arm64-gnu',
  'linux-arm64-musl',
  'linux-x64-gnu',
  'linux-x64-musl',
  'win32-arm64-msvc',
  'win32-x64-msvc',
];

/** @returns {string} how to get a binary without a package */
function fromSource() {
  const rust = /^rust-version = "(.+)"$/m.exec(read('Cargo.toml'))?.[1];
  const where = path.relative(process.cwd(), ROOT) === '' ? '' : ` --prefix ${JSON.stringify(ROOT)}`;
  return `To build it from source, with Rust${rust ? ` ${rust} or newer` : ''} (https://rustup.rs): npm run build${where}`;
}

/** @param {string} file in the package @returns {string} its text, or none if it cannot be read */
function read(file) {
  try {
    return fs.readFileSync(path.join(ROOT, file), 'utf8');
  } catch {
    return '';
  }
}

/** Where Node.js is what refuses, why, by the code of its error. @type {Record<string, string>} */
const REFUSALS = {
  // The permission model and --no-addons have the same one.
  ERR_DLOPEN_DISABLED:
    'Node.js may not load addons here: with its permission model (--permission) add --allow-addons; leave out --no-addons',
  ERR_ACCESS_DENIED:
    'the permission model of Node.js (--permission) keeps it from being read: add --allow-fs-read for its folder, and --allow-addons',
};

/**
 * Why a binary that is there cannot be loaded, as far as the system's words tell.
 *
 * @param {NodeJS.ErrnoException} error
 * @returns {string[]}
 */
function reasons({ name, code = '', message }) {
  if (name === 'NotCapable')
    return ['Deno may not load addons here: it needs --allow-ffi, --allow-read and --allow-env'];
  if (Object.hasOwn(REFUSALS, code)) return [REFUSALS[code]];
  const glibc = /version `GLIBC_([\d.]+)' not found/.exec(message)?.[1];
  if (glibc !== undefined) return [`it needs glibc ${glibc} or newer, and this system's is older`];
  if (/libc\.musl|ld-musl|ld-linux|libc\.so\b/.test(message)) {
    return ['it was made for another C library: musl (Alpine) and glibc have packages of their own'];
  }
  return ['the file is damaged, or was made for another system or architecture: delete node_modules and install again'];
}

/** Why there is no binary. @param {string} own name of this platform @returns {string[]} */
function absences(own) {
  const others = PLATFORMS.filter((name) => name !== own && find(`${packageOf(name)}/package.json`));
  const beside = PLATFORMS.filter((name) => name !== own && find(besideOf(name)));
  return [
    ...beside.map(
      (name) =>
        `this package has the binary of ${name} in it: its tarball was packed on another system, or for another C library (musl, glibc); npm run package makes one for the system that it runs on`,
    ),
    ...others.map(
      (name) =>
        `${packageOf(name)} is installed: node_modules was made on another system, or for another C library (musl, glibc): install again on this one`,
    ),
    ...('permission' in process && process.permission ? [REFUSALS.ERR_ACCESS_DENIED.replace('it', 'the package')] : []),
    'npm was configured to leave out optional dependencies: --omit=optional, --no-optional, or `omit` in an .npmrc',
    'package-lock.json comes from another system and lacks it: delete package-lock.json and node_modules, and install again',
    'a bundler has moved the code away from node_modules: have it leave websockets external',
  ];
}

/** A bundler has made other files of these, and none of the binary. */
const isBundled = path.basename(__filename) !== 'load-error.js';

/** What helps then. */
const LEAVE_OUT =
  'This is a bundle, and the binary is a file that is not in it. Leave websockets out of the bundle, and have it in node_modules beside it: esbuild --platform=node --external:websockets; webpack externals: { websockets: "commonjs websockets" }; Rollup external: ["websockets"]; ncc -e websockets';

/** @param {string} title @param {string[]} lines @returns {string} */
const list = (title, lines) => [title, ...lines.map((line) => `  - ${line}`)].join('\n');

/**
 * There is no binary that can be loaded.
 *
 * @param {Error} cause why the one that was found cannot be loaded, or that there is none
 * @returns {Error & { code: string, cause: Error }}
 */
function noBinary(cause) {
  const { name, text } = thisPlatform();
  const wanted = packageOf(name);
  const found = findBinary(name);
  const parts = [`websockets ${version} has no binary that can be loaded on ${text}.`];
  if (isBundled) return Object.assign(failure('ERR_WS_NO_BINARY', [...parts, LEAVE_OUT].join('\n')), { cause });
  if (found !== undefined) {
    parts.push(list(`${found} was found, but not loaded (${cause.message.split('\n', 1)[0]}):`, reasons(cause)));
  } else if ('napi' in manifest) {
    parts.push('This is a checkout in which nothing has been built yet.');
  } else if (PLATFORMS.includes(name)) {
    parts.push(list(`The package ${wanted} is not installed. The usual causes:`, absences(name)));
  } else {
    parts.push(`There is no package ${wanted}: binaries are published for ${PLATFORMS.join(', ')}.`);
  }
  parts.push(fromSource());
  return Object.assign(failure('ERR_WS_NO_BINARY', parts.join('\n')), { cause });
}

/**
 * The binary that was loaded belongs to another version of this package.
 *
 * @param {string | undefined} built its version, if it has one
 * @returns {Error & { code: string }}
 */
function otherVersion(built) {
  const { name, text } = thisPlatform();
  const file = findBinary(name);
  return failure(
    'ERR_WS_BINARY_VERSION',
    [
      `websockets ${version} has found a binary of ${built === undefined ? 'another version' : `version ${built}`} on ${text}${file ? `: ${file}` : ''}.`,
      list('The usual causes:', [
        `websockets and ${packageOf(name)} were updated apart: delete node_modules and install again`,
        'the file is from an earlier build: build it again',
      ]),
      fromSource(),
    ].join('\n'),
  );
}

module.exports = { PLATFORMS, noBinary, otherVersion };
