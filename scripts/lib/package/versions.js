'use strict';

const fs = require('node:fs');
const path = require('node:path');
const root = require('../root');

/** The folder of `npm/` that is for no platform: the package to be installed under the name of `ws`. */
const ALIAS = 'ws';

/** A JSON file whose version is at `places`, each a path of keys. */
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

const CARGO = [
  { file: 'Cargo.toml', pattern: /^(\[package\]\nname = "websockets"\nversion = ")([^"]+)/m },
  { file: 'Cargo.lock', pattern: /^(name = "websockets"\nversion = ")([^"]+)/m },
];

/** @returns {{ file: string, places: string[][], of?: (version: string) => string }[]} `of`: what it has for that of package.json */
function manifests() {
  return [
    json('package.json', ['version']),
    json('package-lock.json', ['version'], ['packages', '', 'version']),
    ...platforms().map((name) => json(`npm/${name}/package.json`, ['version'])),
    json(`npm/${ALIAS}/package.json`, ['dependencies', 'websockets']),
    { ...json(`npm/${ALIAS}/package.json`, ['version']), of: aliasVersion },
  ];
}

const read = (file) => fs.readFileSync(path.join(root, file), 'utf8');

/** The version of package.json, which the others follow. */
const leading = () => JSON.parse(read('package.json')).version;

/** @param {string} version */
const same = (version) => version;

/**
 * The version as each file has it that has one, and as it has to be there.
 *
 * @returns {[file: string, version: string | undefined, expected: string][]}
 */
function versions() {
  const version = leading();
  const ofJson = manifests().flatMap(({ file, places, of = same }) => {
    const content = JSON.parse(read(file));
    return places.map((keys) => [file, keys.reduce((value, key) => value?.[key], content), of(version)]);
  });
  return [...ofJson, ...CARGO.map(({ file, pattern }) => [file, pattern.exec(read(file))?.[2], version])];
}

/**
 * The one version that all files have, the alias by its own count.
 *
 * @returns {string}
 * @throws {Error} naming those that have another than package.json
 */
function oneVersion() {
  const version = leading();
  const others = versions()
    .filter(([, other, expected]) => other !== expected)
    .map(([file, other]) => `${file} has ${other}`);
  if (others.length > 0)
    throw new Error(`package.json has version ${version}, but ${others.join(', ')}: \`npm version\` sets all`);
  return version;
}

/**
 * Writes the version of package.json into every other file.
 *
 * @returns {string[]} the files that were written
 */
function align() {
  const version = leading();
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
  for (const { file, pattern } of CARGO) write(file, read(file).replace(pattern, `$1${version}`));
  return [...changed];
}

module.exports = { ALIAS, align, aliasVersion, oneVersion, platforms, versions };
