'use strict';

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const root = require('./root');
const { thisPlatform } = require('../../lib/native/platform');
const { oneVersion, platformName, publishedName, tarballOf } = require('./package/versions');

/**
 * Where the binary of this platform can be, and the loader that goes with it: in the one tarball that is installed as it
 * is, or in two of those that a registry gets.
 *
 * @param {string} binary
 * @param {string} platform
 * @returns {[tarball: string, wanted: string][][]}
 */
function places(binary, platform) {
  const version = oneVersion();
  const { name } = require('../../package.json');
  const main = tarballOf(publishedName(), version);
  return [
    [
      [tarballOf(name, version), binary],
      [tarballOf(name, version), 'native.js'],
    ],
    [
      [tarballOf(platformName(platform), version), binary],
      [main, 'native.js'],
    ],
  ];
}

/**
 * Unpacks one file of a tarball of `dist/`, if that was packed from the same sources.
 *
 * @param {string} tarball
 * @param {string} wanted
 * @param {string} inputs the hash of the sources
 * @param {string} folder for what is unpacked
 * @returns {boolean} whether it is there
 */
function unpack(tarball, wanted, inputs, folder) {
  const from = path.join(root, 'dist', tarball);
  if (!fs.existsSync(from)) return false;
  const files = ['package.json', wanted].map((name) => `package/${name}`);
  const { status } = spawnSync('tar', ['-xzf', from, '-C', folder, ...files]);
  if (status !== 0) return false;
  return JSON.parse(fs.readFileSync(path.join(folder, files[0]), 'utf8')).builtFrom === inputs;
}

/**
 * Takes the binary of this platform, and its loader, from the tarballs in `dist/`. Those of the same version that were
 * packed from other sources are left alone: what JavaScript and Rust say to each other may have changed.
 *
 * @param {string} inputs the hash of the sources
 * @returns {boolean} whether there was one
 */
function takePacked(inputs) {
  const { name } = thisPlatform();
  const binary = `websockets.${name}.node`;
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'websockets-packed-'));
  try {
    for (const pairs of places(binary, name)) {
      if (!pairs.every(([tarball, wanted]) => unpack(tarball, wanted, inputs, folder))) continue;
      for (const [, wanted] of pairs) {
        // By another name first: a process may have the old binary open.
        const target = path.join(root, wanted);
        fs.copyFileSync(path.join(folder, 'package', wanted), `${target}.new`);
        fs.renameSync(`${target}.new`, target);
      }
      console.log(`setup: the addon is taken from dist/${pairs[0][0]}, which was packed from the same sources`);
      return true;
    }
    return false;
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

module.exports = takePacked;
