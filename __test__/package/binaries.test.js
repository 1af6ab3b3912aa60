'use strict';

// What a binary of a platform has to be, and what is said of one that is not.

const assert = require('node:assert/strict');
const path = require('node:path');
const { test } = require('node:test');
const { execute, folder } = require('./support/project');
const { platformOf, platforms } = require('../../scripts/lib/platforms/catalog');
const { problemsOf } = require('../../scripts/lib/platforms/check');

const root = path.resolve(__dirname, '..', '..');
const EXPORTS = ['napi_register_module_v1'];

/** What binaries say that were built as they have to be. */
const FACTS = {
  'linux-x64-gnu': { machine: 'X86_64', needed: ['libc.so.6'], exports: EXPORTS, glibc: ['2.2.5', '2.17', '2.9'] },
  'linux-arm64-musl': { machine: 'AARCH64', needed: ['libc.so'], exports: EXPORTS, glibc: [] },
  'darwin-arm64': { machine: 'ARM64', needed: ['/usr/lib/libSystem.B.dylib'], exports: EXPORTS, system: [11, 0, 0] },
  'win32-x64-msvc': { machine: 'AMD64', needed: ['KERNEL32.dll'], exports: [...EXPORTS, '_Unwind_Resume'] },
};

/** What is wrong with the binary of a platform, if it says something else. */
const problems = (name, other = {}, size = 1_000_000) =>
  problemsOf(platformOf(name), { ...FACTS[name], ...other }, size);

test('a binary as it has to be', () => {
  for (const name of Object.keys(FACTS)) assert.deepEqual(problems(name), [], name);
});

for (const [what, name, other, problem] of [
  ['a newer glibc', 'linux-x64-gnu', { glibc: ['2.17', '2.34'] }, 'it asks for glibc 2.34, and not for 2.17'],
  ['no glibc', 'linux-x64-gnu', { glibc: [] }, 'it asks for no glibc, and not for 2.17'],
  ['glibc, for musl', 'linux-arm64-musl', { glibc: ['2.17'] }, 'it asks for glibc 2.17'],
  ['another machine', 'linux-arm64-musl', { machine: 'X86_64' }, 'it is for X86_64, not for arm64'],
  ['a newer macOS', 'darwin-arm64', { system: [14, 2, 0] }, 'it is for macOS 14.2'],
  [
    'a library that has to be installed',
    'win32-x64-msvc',
    { needed: ['KERNEL32.dll', 'VCRUNTIME140.dll', 'libstdc++-6.dll'] },
    'it asks for VCRUNTIME140.dll, libstdc++-6.dll, which not every system has',
  ],
  ['no export', 'linux-x64-gnu', { exports: [] }, 'it does not export napi_register_module_v1'],
  ['more exports', 'darwin-arm64', { exports: [...EXPORTS, 'a', 'b'] }, 'it exports 2 names more, a first'],
]) {
  test(`${what}: refused`, () => assert.deepEqual(problems(name, other), [problem]));
}

test('one that is larger than it should be: refused', () => {
  assert.match(problems('linux-x64-gnu', {}, 20_000_000).join(), /^it has 20000000 bytes, more than \d+$/);
});

test('a target that there is not: all are named, and nothing is built', async (t) => {
  const args = ['--target', 'plan9-x64', '--binaries', folder(t), '--no-pack'];
  const { status, stdout, stderr } = await execute(root, [process.execPath, 'scripts/package.js', ...args]);
  assert.deepEqual([status, stdout], [1, '']);
  for (const { name } of platforms) assert.ok(stderr.includes(name), name);
});

test('a platform is known by its name, and by its target', () => {
  for (const platform of platforms) {
    assert.equal(platformOf(platform.name), platform);
    assert.equal(platformOf(platform.target), platform);
  }
});
