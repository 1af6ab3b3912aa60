'use strict';

const assert = require('node:assert/strict');
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const { execute, folder, packed, published } = require('./support/project');
const { thisPlatform } = require('../../lib/native/platform');

const root = path.resolve(__dirname, '..', '..');
const { name } = thisPlatform();
const limit = { timeout: 540_000 };

/** Files that git has, or would have: what the build has left there is none of it. */
function sources(...places) {
  const { stdout } = spawnSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '--', ...places], {
    cwd: root,
    encoding: 'utf8',
  });
  return stdout
    .trim()
    .split('\n')
    .filter((file) => fs.existsSync(path.join(root, file)));
}

test('the tarballs hold what they should, and nothing else', limit, (t) => {
  const [own, main, alias] = published();
  assert.deepEqual(own.files, ['LICENSE', 'README.md', 'package.json', `websockets.${name}.node`]);
  const single = [
    'CHANGELOG.md',
    'Cargo.lock',
    'Cargo.toml',
    'LICENSE',
    'README.md',
    'SECURITY.md',
    'backplane-test.d.ts',
    'backplane-test.js',
    'build.rs',
    'cluster.d.ts',
    'cluster.js',
    'engine.io.d.ts',
    'engine.io.js',
    'events.d.ts',
    'index.d.ts',
    'index.js',
    'monitor.d.ts',
    'monitor.js',
    'nats.d.ts',
    'nats.js',
    'opentelemetry.d.ts',
    'opentelemetry.js',
    'redis.d.ts',
    'redis.js',
    'ws.d.mts',
    'ws.d.ts',
    'ws.js',
    'ws.mjs',
  ];
  const expected = [...sources('bin', 'lib', 'docs', 'src', ...single), 'package.json', 'scripts/build.js'];
  assert.deepEqual(main.files, expected.sort());
  const [local, localAlias] = packed();
  assert.deepEqual(local.files, [...main.files, `websockets.${name}.node`].sort());
  assert.deepEqual(localAlias.files, alias.files);
  // One entry is for the tests of others, and one guide about them.
  const isForTests = (file) => /^backplane-test\.(js|d\.ts)$|^docs\/guide\/testing\.md$/.test(file);
  const rest = main.files.filter((file) => !isForTests(file));
  for (const file of rest) assert.doesNotMatch(file, /test|bench|fuzz|\.node$|\.tgz$|(^|\/)\./);
  assert.deepEqual(alias.files, ['LICENSE', ...sources('npm/ws').map((file) => path.basename(file))].sort());
  t.diagnostic(
    [own, main, alias, local].map((one) => `${one.name}: ${Math.ceil(one.size / 1024)} KiB packed`).join(', '),
  );
});

test('each link of a document that is packed leads to a file of the package, or to another site', limit, async (t) => {
  let count = 0;
  for (const one of [...published(), ...packed()]) {
    const place = folder(t);
    assert.equal((await execute(place, ['tar', '-xzf', one.file])).status, 0);
    const exists = (file) => one.files.some((name) => name === file || name.startsWith(`${file}/`));
    for (const document of one.files.filter((file) => file.endsWith('.md'))) {
      const text = fs.readFileSync(path.join(place, 'package', document), 'utf8');
      for (const [, target] of text.matchAll(/\]\(([^)\s#]+)[^)]*\)/g)) {
        count += 1;
        if (/^https?:/.test(target)) continue;
        const file = path.posix.join(path.posix.dirname(document), target).replace(/\/$/, '');
        assert.ok(exists(file), `${one.name}, ${document}: ${target}`);
      }
    }
  }
  assert.ok(count > 100);
});

test('every file that the entry points name is in it', limit, () => {
  const [, main, alias] = published();
  const named = (value) =>
    typeof value === 'object' ? Object.values(value).flatMap(named) : [value.replace(/^\.\//, '')];
  for (const [{ files }, manifest] of [
    [main, require('../../package.json')],
    [alias, require('../../npm/ws/package.json')],
  ]) {
    const { types, exports, bin = [] } = manifest;
    for (const file of named([manifest.main, types, exports, bin])) assert.ok(files.includes(file), file);
  }
});
