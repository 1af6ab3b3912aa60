'use strict';

const fs = require('node:fs');
const path = require('node:path');
const root = require('../root');

/** A JSON file whose version is at `places`, each a path of keys. */
const json = (file, ...places) => ({ file, places });

/** @returns {string[]} the folders of `npm/`: one for each platform */
function platforms() {
  return fs
    .readdirSync(path.join(root, 'npm'), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .sort();
}

const CARGO = [
  { file: 'Cargo.toml', pattern: /^(\[package\]\nname = "websockets"\nversion = ")([^"]+)/m },
  { file: 'Cargo.lock', pattern: /^(name = "websockets"\nversion = ")([^"]+)/m },
];

/** @returns {{ file: string, places: string[][] }[]} */
function manifests() {
  return [
    json('package.json', ['version']),
    json('package-lock.json', ['version'], ['packages', '', 'version']),
    ...platforms().map((name) => json(`npm/${name}/package.json`, ['version'])),
  ];
}

const read = (file) => fs.readFileSync(path.join(root, file), 'utf8');

/**
 * The version as each file has it that has one.
 *
 * @returns {[file: string, version: string | undefined][]}
 */
function versions() {
  const ofJson = manifests().flatMap(({ file, places }) => {
    const content = JSON.parse(read(file));
    return places.map((keys) => [file, keys.reduce((value, key) => value?.[key], content)]);
  });
  return [...ofJson, ...CARGO.map(({ file, pattern }) => [file, pattern.exec(read(file))?.[2]])];
}

/**
 * The one version that all files have.
 *
 * @returns {string}
 * @throws {Error} naming those that have another than package.json
 */
function oneVersion() {
  const all = versions();
  const [[, version]] = all;
  const others = all.filter(([, other]) => other !== version).map(([file, other]) => `${file} has ${other}`);
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
  const { version } = JSON.parse(read('package.json'));
  const changed = [];
  const write = (file, text) => {
    if (text === read(file)) return;
    fs.writeFileSync(path.join(root, file), text);
    changed.push(file);
  };
  for (const { file, places } of manifests().slice(1)) {
    const content = JSON.parse(read(file));
    for (const keys of places) keys.slice(0, -1).reduce((value, key) => value[key], content)[keys.at(-1)] = version;
    write(file, `${JSON.stringify(content, null, 2)}\n`);
  }
  for (const { file, pattern } of CARGO) write(file, read(file).replace(pattern, `$1${version}`));
  return changed;
}

module.exports = { align, oneVersion, platforms, versions };
