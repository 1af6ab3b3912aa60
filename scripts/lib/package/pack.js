'use strict';

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const root = require('../root');
const { packedLinks } = require('./links');
const {
  aliasManifest,
  localAliasManifest,
  localManifest,
  mainManifest,
  pageOf,
  platformManifest,
} = require('./manifest');
const { ALIAS, oneVersion, platforms } = require('./versions');

/**
 * @typedef {object} Packed
 * @property {string} name
 * @property {string} file the tarball
 * @property {number} size its bytes
 * @property {number} unpackedSize
 * @property {string[]} files what is in it
 */

/**
 * Has the documents of a package lead nowhere where there is nothing.
 *
 * @param {string} stage the folder that is packed
 * @param {Record<string, string>} files as `pack` gets them
 */
function mendLinks(stage, files) {
  const documents = fs.readdirSync(stage, { recursive: true }).filter((name) => name.endsWith('.md'));
  for (const document of documents) {
    const place = document.replaceAll(path.sep, '/');
    // Where it was tells what its links mean.
    const name = path.relative(root, files[place] ?? inRoot(place)).replaceAll(path.sep, '/');
    const isPacked = (file) => name === place && fs.existsSync(path.join(stage, file));
    const text = fs.readFileSync(path.join(stage, document), 'utf8');
    const mended = packedLinks(text, name, isPacked, pageOf(process.env), `v${oneVersion()}`);
    fs.writeFileSync(path.join(stage, document), mended);
  }
}

/**
 * Makes one tarball, of copies: the checkout stays as it is.
 *
 * @param {string} out
 * @param {object} manifest
 * @param {Record<string, string>} files place in the package → file or folder; one that is not there is left out
 * @returns {Packed}
 */
function pack(out, manifest, files) {
  const stage = fs.mkdtempSync(path.join(os.tmpdir(), 'websockets-pack-'));
  try {
    for (const [place, from] of Object.entries(files)) {
      if (fs.existsSync(from)) fs.cpSync(from, path.join(stage, place), { recursive: true });
    }
    mendLinks(stage, files);
    fs.writeFileSync(path.join(stage, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
    const { status, stdout, stderr } = spawnSync(
      'npm',
      ['pack', '--json', '--ignore-scripts', '--pack-destination', out],
      {
        cwd: stage,
        encoding: 'utf8',
        shell: process.platform === 'win32', // npm is a .cmd file there
      },
    );
    if (status !== 0) throw new Error(`npm pack: ${stderr || stdout}`);
    const answer = JSON.parse(stdout);
    const [packed] = Array.isArray(answer) ? answer : Object.values(answer); // npm 12 has names instead
    return {
      name: packed.name,
      file: path.join(out, packed.filename),
      size: packed.size,
      unpackedSize: packed.unpackedSize,
      files: packed.files.map((file) => file.path).sort(),
    };
  } finally {
    fs.rmSync(stage, { recursive: true, force: true });
  }
}

/** @param {string} place @returns {string} */
const inRoot = (place) => path.join(root, place);

/** @param {string} platform @returns {string} the name of its binary */
const binaryOf = (platform) => `websockets.${platform}.node`;

/**
 * The main package.
 *
 * @param {string} out
 * @param {object} manifest
 * @param {Record<string, string>} [binaries] place in the package → file
 * @returns {Packed}
 */
function packMain(out, manifest, binaries = {}) {
  const places = [...manifest.files, 'README.md', 'LICENSE'];
  return pack(out, manifest, { ...Object.fromEntries(places.map((place) => [place, inRoot(place)])), ...binaries });
}

/**
 * The package to be installed as `ws`.
 *
 * @param {string} out
 * @param {object} manifest
 * @returns {Packed}
 */
function packAlias(out, manifest) {
  const files = [...manifest.files, 'README.md'].map((place) => [place, inRoot(`npm/${ALIAS}/${place}`)]);
  return pack(out, manifest, { ...Object.fromEntries(files), LICENSE: inRoot('LICENSE') });
}

/**
 * What is installed without a registry, by any package manager: one tarball that has its binaries itself, and that of the
 * alias, which wants the first one beside it.
 *
 * @param {object} options
 * @param {string} options.out an existing folder
 * @param {string[]} options.platforms what it has a binary for
 * @param {string} [options.binaries] the folder that the binaries are in
 * @returns {Packed[]}
 */
function packLocal({ out, platforms: wanted, binaries = root }) {
  const files = Object.fromEntries(wanted.map((name) => [binaryOf(name), path.join(binaries, binaryOf(name))]));
  const missing = wanted.filter((name) => !fs.existsSync(files[binaryOf(name)]));
  if (missing.length > 0) throw new Error(`no binary in ${binaries} for ${missing.join(', ')}`);
  return [packMain(out, localManifest(Object.keys(files)), files), packAlias(out, localAliasManifest())];
}

/**
 * What a registry gets: the tarballs of the platform packages, that of the main package, and that of the alias, in the
 * order in which they are published.
 *
 * @param {object} options
 * @param {string} options.out an existing folder
 * @param {string} [options.binaries] the folder that the binaries are in
 * @param {string[]} [options.platforms] which are packed, and have to have a binary; without it those that have one
 * @returns {Packed[]}
 */
function packAll({ out, binaries = root, platforms: wanted }) {
  const binary = (name) => path.join(binaries, binaryOf(name));
  const asked = platforms().filter((name) => wanted?.includes(name) ?? true);
  const missing = asked.filter((name) => !fs.existsSync(binary(name)));
  const present = asked.filter((name) => !missing.includes(name));
  if (present.length === 0 || (wanted !== undefined && missing.length > 0)) {
    throw new Error(`no binary in ${binaries} for ${missing.join(', ')}`);
  }
  return [
    ...present.map((name) =>
      pack(out, platformManifest(name), {
        [binaryOf(name)]: binary(name),
        'README.md': inRoot(`npm/${name}/README.md`),
        LICENSE: inRoot('LICENSE'),
      }),
    ),
    packMain(out, mainManifest()),
    packAlias(out, aliasManifest()),
  ];
}

module.exports = { binaryOf, pack, packAll, packLocal };
