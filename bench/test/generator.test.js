'use strict';

const assert = require('node:assert/strict');
const { spawnSync } = require('node:child_process');
const { cpSync, mkdtempSync, rmSync } = require('node:fs');
const { tmpdir } = require('node:os');
const path = require('node:path');
const { test } = require('node:test');

const root = path.resolve(__dirname, '..', '..');

test('without the generator the bench says so once, and stops', (t) => {
  const copy = mkdtempSync(path.join(tmpdir(), 'bench-'));
  t.after(() => rmSync(copy, { recursive: true }));
  for (const name of ['bench/bench.js', 'bench/lib', '__test__/support/certificate.js']) {
    cpSync(path.join(root, name), path.join(copy, name), { recursive: true });
  }
  const run = (...args) => spawnSync(process.execPath, ['bench/bench.js', ...args], { cwd: copy, encoding: 'utf8' });

  const { status, stdout, stderr } = run();
  assert.deepEqual({ status, stdout }, { status: 2, stdout: '' });
  assert.match(stderr, /^bench: the load generator is not built: .* bench\/generator\/Cargo\.toml"\n$/);
  assert.equal(run('--list').status, 0);
});
