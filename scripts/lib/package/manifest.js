'use strict';

const fs = require('node:fs');
const path = require('node:path');
const root = require('../root');
const { hashOfSources } = require('../sources');
const { ALIAS, aliasName, oneVersion, platformName, platforms, publishedName } = require('./versions');

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
 * What both forms of the main package have in common: the checkout's manifest without what only a checkout needs.
 *
 * @param {NodeJS.ProcessEnv} env
 * @returns {object}
 */
function commonManifest(env) {
  const { devDependencies, napi, scripts, ...kept } = read('.');
  oneVersion();
  return {
    ...kept,
    ...sources(undefined, env),
    scripts: { build: 'node scripts/build.js' },
    builtFrom: hashOfSources(),
  };
}

/**
 * The main package's manifest as it is published. The checkout's has no `optionalDependencies`, because npm
 * would look for packages that are not published yet.
 *
 * @param {NodeJS.ProcessEnv} [env]
 * @returns {object}
 */
function mainManifest(env = process.env) {
  return {
    ...commonManifest(env),
    name: publishedName(),
    optionalDependencies: Object.fromEntries(platforms().map((name) => [platformName(name), oneVersion()])),
  };
}

/**
 * The main package's manifest in a tarball that is installed as it is, and has its binaries itself. It asks for no other
 * package: most package managers would look for that on a registry, even with its tarball beside it. It has the name
 * that apps require, and is not to be published.
 *
 * @param {string[]} binaries files
 * @param {NodeJS.ProcessEnv} [env]
 * @returns {object}
 */
function localManifest(binaries, env = process.env) {
  const { publishConfig, ...kept } = commonManifest(env);
  return { ...kept, private: true, files: [...kept.files, ...binaries] };
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
const platformManifest = (platform, env = process.env) => ({
  ...manifestIn(platform, env),
  builtFrom: hashOfSources(),
});

/**
 * @param {NodeJS.ProcessEnv} [env]
 * @returns {object} that of the package which is installed as `ws`
 */
const aliasManifest = (env = process.env) => manifestIn(ALIAS, env);

/**
 * That of a tarball which is installed as it is, beside the local one of the main package: it takes that, and has no
 * package manager look for it on a registry, where another package has the name.
 *
 * @param {NodeJS.ProcessEnv} [env]
 * @returns {object}
 */
function localAliasManifest(env = process.env) {
  const { publishConfig, dependencies, ...kept } = aliasManifest(env);
  const { name: main } = read('.');
  return {
    ...kept,
    name: aliasName(main),
    private: true,
    peerDependencies: { [main]: oneVersion() },
    peerDependenciesMeta: { [main]: { optional: true } },
  };
}

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

module.exports = {
  aliasManifest,
  allManifests,
  localAliasManifest,
  localManifest,
  mainManifest,
  pageOf,
  platformManifest,
};
