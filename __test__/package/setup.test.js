'use strict';

// What `npm start` and `npm test` do first in a clone: scripts/setup.js.

const assert = require('node:assert/strict');
const { spawn, spawnSync } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const { execute, folder, packed, published } = require('./support/project');
const { thisPlatform } = require('../../lib/native/platform');

const root = path.resolve(__dirname, '..', '..');
const limit = { timeout: 540_000 };
const BINARY = `websockets.${thisPlatform().name}.node`;
// The one that a test has in the place of all programs is made of links.
const skip = process.platform === 'win32' ? 'programs are no links on Windows' : false;

/**
 * A clone that npm has installed its packages in, and a `PATH` without Rust.
 *
 * @param {import('node:test').TestContext} t
 * @param {import('./support/project').Packed[]} tarballs what it has in `dist/`
 */
function clone(t, tarballs) {
  const place = path.join(folder(t), 'clone');
  const { stdout } = spawnSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
    cwd: root,
    encoding: 'utf8',
  });
  for (const file of stdout.trim().split('\n')) {
    if (fs.existsSync(path.join(root, file))) fs.cpSync(path.join(root, file), path.join(place, file));
  }
  fs.symlinkSync(path.join(root, 'node_modules'), path.join(place, 'node_modules'));
  fs.mkdirSync(path.join(place, 'dist'));
  for (const { file } of tarballs) fs.copyFileSync(file, path.join(place, 'dist', path.basename(file)));
  const programs = path.join(path.dirname(place), 'programs');
  fs.mkdirSync(programs);
  for (const name of ['tar', 'gzip']) {
    const from = spawnSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).stdout.trim();
    fs.symlinkSync(from, path.join(programs, name));
  }
  const setup = () => execute(place, [process.execPath, 'scripts/setup.js'], { PATH: programs });
  return { place, setup };
}

for (const [what, tarballs] of [
  ['the tarball that has it', packed],
  ['the tarballs that a registry gets', published],
]) {
  test(`in a clone the addon is taken from ${what}, without Rust`, { ...limit, skip }, async (t) => {
    const [first] = tarballs();
    const { place, setup } = clone(t, tarballs());
    assert.deepEqual(await setup(), {
      status: 0,
      stdout: `setup: the addon is taken from dist/${path.basename(first.file)}, which was packed from the same sources\n`,
      stderr: '',
    });
    assert.deepEqual(fs.readFileSync(path.join(place, BINARY)), fs.readFileSync(path.join(root, BINARY)));
    const echo = path.join(place, 'echo.cjs');
    fs.writeFileSync(echo, fs.readFileSync(path.join(__dirname, 'consumers', 'echo.cjs')));
    assert.match((await execute(place, [process.execPath, echo])).stdout, /^required (socket|stream)\n$/);

    await t.test('and when nothing has changed, nothing is done or said', async () => {
      assert.deepEqual(await setup(), { status: 0, stdout: '', stderr: '' });
    });

    await t.test('but not if the sources are others, of the same version', async () => {
      fs.appendFileSync(path.join(place, 'src', 'lib.rs'), '// changed\n');
      const { status, stdout, stderr } = await setup();
      assert.deepEqual({ status, stdout }, { status: 1, stdout: '' });
      assert.match(stderr, /^setup: cargo was not found\. .*builds it from source:\ninstall Rust /);
    });
  });
}

test('a tarball that is cut short, or of another platform, is passed over', { ...limit, skip }, async (t) => {
  const { place, setup } = clone(t, published().slice(1)); // without that of the platform
  assert.match((await setup()).stderr, /^setup: cargo was not found/);
  const [{ file }] = packed();
  fs.writeFileSync(path.join(place, 'dist', path.basename(file)), fs.readFileSync(file).subarray(0, 10_000));
  assert.match((await setup()).stderr, /^setup: cargo was not found/);
  assert.equal(fs.existsSync(path.join(place, BINARY)), false);
});

