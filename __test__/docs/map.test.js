'use strict';

// The map in CONTRIBUTING.md has each folder, and each test file belongs to a gate.

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const gates = require('../../scripts/lib/gates');
const root = require('../../scripts/lib/root');
const { NO_GIT, projectFiles } = require('../support/project-files');

const options = { skip: projectFiles().length === 0 && NO_GIT };

test('the map in CONTRIBUTING.md has each folder once', options, () => {
  const text = fs.readFileSync(path.join(root, 'CONTRIBUTING.md'), 'utf8').replaceAll('\r\n', '\n');
  const map = text.slice(text.indexOf('## The map of the code'), text.indexOf('\nBeside them:'));
  const listed = [...map.matchAll(/^\| `([\w/-]+)` \| [^|]+ \|$/gm)].map(([, folder]) => folder);
  const folders = new Set(projectFiles('lib', 'src', 'scripts', '__test__').map((name) => path.posix.dirname(name)));
  assert.ok(folders.size > 30);
  assert.deepEqual(listed.sort(), [...folders].sort());
});

test('each test file is run by a gate', options, () => {
  const files = projectFiles('__test__').filter((name) => name.endsWith('.test.js'));
  const run = new Set(
    Object.values(gates).flatMap(({ commands }) => commands.flatMap((command) => command.split(' '))),
  );
  assert.ok(files.length > 80);
  assert.deepEqual(
    files.filter((name) => !run.has(name)),
    [],
  );
});
