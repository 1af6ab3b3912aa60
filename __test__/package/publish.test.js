'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const { Project, execute, folder } = require('./support/project');
const { registry } = require('./support/registry');
const { packAll } = require('../../scripts/lib/package/pack');
const {
  aliasName,
  aliasVersion,
  platformName,
  platforms,
  publishedName,
} = require('../../scripts/lib/package/versions');
const { version } = require('../../package.json');

const root = path.resolve(__dirname, '..', '..');

test('a release publishes what is not there yet, each package after those that it asks for', {
  timeout: 540_000,
}, async (t) => {
  const binaries = folder(t);
  for (const name of platforms()) fs.writeFileSync(path.join(binaries, `websockets.${name}.node`), name);
  const out = folder(t);
  const packed = packAll({ out, binaries, platforms: platforms() });
  assert.deepEqual(
    packed.map(({ name }) => name),
    [...platforms().map(platformName), publishedName(), aliasName()],
  );

  const there = platformName('darwin-x64');
  const { url } = await registry(t, [], (name) => name === there);
  const project = new Project(t);
  const { status, stdout, stderr } = await execute(
    project.folder,
    [process.execPath, path.join(root, 'scripts', 'publish.js'), '--dry-run', out],
    {
      ...project.npmSettings,
      npm_config_registry: url,
    },
  );
  assert.equal(status, 0, stdout + stderr);
  const said = stdout.split('\n').filter((line) => /is there already|would be published/.test(line));
  const expected = packed.map(({ name }) => {
    const what = `${name}@${name === aliasName() ? aliasVersion(version) : version}`;
    return `${what} ${name === there ? 'is there already' : 'would be published'}`;
  });
  assert.deepEqual(said, expected);
  assert.match(stderr, /tag latest and public access/i);
});
