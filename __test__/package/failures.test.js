'use strict';

const assert = require('node:assert/strict');
const { execFile } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { test } = require('node:test');
const failures = require('../../scripts/lib/failures');

/** @returns {Promise<string>} what `node --test` prints of a file with this text */
async function tested(t, text) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'failures-'));
  t.after(() => fs.rmSync(folder, { recursive: true }));
  const file = path.join(folder, 'some.test.js');
  fs.writeFileSync(file, `const { test } = require('node:test');\n${text}`);
  const env = { ...process.env };
  delete env.NODE_TEST_CONTEXT; // or the runner takes itself for a test of this one
  return new Promise((resolve) => {
    execFile(process.execPath, ['--test', '--test-reporter=spec', file], { env }, (_error, stdout) => resolve(stdout));
  });
}

test('each failed test is named, with its place and its error', async (t) => {
  const output = await tested(
    t,
    `test('right', () => {});
test('wrong', () => { throw new Error('what it was'); });
test('outer', (t) => t.test('inner', { timeout: 1 }, () => new Promise((resolve) => setTimeout(resolve, 100))));`,
  );
  const [wrong, inner, ...others] = failures(output);
  assert.match(wrong, /some\.test\.js:3:1 wrong: .*what it was/);
  assert.match(inner, /some\.test\.js:4:\d+ inner: .*timed out after 1ms/);
  // Node.js names the test around it as well.
  assert.ok(others.length <= 1, others.join('\n'));
});

test('so are those of Cargo', () => {
  const output = 'test engine::a ... ok\ntest engine::b ... FAILED\n\nfailures:\n    engine::b\n';
  assert.deepEqual(failures(output), ['engine::b']);
});

test('of a check that names none its last lines are kept, and of many the first', () => {
  assert.deepEqual(failures('1\n2\n3\n4\n'), ['2', '3', '4']);
  const many = Array.from({ length: 25 }, (_, i) => `test t${i} ... FAILED\n`).join('');
  assert.deepEqual(failures(many).slice(-2), ['t19', 'and 5 more']);
});