test('what takes long is shown as it goes on', limit, async (t) => {
  const place = folder(t);
  const go = path.join(place, 'go');
  // It prints, waits for the file, and ends.
  const script = path.join(place, 'build.js');
  fs.writeFileSync(
    script,
    `const { existsSync, watch } = require('node:fs');
    console.error('Compiling one');
    const end = () => existsSync(${JSON.stringify(go)}) && process.exit();
    watch(__dirname, end);
    end();`,
  );
  const step = `require(${JSON.stringify(path.join(root, 'scripts', 'lib', 'step'))})`;
  const command = `${step}('building', ${JSON.stringify(`node ${script}`)}, { shown: true });`;
  const child = spawn(process.execPath, ['--eval', command], { stdio: ['ignore', 'pipe', 'pipe'] });
  t.after(() => child.kill());
  let stdout = '';
  child.stdout.setEncoding('utf8').on('data', (text) => (stdout += text));
  const [shown] = await once(child.stderr.setEncoding('utf8'), 'data');
  assert.equal(shown, 'Compiling one\n');
  assert.equal(stdout, 'setup: building …\n');
  fs.writeFileSync(go, '');
  const [status] = await once(child, 'close');
  assert.equal(status, 0);
  assert.match(stdout, /^setup: building …\nsetup: done in \d+\.\d s\n$/);
});

/**
 * A folder whose lock file names two packages for every platform and one for another, and an npm that runs a script there.
 *
 * @param {import('node:test').TestContext} t
 * @param {string} script
 * @returns {import('node:child_process').ChildProcess} the step that installs
 */
function installing(t, script) {
  const place = folder(t);
  for (const name of ['install-packages', 'lock-file', 'root']) {
    const file = path.join('scripts', 'lib', `${name}.js`);
    fs.cpSync(path.join(root, file), path.join(place, file));
  }
  const packages = { '': {}, 'node_modules/a': {}, 'node_modules/b': {}, 'node_modules/other': { optional: true } };
  fs.writeFileSync(path.join(place, 'package-lock.json'), JSON.stringify({ packages }));
  const npm = path.join(place, 'npm');
  fs.writeFileSync(npm, `#!${process.execPath}\n${script}`, { mode: 0o755 });
  const child = spawn(process.execPath, [path.join('scripts', 'lib', 'install-packages.js'), '.'], {
    cwd: place,
    env: { ...process.env, PATH: place },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  t.after(() => child.kill());
  child.place = place;
  return child;
}

test('how many npm packages are there is shown as it goes on', { ...limit, skip }, async (t) => {
  const child = installing(
    t,
    `const { existsSync, mkdirSync, watch, writeFileSync } = require('node:fs');
    const unpack = (name) => {
      mkdirSync('node_modules/' + name, { recursive: true });
      writeFileSync('node_modules/' + name + '/package.json', '{}');
    };
    unpack('a');
    const end = () => {
      if (!existsSync('go')) return;
      unpack('b');
      process.exit();
    };
    watch('.', end);
    end();`,
  );
  let stdout = '';
  child.stdout.setEncoding('utf8').on('data', (text) => (stdout += text));
  await once(child.stdout, 'data');
  assert.equal(stdout, 'setup: 1 of 2 npm packages are there\n');
  fs.writeFileSync(path.join(child.place, 'go'), '');
  const [status] = await once(child, 'close');
  assert.equal(status, 0);
  assert.equal(stdout, 'setup: 1 of 2 npm packages are there\nsetup: 2 of 2 npm packages are there\n');
});

test('what npm printed is shown if it fails', { ...limit, skip }, async (t) => {
  const child = installing(t, "console.error('npm error code ENOTFOUND'); process.exitCode = 7;");
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text) => (stderr += text));
  const [status] = await once(child, 'close');
  assert.equal(status, 1);
  assert.equal(stderr, 'npm error code ENOTFOUND\nnpm install: exit status 7\n');
});
