'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const { packageOf } = require('../../lib/native/binary');
const { PLATFORMS } = require('../../lib/native/load-error');
const {
  aliasManifest,
  localAliasManifest,
  localManifest,
  mainManifest,
  platformManifest,
} = require('../../scripts/lib/package/manifest');
const {
  aliasName,
  aliasVersion,
  oneVersion,
  platformName,
  platforms,
  publishedName,
  versions,
} = require('../../scripts/lib/package/versions');
const checkout = require('../../package.json');

const ROOT = path.resolve(__dirname, '..', '..');

/** @returns {string[]} the documents, relative to the root */
const documents = () =>
  ['.', 'docs', 'npm', 'examples'].flatMap((folder) =>
    fs
      .readdirSync(path.join(ROOT, folder), { recursive: folder !== '.' })
      .filter((name) => name.endsWith('.md') && !name.includes('node_modules'))
      .map((name) => path.join(folder, name)),
  );

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

test('the binary of every platform is asked for by a literal, which bundlers see', () => {
  const loader = fs.readFileSync(path.join(ROOT, 'lib', 'native', 'binary.js'), 'utf8');
  const asked = [...loader.matchAll(/ require\('(.+)'\)/g)].map(([, name]) => name);
  const expected = PLATFORMS.flatMap((name) => [`../../websockets.${name}.node`, platformName(name)]);
  assert.deepEqual(asked.sort(), expected.sort());
});

test('all versions and names are in step', () => {
  const all = versions();
  assert.deepEqual(
    all.filter(([, found, expected]) => found !== expected),
    [],
  );
  const others = all.filter(([, , expected]) => expected !== checkout.version).map(([file, found]) => [file, found]);
  const [major, minor] = checkout.version.split('.');
  assert.deepEqual(others, [
    ...platforms().map((name) => [`npm/${name}/package.json`, platformName(name)]),
    ['npm/ws/package.json', aliasVersion(checkout.version)],
    ['npm/ws/package.json', aliasName()],
    ['npm/ws/package.json', `npm:${publishedName()}@${checkout.version}`],
    ['docs/guide/ws.md', aliasVersion(checkout.version)],
    ...['README.md', 'docs/guide/installing.md'].map((file) => [
      file,
      `${publishedName()}@${major === '0' ? `0.${minor}` : major}`,
    ]),
    ...Array(1 + platforms().length).fill(['lib/native/binary.js', publishedName()]),
    ['lib/native/binaries.d.ts', publishedName()],
  ]);
  assert.equal(all.length, others.length + 3 + platforms().length + 5);
  assert.equal(oneVersion(), checkout.version);
});

test('the names begin with the one that package.json says, and every document has them so', () => {
  assert.equal(publishedName(), checkout.napi.packageName);
  assert.equal(platformName('linux-x64-gnu'), `${checkout.napi.packageName}-linux-x64-gnu`);
  assert.equal(aliasName(), `${checkout.napi.packageName}-as-ws`);
  // What looks for a binary names the same.
  for (const name of platforms()) assert.equal(packageOf(name), platformName(name));
  const ours = [publishedName(), aliasName(), ...platforms().map(platformName)];
  let count = 0;
  for (const file of documents()) {
    const text = fs.readFileSync(path.join(ROOT, file), 'utf8');
    const named = [...text.matchAll(/npm:([^\s@"'`]*(?:@[^\s@"'`/]+\/[^\s@"'`]+)?)|(@[\w-]+\/websockets(?:-\w+)*)/g)];
    for (const [, aliased, scoped] of named) {
      count += 1;
      assert.ok(ours.includes(aliased || scoped), `${file}: ${aliased || scoped}`);
    }
    // What these commands would fetch is not ours.
    assert.doesNotMatch(text, /^(?:\$ )?(?:npm (?:i|install|add)|(?:pnpm|yarn|bun|deno) add) websockets(?!@)/m, file);
    assert.doesNotMatch(text, /npx (?:-p|--package)[= ]websockets(?!@)/, file);
  }
  assert.ok(count > 10);
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
  const dependencies = { websockets: `npm:${publishedName()}@${checkout.version}` };
  assert.deepEqual([manifest.name, manifest.dependencies], [aliasName(), dependencies]);
  assert.deepEqual([manifest.license, manifest.engines], [checkout.license, checkout.engines]);
  for (const key of ['scripts', 'optionalDependencies', 'peerDependencies', 'bin', 'os', 'cpu'])
    assert.equal(manifest[key], undefined, key);
});

test('the binary tells the same', () => {
  assert.equal(require('../../lib/native/native.js').version(), checkout.version);
});

test('there is a package for each target, and the error about a missing one names them all', () => {
  assert.deepEqual(checkout.napi.targets.map((target) => TARGETS[target]).sort(), platforms());
  assert.deepEqual([...PLATFORMS].sort(), platforms());
});

test('the main package asks for all of them, in its own version, and runs nothing when it is installed', () => {
  const manifest = mainManifest({});
  assert.deepEqual(
    manifest.optionalDependencies,
    Object.fromEntries(platforms().map((name) => [platformName(name), checkout.version])),
  );
  assert.equal(manifest.name, publishedName());
  assert.deepEqual(Object.keys(manifest.scripts), ['build']);
  for (const key of ['dependencies', 'devDependencies', 'napi']) assert.equal(manifest[key], undefined, key);
  // Or npm would look for packages in a checkout that may not be published yet.
  assert.equal(checkout.optionalDependencies, undefined);
});

test('what is installed from its tarball asks for nothing on a registry, and cannot be published', () => {
  const main = localManifest(['websockets.linux-x64-gnu.node'], {});
  const alias = localAliasManifest({});
  assert.deepEqual([main.name, alias.name], ['websockets', 'websockets-as-ws']);
  assert.deepEqual(main.files, [...checkout.files, 'websockets.linux-x64-gnu.node']);
  for (const manifest of [main, alias]) {
    assert.equal(manifest.private, true);
    for (const key of ['dependencies', 'optionalDependencies', 'devDependencies', 'publishConfig'])
      assert.equal(manifest[key], undefined, key);
    for (const name of Object.keys(manifest.peerDependencies))
      assert.deepEqual(manifest.peerDependenciesMeta[name], { optional: true }, name);
  }
  assert.deepEqual(alias.peerDependencies, { websockets: checkout.version });
});

for (const name of platforms()) {
  test(`${platformName(name)} is for that platform alone`, () => {
    const manifest = platformManifest(name, {});
    const [os, cpu, abi] = name.split('-');
    const libc = { gnu: ['glibc'], musl: ['musl'] }[abi];
    assert.deepEqual(
      [manifest.name, manifest.os, manifest.cpu, manifest.libc],
      [platformName(name), [os], [cpu], libc],
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
