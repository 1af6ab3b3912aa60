'use strict';

// The gate of prose finds what it is there for.

const assert = require('node:assert/strict');
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { test: always } = require('node:test');
const { ratesOf } = require('../../scripts/lib/prose/rates');
const root = require('../../scripts/lib/root');

// The gates need the Node.js of the build.
const skip =
  Number(process.versions.node.split('.')[0]) < 20 || process.versions.bun !== undefined || 'Deno' in globalThis;
const test = (name, run) => always(name, { skip: skip && 'the gates run in Node.js 20 or newer' }, run);

/** What the gate says of a file of this name. */
function read(t, name, text) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'websockets-prose-'));
  t.after(() => fs.rmSync(folder, { recursive: true }));
  fs.writeFileSync(path.join(folder, name), text);
  const file = path.relative(root, path.join(folder, name));
  const args = ['scripts/check/prose.js', file];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8' });
  assert.equal(stderr, '');
  return {
    status,
    found: stdout
      .trimEnd()
      .split('\n')
      .map((line) => line.replace(`${file}:`, '')),
  };
}

test('it finds words, long sentences and heaps of passive verbs, each on its line', (t) => {
  const long = `It ${'goes on and '.repeat(30)}ends.`;
  const { status, found } = read(
    t,
    'page.md',
    `# Page\n\nIt is read anew.\n\n${long}\n\nWhat is sent is written when it is read and was copied.\n\nA proxy is behind nginx.\n`,
  );
  assert.equal(status, 1);
  assert.match(
    found.join('\n'),
    /^3: words: .*anew.*\n5: sentence-length: .*\n7: passive-heap: .*\n0 passed, 1 failed$/,
  );
});

test('it leaves code, links and quoted names alone', (t) => {
  const text = 'Call `anew()`, [see](https://told.example/behind).\n\n```js\n// told anew\n```\n';
  assert.deepEqual(read(t, 'page.md', text), { status: 0, found: ['1 passed, 0 failed'] });
});

test('of code it reads doc comments and messages, and nothing else', (t) => {
  const javascript = `// told
const anew = 'behind';
/**
 * Does it.
 *
 * @param {{ told: string }} told whom it is about
 * @returns {Promise<{
 *   behind: string }>} the rest
 */
throw new Error(told ? \`\${anew} was told: \${told} is in
  the place of another\` : 'nobody was told, ' + 'in their place');
`;
  assert.deepEqual(
    read(t, 'file.js', javascript)
      .found.slice(0, -1)
      .map((line) => line.slice(0, 9)),
    ['6: words:', '10: words', '10: words'],
  );
  const rust = '// told\n/// Reads it anew.\nfn anew() {}\n//! Told.\n';
  assert.deepEqual(
    read(t, 'file.rs', rust)
      .found.slice(0, -1)
      .map((line) => line.slice(0, 8)),
    ['2: words', '4: words'],
  );
});

test('a comment as Markdown has its lines where they are in the file', () => {
  // It loads TypeScript, which the gates alone need.
  const { markdownOf } = require('../../scripts/lib/prose/comments');
  const text = `/** One line. @returns {string} what */
let a;

/**
 * Two
 * lines, see {@link Base}.
 *
 * @param {{ a: { b: number } }} [c=1] the third
 * @throws {TypeError} always
 */`;
  assert.deepEqual(markdownOf('file.js', text).split('\n'), [
    ' One line.',
    '',
    '',
    '',
    'Two',
    'lines, see `Base`.',
    '',
    '- the third',
    '- always',
    '',
  ]);
  assert.equal(markdownOf('page.md', 'as it is\r\n'), 'as it is\n');
});

test('rates are of words outside of code, and forms of you count', () => {
  const text = `If you have your own, ${'word '.repeat(994)}\n\`\`\`\nif you\n\`\`\`\n\`when\``;
  const rates = Object.fromEntries(ratesOf([text]).map(({ word, rate, isFine }) => [word, [Math.round(rate), isFine]]));
  assert.deepEqual(rates, { if: [1, false], when: [0, false], you: [2, false], where: [0, true] });
});
