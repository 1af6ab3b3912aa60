'use strict';

// What can be asked of `npm run package`, beside building: scripts/package.js. It packs into the `dist/` of this checkout.

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const { execute, folder } = require('./support/project');
const { binaryOf } = require('../../scripts/lib/package/pack');
const {
  aliasName,
  aliasVersion,
  platformName,
  publishedName,
  tarballOf,
} = require('../../scripts/lib/package/versions');
const { version } = require('../../package.json');

const root = path.resolve(__dirname, '..', '..');
const limit = { timeout: 540_000 };

/** Runs what `npm run package` runs. */
const pack = (...args) => execute(root, [process.execPath, 'scripts/package.js', ...args]);

/** @returns {string[]} the tarballs in `dist/` */
const packedNow = () => fs.readdirSync(path.join(root, 'dist')).filter((file) => file.endsWith('.tgz'));

/** A folder with something in the place of the binaries of these platforms. */
function binariesOf(t, ...platforms) {
  const place = folder(t);
  for (const one of platforms) fs.writeFileSync(path.join(place, binaryOf(one)), 'for another platform');
  return place;
}

/** @returns {string[]} what a registry gets for these platforms */
function tarballsOf(...platforms) {
  const names = [publishedName(), ...platforms.map(platformName)];
  const alias = tarballOf(aliasName(), aliasVersion(version));
  return [alias, ...names.map((one) => tarballOf(one, version))].sort();
}

test('npm run package puts them into dist/, and says how large they are', limit, async () => {
  const { status, stdout, stderr } = await pack();
  assert.deepEqual({ status, stderr }, { status: 0, stderr: '' });
  const files = [tarballOf('websockets', version), tarballOf(aliasName('websockets'), aliasVersion(version))];
  assert.deepEqual(packedNow().sort(), [...files].sort());
  const lines = stdout.trim().split('\n');
  files.forEach((file, at) =>
    assert.match(
      lines[at],
      new RegExp(`^dist.${file.replaceAll('.', '\\.')} {2}[\\d,]+ KiB, [\\d,]+ KiB in \\d+ files when installed$`),
    ),
  );
});

test('of binaries that are given, those of the targets alone are packed', limit, async (t) => {
  const binaries = binariesOf(t, 'darwin-arm64', 'linux-x64-musl', 'win32-x64-msvc');
  for (const [targets, expected] of [
    [['linux-x64-musl'], ['linux-x64-musl']],
    [
      ['aarch64-apple-darwin', 'linux-x64-musl'],
      ['darwin-arm64', 'linux-x64-musl'],
    ],
    [[], ['darwin-arm64', 'linux-x64-musl', 'win32-x64-msvc']],
  ]) {
    const { status, stderr } = await pack('--binaries', binaries, ...targets.flatMap((one) => ['--target', one]));
    assert.deepEqual({ status, stderr }, { status: 0, stderr: '' });
    assert.deepEqual(packedNow().sort(), tarballsOf(...expected));
  }
});

test('a binary that is missing is an error, and its platform is named', limit, async (t) => {
  const binaries = binariesOf(t, 'linux-x64-musl');
  for (const [args, names] of [
    [['--all'], /.*darwin-arm64, .*win32-x64-msvc/],
    [['--target', 'linux-x64-musl', '--target', 'darwin-x64'], /darwin-x64/],
  ]) {
    const { status, stderr } = await pack('--binaries', binaries, ...args);
    assert.equal(status, 1);
    assert.match(stderr, new RegExp(`^package: no binary in .* for ${names.source}\n$`));
    assert.deepEqual(packedNow(), []);
  }
});

test('binaries in dist/ that are given are packed, and stay', limit, async (t) => {
  const binaries = path.join(root, 'dist', 'binaries');
  t.after(() => fs.rmSync(binaries, { recursive: true, force: true }));
  fs.cpSync(binariesOf(t, 'linux-x64-musl'), binaries, { recursive: true });
  const { status, stderr } = await pack('--binaries', binaries, '--target', 'linux-x64-musl');
  assert.deepEqual({ status, stderr }, { status: 0, stderr: '' });
  assert.deepEqual(packedNow().sort(), tarballsOf('linux-x64-musl'));
  assert.ok(fs.existsSync(path.join(binaries, binaryOf('linux-x64-musl'))));
});

test('a command line that asks for nothing says so, and leaves dist/ alone', limit, async (t) => {
  assert.equal((await pack()).status, 0);
  const before = packedNow();
  for (const [args, expected] of [
    [['--no-pack'], /^package: --no-pack only builds: say what, with --target or --all\n$/],
    [['--no-pack', '--binaries', folder(t)], /^package: --no-pack only builds: say what, with --target or --all\n$/],
    [['--all', '--target', 'linux-x64-musl'], /^package: --all stands for every --target: give one of the two\n$/],
    [['--al'], /^package: Unknown option '--al'\nnpm run package -- --help lists what there is\n$/],
    [['all'], /^package: Unexpected argument 'all'\nnpm run package -- --help lists what there is\n$/],
  ]) {
    const { status, stdout, stderr } = await pack(...args);
    assert.deepEqual({ status, stdout }, { status: 1, stdout: '' });
    assert.match(stderr, expected);
  }
  const { status, stdout } = await pack('--help');
  assert.equal(status, 0);
  const options = ['--all', '--binaries', '--help', '--no-pack', '--target'];
  for (const said of [...options, 'linux-x64-musl']) assert.ok(stdout.includes(said), said);
  assert.deepEqual(packedNow(), before);
});
