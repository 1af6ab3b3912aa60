'use strict';

// The types as those get them who install the package: its tarball is linted, and consumers of it are
// compiled, by old and new compilers, with old and new types of Node.js, by each way to find modules.

const assert = require('node:assert/strict');
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { after, before, test } = require('node:test');

const root = path.resolve(__dirname, '..', '..');
const limit = { timeout: 300_000 };

/** A project of somebody who has installed the tarball. */
let project;
/** The tarballs, of the main package and of the one that is installed as `ws`. */
let tarballs;

/** @returns {string} what the command printed; an assertion fails where it does */
function succeed(command, args, cwd = root) {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd, encoding: 'utf8' });
  assert.equal(error, undefined);
  assert.equal(status, 0, `${stdout}${stderr}`);
  return stdout;
}

/** @returns {string} a program of a package that is installed here */
const program = (name, bin) =>
  path.join(root, 'node_modules', name, require(`../../node_modules/${name}/package.json`).bin[bin]);

before(() => {
  project = fs.mkdtempSync(path.join(os.tmpdir(), 'websockets-types-'));
  tarballs = Object.entries({ websockets: root, ws: path.join(root, 'npm', 'ws') }).map(([name, from]) => {
    const [packed] = JSON.parse(
      succeed('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', project], from),
    );
    const installed = path.join(project, 'node_modules', name);
    fs.mkdirSync(installed, { recursive: true });
    succeed('tar', ['-xzf', path.join(project, packed.filename), '--strip-components=1', '-C', installed]);
    return path.join(project, packed.filename);
  });
  fs.mkdirSync(path.join(project, 'node_modules', '@types'));
  for (const [from, to] of [
    ['consumer.cts', 'consumer.cts'],
    ['consumer.mts', 'consumer.mts'],
    ['consumer.mts', 'consumer.ts'],
    ['events.mts', 'events.mts'],
    ['ws.cts', 'ws.cts'],
    ['ws.mts', 'ws.mts'],
    ['ws.mts', 'ws-bundled.ts'],
  ]) {
    fs.copyFileSync(path.join(root, '__test__', 'docs', 'types', from), path.join(project, to));
  }
});

after(() => fs.rmSync(project, { recursive: true, force: true }));

test('publint has nothing to say of the tarballs', limit, () => {
  for (const tarball of tarballs)
    assert.match(succeed(process.execPath, [program('publint', 'publint'), tarball, '--strict']), /All good!/);
});

test('are the types wrong? They are not, whoever looks for them', limit, () => {
  for (const tarball of tarballs) succeed(process.execPath, [program('@arethetypeswrong/cli', 'attw'), tarball]);
});

/** Compiles files of the project, as a strict one does. */
function compile(compiler, files, args) {
  succeed(
    process.execPath,
    [
      program(compiler, 'tsc'),
      '--strict',
      '--noEmit',
      '--target',
      'es2022',
      '--lib',
      'es2022',
      '--types',
      'node',
      '--esModuleInterop',
      '--exactOptionalPropertyTypes',
      '--noUncheckedIndexedAccess',
      '--pretty',
      'false',
      ...args,
      ...files,
    ],
    project,
  );
}

/** A compiler, and the types of Node.js that go with it; `docs/types.test.js` has the new one with the old types. */
const PAIRS = {
  'TypeScript 5.0, with the types of Node.js 18': ['typescript-5.0', '@types/node'],
  'the newest TypeScript, with the newest types of Node.js': ['typescript', 'types-node-latest'],
};

/** Each way to find modules, with the consumers that can be written for it. */
const WAYS = {
  node16: { files: ['consumer.cts', 'consumer.mts', 'ws.cts', 'ws.mts'], args: ['--module', 'node16'] },
  nodenext: { files: ['consumer.cts', 'consumer.mts', 'ws.cts', 'ws.mts'], args: ['--module', 'nodenext'] },
  bundler: { files: ['consumer.ts', 'ws-bundled.ts'], args: ['--module', 'esnext', '--moduleResolution', 'bundler'] },
  node10: { files: ['consumer.cts', 'ws.cts'], args: ['--module', 'commonjs', '--moduleResolution', 'node10'] },
};

for (const [pair, [compiler, types]] of Object.entries(PAIRS)) {
  for (const [way, { files, args }] of Object.entries(WAYS)) {
    test(`${pair}, compiles what finds modules as ${way} does`, limit, () => {
      const link = path.join(project, 'node_modules', '@types', 'node');
      fs.rmSync(link, { force: true });
      fs.symlinkSync(path.join(root, 'node_modules', types), link);
      const deprecated = compiler === 'typescript' && way === 'node10' ? ['--ignoreDeprecations', '6.0'] : [];
      compile(compiler, files, [...args, ...deprecated]);
    });
  }
}

test('what is compiled by the types of websockets-as-ws compiles by @types/ws as well', limit, () => {
  const types = path.join(project, 'node_modules', '@types');
  for (const [name, from] of [
    ['node', 'types-node-latest'],
    ['ws', '@types/ws'],
  ]) {
    fs.rmSync(path.join(types, name), { force: true });
    fs.symlinkSync(path.join(root, 'node_modules', from), path.join(types, name));
  }
  const ours = path.join(project, 'node_modules', 'ws');
  fs.renameSync(ours, `${ours}-away`);
  try {
    compile('typescript', ['ws.cts', 'ws.mts'], [...WAYS.nodenext.args, '--preserveSymlinks', '--skipLibCheck']);
  } finally {
    fs.renameSync(`${ours}-away`, ours);
    fs.rmSync(path.join(types, 'ws'));
  }
});

test('with the newest types of Node.js, websockets/events has once and on infer', limit, () => {
  const link = path.join(project, 'node_modules', '@types', 'node');
  fs.rmSync(link, { force: true });
  fs.symlinkSync(path.join(root, 'node_modules', 'types-node-latest'), link);
  compile('typescript', ['events.mts'], WAYS.nodenext.args);
});
