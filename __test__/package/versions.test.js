'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { PLATFORMS } = require('../../lib/native/load-error');
const { aliasManifest, mainManifest, platformManifest } = require('../../scripts/lib/package/manifest');
const { aliasVersion, oneVersion, platforms, versions } = require('../../scripts/lib/package/versions');
const checkout = require('../../package.json');

/** A target of Rust as its platform is called here. */
const TARGETS = {
  'x86_64-unknown-linux-gnu': 'linux-x64-gnu',
  'aarch64-unknown-linux-gnu': 'linux-arm64-gnu',
  'x86_64-unknown-linux-musl': 'linux-x64-musl',
  'aarch64-unknown-linux-musl': 'linux-arm64-musl',
  'x86_64-apple-darwin': 'darwin-x64',
  'aarch64-apple-darwin': 'darwin-arm64',
  'x86_64-pc-windows-msvc': 'win32-x64-msvc',
  'aarch64-pc-windows-msvc': 'win32-arm64-msvc',
};

test('all versions are in step', () => {
  const all = versions();
  assert.deepEqual(
    all.filter(([, version, expected]) => version !== expected),
    [],
  );
  const alias = all.filter(([, , expected]) => expected !== checkout.version);
  assert.deepEqual(alias, [['npm/ws/package.json', aliasVersion(checkout.version), aliasVersion(checkout.version)]]);
  assert.equal(all.length, 3 + platforms().length + 2 + 2);
  assert.equal(oneVersion(), checkout.version);
});

test('the version of the alias begins with 8, is newer than those of ws, and says which one of the main package it is', () => {
  for (const [version, alias] of [
    ['0.1.0', '8.101.0'],
    ['0.12.3', '8.112.3'],
    ['1.2.3', '8.1102.3'],
    ['12.0.0-rc.1', '8.12100.0-rc.1'],
  ]) {
    assert.equal(aliasVersion(version), alias);
  }
});

test('the alias asks for the main package in its own version, and has nothing that runs', () => {
  const manifest = aliasManifest({});
  assert.deepEqual([manifest.name, manifest.dependencies], ['websockets-as-ws', { websockets: checkout.version }]);
  assert.deepEqual([manifest.license, manifest.engines], [checkout.license, checkout.engines]);
  for (const key of ['scripts', 'optionalDependencies', 'peerDependencies', 'bin', 'os', 'cpu'])
    assert.equal(manifest[key], undefined, key);
});

test('the binary tells the same', () => {
  assert.equal(require('../../native.js').version(), checkout.version);
});

test('there is a package for each target, and the error about a missing one names them all', () => {
  assert.deepEqual(checkout.napi.targets.map((target) => TARGETS[target]).sort(), platforms());
  assert.deepEqual([...PLATFORMS].sort(), platforms());
});

test('the main package asks for all of them, in its own version, and runs nothing when it is installed', () => {
  const manifest = mainManifest({});
  assert.deepEqual(
    manifest.optionalDependencies,
    Object.fromEntries(platforms().map((name) => [`websockets-${name}`, checkout.version])),
  );
  assert.deepEqual(Object.keys(manifest.scripts), ['build']);
  for (const key of ['dependencies', 'devDependencies', 'napi']) assert.equal(manifest[key], undefined, key);
  // Or npm would look for packages in a checkout that may not be published yet.
  assert.equal(checkout.optionalDependencies, undefined);
});

for (const name of platforms()) {
  test(`websockets-${name} is for that platform alone`, () => {
    const manifest = platformManifest(name, {});
    const [os, cpu, abi] = name.split('-');
    const libc = { gnu: ['glibc'], musl: ['musl'] }[abi];
    assert.deepEqual(
      [manifest.name, manifest.os, manifest.cpu, manifest.libc],
      [`websockets-${name}`, [os], [cpu], libc],
    );
    assert.deepEqual([manifest.main, manifest.files], [`websockets.${name}.node`, [`websockets.${name}.node`]]);
    assert.deepEqual([manifest.license, manifest.engines], [checkout.license, checkout.engines]);
    for (const key of ['scripts', 'dependencies', 'optionalDependencies']) assert.equal(manifest[key], undefined, key);
  });
}

test('the manifests say where the sources are', () => {
  const page = checkout.homepage.replace('#readme', '');
  assert.match(page, /^https:\/\/github\.com\/[\w-]+\/[\w-]+$/);
  for (const [manifest, directory] of [
    [checkout],
    [mainManifest({})],
    [platformManifest('darwin-x64', {}), 'npm/darwin-x64'],
    [aliasManifest({}), 'npm/ws'],
  ]) {
    assert.equal(manifest.homepage, `${page}#readme`);
    assert.deepEqual(manifest.bugs, { url: `${page}/issues` });
    const repository = { type: 'git', url: `git+${page}.git`, ...(directory && { directory }) };
    assert.deepEqual(manifest.repository, repository);
  }
});

test('where a workflow packs, the manifests name its repository, as provenance wants it', () => {
  const env = { GITHUB_SERVER_URL: 'https://github.example', GITHUB_REPOSITORY: 'owner/name' };
  const url = 'git+https://github.example/owner/name.git';
  assert.deepEqual(mainManifest(env).repository, { type: 'git', url });
  assert.deepEqual(platformManifest('darwin-x64', env).repository, { type: 'git', url, directory: 'npm/darwin-x64' });
  for (const manifest of [mainManifest(env), platformManifest('darwin-x64', env), aliasManifest(env)]) {
    assert.equal(manifest.homepage, 'https://github.example/owner/name#readme');
    assert.deepEqual(manifest.bugs, { url: 'https://github.example/owner/name/issues' });
    assert.deepEqual(manifest.publishConfig, { access: 'public', provenance: true });
  }
});
