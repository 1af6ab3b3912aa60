'use strict';

const fs = require('node:fs');
const path = require('node:path');
const root = require('../root');
const { ALIAS, oneVersion, platforms } = require('./versions');

/** @param {string} folder relative to the root */
const read = (folder) => JSON.parse(fs.readFileSync(path.join(root, folder, 'package.json'), 'utf8'));

/**
 * Where the sources are. For a package that is published with provenance npm asks for the repository that it was built
 * from, which only a workflow knows: a checkout may be anyone's.
 *
 * @param {NodeJS.ProcessEnv} env
 * @returns {string} its page
 */
function pageOf({ GITHUB_SERVER_URL: server, GITHUB_REPOSITORY: name }) {
  if (server && name) return `${server}/${name}`;
  return read('.').repository.url.replace(/^git\+|\.git$/g, '');
}

/**
 * What a manifest says of its sources.
 *
 * @param {string | undefined} directory of the package, below the root
 * @param {NodeJS.ProcessEnv} env
 */
function sources(directory, env) {
  const page = pageOf(env);
  return {
    homepage: `${page}#readme`,
    repository: { type: 'git', url: `git+${page}.git`, ...(directory && { directory }) },
    bugs: { url: `${page}/issues` },
  };
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
    ...sources(undefined, env),
    scripts: { build: 'node scripts/build.js' },
    optionalDependencies: Object.fromEntries(platforms().map((name) => [`websockets-${name}`, version])),
  };
}

/**
 * The manifest of a package that has its folder in `npm/`.
 *
 * @param {string} folder
 * @param {NodeJS.ProcessEnv} env
 * @returns {object}
 */
function manifestIn(folder, env) {
  const { publishConfig } = read('.');
  return { ...read(`npm/${folder}`), ...sources(`npm/${folder}`, env), publishConfig };
}

/**
 * @param {string} platform
 * @param {NodeJS.ProcessEnv} [env]
 * @returns {object}
 */
const platformManifest = (platform, env = process.env) => manifestIn(platform, env);

/**
 * @param {NodeJS.ProcessEnv} [env]
 * @returns {object} that of the package which is installed as `ws`
 */
const aliasManifest = (env = process.env) => manifestIn(ALIAS, env);

/**
 * Those of all packages, in the order in which they are published: each after what it asks for.
 *
 * @param {NodeJS.ProcessEnv} [env]
 * @returns {object[]}
 */
const allManifests = (env = process.env) => [
  ...platforms().map((name) => platformManifest(name, env)),
  mainManifest(env),
  aliasManifest(env),
];

module.exports = { aliasManifest, allManifests, mainManifest, pageOf, platformManifest };
