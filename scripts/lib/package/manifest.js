'use strict';

const fs = require('node:fs');
const path = require('node:path');
const root = require('../root');
const { oneVersion, platforms } = require('./versions');

/** @param {string} folder relative to the root */
const read = (folder) => JSON.parse(fs.readFileSync(path.join(root, folder, 'package.json'), 'utf8'));

/**
 * What npm asks for where a package is published with provenance: the repository that it was built
 * from. Only a workflow knows it, since a checkout may be anyone's.
 *
 * @param {string} [directory]
 * @param {NodeJS.ProcessEnv} env
 */
function repository(directory, { GITHUB_SERVER_URL: server, GITHUB_REPOSITORY: name }) {
  if (!server || !name) return {};
  return { repository: { type: 'git', url: `git+${server}/${name}.git`, ...(directory && { directory }) } };
}

/**
 * The main package's manifest as it is published. The checkout's has no `optionalDependencies`, because npm
 * would look for packages that are not published yet; what only a checkout needs is left out.
 *
 * @param {NodeJS.ProcessEnv} [env]
 * @returns {object}
 */
function mainManifest(env = process.env) {
  const { devDependencies, napi, scripts, ...kept } = read('.');
  const version = oneVersion();
  return {
    ...kept,
    ...repository(undefined, env),
    scripts: { build: 'node scripts/build.js' },
    optionalDependencies: Object.fromEntries(platforms().map((name) => [`websockets-${name}`, version])),
  };
}

/**
 * @param {string} platform
 * @param {NodeJS.ProcessEnv} [env]
 * @returns {object}
 */
function platformManifest(platform, env = process.env) {
  const { publishConfig } = read('.');
  return { ...read(`npm/${platform}`), ...repository(`npm/${platform}`, env), publishConfig };
}

module.exports = { mainManifest, platformManifest };
