'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const { Project, published } = require('./support/project');
const { thisPlatform } = require('../../lib/native/platform');

const root = path.resolve(__dirname, '..', '..');

test('where there is no binary, npm run build makes one out of the published package', {
  timeout: 540_000,
}, async (t) => {
  const project = new Project(t);
  const [, main] = published();
  await project.install([`websockets@file:${main.file}`]);
  project.write('echo.cjs', fs.readFileSync(path.join(__dirname, 'consumers', 'echo.cjs')));
  assert.match((await project.node('echo.cjs')).stderr, /ERR_WS_NO_BINARY/);

  // Whether it builds is the question, not how fast it is. The dependencies are kept for the next time.
  const built = await project.npm(['run', 'build', '--prefix', project.installed('websockets')], {
    CARGO_TARGET_DIR: path.join(root, 'target', 'package'),
    CARGO_PROFILE_RELEASE_LTO: 'off',
    CARGO_PROFILE_RELEASE_OPT_LEVEL: '0',
    CARGO_PROFILE_RELEASE_CODEGEN_UNITS: '16',
  });
  assert.equal(built.status, 0, built.stdout + built.stderr);
  assert.ok(
    built.stdout.includes(`built ${project.installed('websockets', `websockets.${thisPlatform().name}.node`)}`),
    built.stdout,
  );
  const { stdout, stderr: said } = await project.node('echo.cjs');
  assert.match(stdout, /^required (socket|stream)\n$/, said);
});
