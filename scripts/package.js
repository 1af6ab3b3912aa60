'use strict';

// Packs what users install: see FORMS.

const fs = require('node:fs');
const path = require('node:path');
const { parseArgs } = require('node:util');
const root = require('./lib/root');
const { thisPlatform } = require('../lib/native/platform');
const { packAll, packLocal } = require('./lib/package/pack');
const { build } = require('./lib/platforms/build');
const { platformOf, platforms } = require('./lib/platforms/catalog');

const kib = (bytes) => `${Math.ceil(bytes / 1024).toLocaleString('en')} KiB`;

/** What each form of the command does, by what follows `npm run package`. */
const FORMS = [
  ['', 'one tarball with the binary for the platform at hand, into dist/'],
  ['--all', 'what a registry gets: the main package, and one for each platform, built here'],
  ['--target linux-arm64-musl', 'the same with one platform; several, if it is given several times'],
  ['--binaries FOLDER --all', 'what a registry gets, from binaries built elsewhere'],
  ['--binaries FOLDER --target NAME', "the same with one platform's"],
  ['--binaries FOLDER', 'the same with those of the platforms that have one there'],
  ['--target NAME --no-pack', 'builds and checks alone, into dist/binaries/, or into --binaries FOLDER'],
  ['--help', 'shows this'],
];

/** @returns {string} */
function help() {
  const lines = FORMS.map(([args, what]) => `npm run package${args && ` -- ${args}`}`.padEnd(52) + what);
  return `${lines.join('\n')}\n\nPlatforms: ${platforms.map(({ name }) => name).join(', ')}\n`;
}

/** What there is to be said on the command line. @type {import('node:util').ParseArgsConfig['options']} */
const OPTIONS = {
  all: { type: 'boolean' },
  binaries: { type: 'string' },
  help: { type: 'boolean' },
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

/**
 * Reads the command line.
 *
 * @returns {{ wanted: import('./lib/platforms/catalog').Platform[], given: string | undefined, isBuiltAlone: boolean,
 *   isHelp: boolean }} `wanted`: the platforms named; `given`: the folder of binaries
 * @throws {Error} if it asks for nothing that could be done
 */
function asked() {
  const {
    all = false,
    binaries,
    help: isHelp = false,
    target = [],
    'no-pack': isBuiltAlone = false,
  } = parseArgs({ options: OPTIONS }).values;
  if (all && target.length > 0) throw new Error('--all stands for every --target: give one of the two');
  const wanted = all ? platforms : target.map(platformOf);
  if (isBuiltAlone && wanted.length === 0) throw new Error('--no-pack only builds: say what, with --target or --all');
  return { wanted, given: binaries === undefined ? undefined : path.resolve(binaries), isBuiltAlone, isHelp };
}

/**
 * Removes what was packed and built here before.
 *
 * @param {string} out
 * @param {boolean} isGiven whether the binaries are given: those that lie here may be the ones
 */
function clear(out, isGiven) {
  fs.mkdirSync(out, { recursive: true });
  const own = fs.readdirSync(out).filter((name) => name.endsWith('.tgz') || (name === 'binaries' && !isGiven));
  for (const name of own) fs.rmSync(path.join(out, name), { recursive: true });
}

function main() {
  const { wanted, given, isBuiltAlone, isHelp } = asked();
  if (isHelp) {
    process.stdout.write(help());
    return;
  }
  const out = path.join(root, 'dist');
  const binaries = given ?? path.join(out, 'binaries');
  if (!isBuiltAlone) clear(out, given !== undefined);
  if (wanted.length > 0 && (isBuiltAlone || given === undefined)) buildAll(wanted, binaries);
  if (isBuiltAlone) return;
  if (wanted.length === 0 && given === undefined) {
    show(packLocal({ out, platforms: [thisPlatform().name] }));
  } else {
    show(packAll({ out, binaries, platforms: wanted.length > 0 ? wanted.map(({ name }) => name) : undefined }));
  }
}

try {
  main();
} catch (error) {
  // Node.js adds advice on arguments that are no options, which there are none of here.
  const [sentence] = error.code?.startsWith('ERR_PARSE_ARGS_') ? error.message.split('. ') : [error.message];
  console.error(`package: ${sentence}`);
  if (error.code?.startsWith('ERR_PARSE_ARGS_')) console.error('npm run package -- --help lists what there is');
  process.exitCode = 1;
}
