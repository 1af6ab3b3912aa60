'use strict';

// npm run package                                 one tarball with the binary for the platform at hand, into dist/
// npm run package -- --all                        what a registry gets: the main package, and one for each platform, whose
//                                                 binaries are built here
// npm run package -- --target linux-arm64-musl    the same with one platform; several, if it is given several times
// npm run package -- --binaries FOLDER --all      what a registry gets, from binaries built elsewhere
// npm run package -- --binaries FOLDER --target NAME --no-pack    builds and checks alone, into FOLDER

const fs = require('node:fs');
const path = require('node:path');
const { parseArgs } = require('node:util');
const root = require('./lib/root');
const { thisPlatform } = require('../lib/native/platform');
const { packAll, packLocal } = require('./lib/package/pack');
const { build } = require('./lib/platforms/build');
const { platformOf, platforms } = require('./lib/platforms/catalog');

const kib = (bytes) => `${Math.ceil(bytes / 1024).toLocaleString('en')} KiB`;

/** What there is to be said on the command line. @type {import('node:util').ParseArgsConfig['options']} */
const OPTIONS = {
  all: { type: 'boolean' },
  binaries: { type: 'string' },
  'no-pack': { type: 'boolean' },
  target: { type: 'string', multiple: true },
};

/**
 * Builds binaries, and says what each is; one that fails does not keep the others from being built.
 *
 * @param {import('./lib/platforms/catalog').Platform[]} wanted
 * @param {string} folder
 */
function buildAll(wanted, folder) {
  const failures = [];
  for (const platform of wanted) {
    console.log(`\n${platform.name} …`);
    try {
      console.log(`${platform.name}: ${build(platform, folder).summary}`);
    } catch (error) {
      failures.push(`${platform.name}: ${error.message}`);
      console.error(failures.at(-1));
    }
  }
  if (failures.length > 0) throw new Error(`${failures.length} of ${wanted.length} failed\n${failures.join('\n')}`);
}

/** @param {import('./lib/package/pack').Packed[]} packed */
function show(packed) {
  for (const { file, size, unpackedSize, files } of packed) {
    console.log(
      `${path.relative(root, file)}  ${kib(size)}, ${kib(unpackedSize)} in ${files.length} files when installed`,
    );
  }
}

function main() {
  const {
    all = false,
    binaries,
    target: names = [],
    'no-pack': isBuiltAlone = false,
  } = parseArgs({ options: OPTIONS }).values;
  const targets = names.map(platformOf);
  const isGiven = binaries !== undefined && !isBuiltAlone;
  const folder = binaries === undefined ? path.join(root, 'dist', 'binaries') : path.resolve(binaries);
  const isCross = all || targets.length > 0;
  const out = path.join(root, 'dist');
  if (!isBuiltAlone) fs.rmSync(out, { recursive: true, force: true });
  fs.mkdirSync(out, { recursive: true });
  if (isCross && !isGiven) buildAll(all ? platforms : targets, folder);
  if (isBuiltAlone) return;
  show(
    isCross || isGiven ? packAll({ out, binaries: folder, all }) : packLocal({ out, platforms: [thisPlatform().name] }),
  );
}

try {
  main();
} catch (error) {
  console.error(`package: ${error.message}`);
  process.exitCode = 1;
}
