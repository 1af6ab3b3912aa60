'use strict';

const fs = require('node:fs');
const path = require('node:path');
const root = require('../root');

/** The folder of `npm/` that is for no platform: the package to be installed under the name of `ws`. */
const ALIAS = 'ws';

/** A JSON file that has what follows from package.json at `places`, each a path of keys. */
const json = (file, ...places) => ({ file, places });

/** @returns {string[]} the other folders of `npm/`: one for each platform */
function platforms() {
  return fs
    .readdirSync(path.join(root, 'npm'), { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && entry.name !== ALIAS)
    .map(({ name }) => name)
    .sort();
}

/**
 * The version that the alias has beside one of the main package. What depends on `ws@^8.17` has to take it, so it
 * begins with 8, and is newer than any that `ws` has.
 *
 * @param {string} version
 * @returns {string}
 */
function aliasVersion(version) {
  const [, major, minor, rest] = /^(\d+)\.(\d+)\.(.+)$/.exec(version);
  return `8.${100 + 1000 * Number(major) + Number(minor)}.${rest}`;
}

/**
 * The range of versions that an app should ask for.
 *
 * @param {string} version
 * @returns {string}
 */
function series(version) {
  if (version.includes('-')) return version; // no range takes what is no release
  const [major, minor] = version.split('.');
  return major === '0' ? `0.${minor}` : major;
}

/**
 * What follows from package.json in a text: in the second group of the pattern, wherever that is found.
 *
 * @type {{ file: string, pattern: RegExp, of?: (version: string) => string }[]}
 */
const TEXTS = [
  { file: 'Cargo.toml', pattern: /^(\[package\]\nname = "websockets"\nversion = ")([^"]+)/gm },
  { file: 'Cargo.lock', pattern: /^(name = "websockets"\nversion = ")([^"]+)/gm },
  { file: 'README.md', pattern: /(\/dist\/websockets-)(\d.*?)(?=\.tgz)/g },
  { file: 'docs/guide/installing.md', pattern: /(\/dist\/websockets-)(\d.*?)(?=\.tgz)/g },
  { file: 'docs/guide/ws.md', pattern: /(\/dist\/websockets-)(\d.*?)(?=\.tgz)/g },
  { file: 'docs/guide/ws.md', pattern: /(\/dist\/websockets-as-ws-)(\d.*?)(?=\.tgz)/g, of: aliasVersion },
  ...['README.md', 'docs/guide/installing.md'].map((file) => ({
    file,
    pattern: /^(npm install websockets@npm:)(\S+)/gm,
    of: (/** @type {string} */ version) => `${publishedName()}@${series(version)}`,
  })),
  {
    file: 'lib/native/binary.js',
    pattern: /(require\('|=> `)(@?[\w/-]+?)(?=-(?:darwin-|linux-|win32-|\$\{))/g,
    of: () => publishedName(),
  },
  { file: 'lib/native/binaries.d.ts', pattern: /(declare module ')([^'*]+)(?=-\*')/g, of: () => publishedName() },
];

const read = (file) => fs.readFileSync(path.join(root, file), 'utf8');

/** @returns {{ name: string, version: string, napi: { packageName: string } }} what the others follow */
const leading = () => JSON.parse(read('package.json'));

/**
 * The names of all packages begin with one: that of the main package. On a registry this is the `packageName` of
 * package.json; `align` writes it wherever else it stands.
 *
 * @returns {string}
 */
const publishedName = () => leading().napi.packageName;

/** @param {string} platform @returns {string} the name of its package */
const platformName = (platform) => `${publishedName()}-${platform}`;

/** @param {string} [main] the name of the main package @returns {string} that of the package to be installed as `ws` */
const aliasName = (main = publishedName()) => `${main}-as-ws`;

/** @param {string} name of a package @param {string} version @returns {string} the file that npm packs it into */
const tarballOf = (name, version) => `${name.replace(/^@/, '').replace('/', '-')}-${version}.tgz`;

/** @returns {{ file: string, places: string[][], of?: (version: string) => string }[]} `of`: what it has for that of package.json */
function manifests() {
  const alias = `npm/${ALIAS}/package.json`;
  return [
    json('package.json', ['version']),
    json('package-lock.json', ['version'], ['packages', '', 'version']),
    ...platforms().map((name) => json(`npm/${name}/package.json`, ['version'])),
    ...platforms().map((name) => ({ ...json(`npm/${name}/package.json`, ['name']), of: () => platformName(name) })),
    { ...json(alias, ['version']), of: aliasVersion },
    { ...json(alias, ['name']), of: () => aliasName() },
    { ...json(alias, ['dependencies', 'websockets']), of: (version) => `npm:${publishedName()}@${version}` },
  ];
}

/** @param {string} version */
const same = (version) => version;

/**
 * Versions and names as each file has them, and as they have to be there.
 *
 * @returns {[file: string, found: string | undefined, expected: string][]}
 */
function versions() {
  const { version } = leading();
  const ofJson = manifests().flatMap(({ file, places, of = same }) => {
    const content = JSON.parse(read(file));
    return places.map((keys) => [file, keys.reduce((value, key) => value?.[key], content), of(version)]);
  });
  const ofTexts = TEXTS.flatMap(({ file, pattern, of = same }) => {
    const found = [...read(file).matchAll(pattern)].map((match) => match[2]);
    return (found.length > 0 ? found : [undefined]).map((one) => [file, one, of(version)]);
  });
  return [...ofJson, ...ofTexts];
}

/**
 * The one version that all files have, the alias by its own count. Their names have to be in step as well.
 *
 * @returns {string}
 * @throws {Error} naming those that have another than package.json
 */
function oneVersion() {
  const others = versions()
    .filter(([, other, expected]) => other !== expected)
    .map(([file, other, expected]) => `${file} has ${other} instead of ${expected}`);
  if (others.length > 0)
    throw new Error(`${others.join(', ')}: \`node scripts/version.js\` writes what follows from package.json`);
  return leading().version;
}

/**
 * Writes the version and the names of package.json into every other file.
 *
 * @returns {string[]} the files that were written
 */
function align() {
  const { version } = leading();
  const changed = new Set();
  const write = (file, text) => {
    if (text === read(file)) return;
    fs.writeFileSync(path.join(root, file), text);
    changed.add(file);
  };
  for (const { file, places, of = same } of manifests().slice(1)) {
    const content = JSON.parse(read(file));
    for (const keys of places) keys.slice(0, -1).reduce((value, key) => value[key], content)[keys.at(-1)] = of(version);
    write(file, `${JSON.stringify(content, null, 2)}\n`);
  }
  for (const { file, pattern, of = same } of TEXTS) write(file, read(file).replace(pattern, `$1${of(version)}`));
  return [...changed];
}

module.exports = {
  ALIAS,
  align,
  aliasName,
  aliasVersion,
  oneVersion,
  platformName,
  platforms,
  publishedName,
  tarballOf,
  versions,
};
