'use strict';

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const root = require('./root');
const { thisPlatform } = require('../../lib/native/platform');
const { oneVersion, platformName, tarballOf } = require('./package/versions');

/**
 * The tarballs that the binary of a platform can be in: the one that is installed as it is, and one of those that a
 * registry gets.
 *
 * @param {string} platform
 * @returns {string[]}
 */
function tarballs(platform) {
  const version = oneVersion();
  const { name } = require('../../package.json');
  return [tarballOf(name, version), tarballOf(platformName(platform), version)];
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
 * Takes the binary of this platform from a tarball in `dist/`. One of the same version that was packed from other sources
 * is left alone: what JavaScript and Rust say to each other may have changed.
 *
 * @param {string} inputs the hash of the sources
 * @returns {boolean} whether there was one
 */
function takePacked(inputs) {
  const { name } = thisPlatform();
  const binary = `websockets.${name}.node`;
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'websockets-packed-'));
  try {
    const tarball = tarballs(name).find((one) => unpack(one, binary, inputs, folder));
    if (tarball === undefined) return false;
    // By another name first: a process may have the old binary open.
    const target = path.join(root, binary);
    fs.copyFileSync(path.join(folder, 'package', binary), `${target}.new`);
    fs.renameSync(`${target}.new`, target);
    console.log(`setup: the addon is taken from dist/${tarball}, which was packed from the same sources`);
    return true;
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

module.exports = takePacked;
