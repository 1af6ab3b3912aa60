'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const { Project, packed, published } = require('./support/project');
const { registry } = require('./support/registry');
const { compileStrictly } = require('./support/typescript');
const { thisPlatform } = require('../../lib/native/platform');
const { platformName, publishedName } = require('../../scripts/lib/package/versions');

const limit = { timeout: 540_000 };
const OWN = platformName(thisPlatform().name);
// A plain socket goes by threads where there are some.
const TRANSPORT = process.platform === 'win32' ? 'stream' : 'socket';

const consumer = (name) => fs.readFileSync(path.join(__dirname, 'consumers', name), 'utf8');

/** @returns {string[]} all files below a folder */
const filesOf = (place) =>
  fs.readdirSync(place, { withFileTypes: true }).flatMap((entry) => {
    const full = path.join(place, entry.name);
    return entry.isDirectory() ? filesOf(full) : [full];
  });

test('installed from its tarball, with scripts off, it works', limit, async (t) => {
  const project = new Project(t);
  await project.install([packed()[0].file]);

  await t.test('with require', async () => {
    project.write('echo.cjs', consumer('echo.cjs'));
    assert.deepEqual(await project.node('echo.cjs'), { status: 0, stdout: `required ${TRANSPORT}\n`, stderr: '' });
  });

  await t.test('with import', async () => {
    project.write('echo.mjs', consumer('echo.mjs'));
    assert.deepEqual(await project.node('echo.mjs'), { status: 0, stdout: `imported ${TRANSPORT}\n`, stderr: '' });
  });

  for (const [what, extension] of [
    ['a module', 'mts'],
    ['CommonJS', 'cts'],
  ]) {
    await t.test(`with TypeScript as ${what}, strictly`, async () => {
      project.write(`typed.${extension}`, consumer('echo.ts'));
      const compiled = await compileStrictly(project, `typed.${extension}`);
      assert.deepEqual(compiled, { status: 0, stdout: '', stderr: '' });
      assert.deepEqual(await project.node(`typed.${extension.replace('ts', 'js')}`), {
        status: 0,
        stdout: 'TYPED\n',
        stderr: '',
      });
    });
  }

  await t.test('by its command', async () => {
    const { status, stdout, stderr } = await project.npm([
      'exec',
      '--offline',
      '--no',
      '--',
      'websockets',
      '--version',
    ]);
    assert.deepEqual(
      { status, stdout, stderr },
      { status: 0, stdout: `${require('../../package.json').version}\n`, stderr: '' },
    );
  });

  await t.test('by its command, which says what --proxy needs', async () => {
    const { status, stderr } = await project.node(
      project.installed('websockets', 'bin', 'websockets.js'),
      'connect',
      'localhost:1',
      '--proxy',
      'localhost:2',
    );
    assert.equal(status, 1);
    assert.match(
      stderr,
      /^websockets: --proxy needs another package: npm install https-proxy-agent: .* \[ERR_MODULE_NOT_FOUND\]\n$/,
    );
  });

  await t.test('in little space', () => {
    const sizes = filesOf(project.installed('websockets')).map((file) => fs.statSync(file).size);
    const sum = sizes.reduce((all, size) => all + size);
    t.diagnostic(`installed size: ${Math.ceil(sum / 1024)} KiB in ${sizes.length} files`);
    // Of it, 3.4 MiB are the TLS of the I/O threads: AWS-LC, whose assembly is linked for each kind of processor.
    assert.ok(sum < 8 * 1024 * 1024, 'more than 8 MiB');
    assert.deepEqual(
      fs.readdirSync(project.installed()).filter((name) => !name.startsWith('.')),
      ['websockets'],
    );
  });

  await t.test('without anything that runs when it is installed', () => {
    const { packages } = project.json('node_modules/.package-lock.json');
    assert.deepEqual(
      Object.values(packages).filter((entry) => entry.hasInstallScript),
      [],
    );
  });
});

test("npm picks the platform's package by itself, and fetches no other", limit, async (t) => {
  const project = new Project(t);
  const { url, asked } = await registry(t, published());
  // The npm that refuses to run scripts at all (--strict-allow-scripts; older ones know no such thing) has nothing to refuse.
  const { status, stdout, stderr } = await project.npm(['install', `websockets@npm:${publishedName()}`], {
    npm_config_registry: url,
    npm_config_strict_allow_scripts: 'true',
  });
  assert.equal(status, 0, stdout + stderr);
  assert.doesNotMatch(stdout + stderr, /allow-scripts|install script/i);
  assert.deepEqual(
    asked
      .filter((place) => place.endsWith('.tgz'))
      .map((place) => place.split('/-/')[0].slice(1))
      .sort(),
    [publishedName(), OWN].sort(),
  );
  project.write('echo.cjs', consumer('echo.cjs'));
  assert.equal((await project.node('echo.cjs')).stdout, `required ${TRANSPORT}\n`);
});
