'use strict';

// What SECURITY.md says of tests, options and defaults is so.

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const { Base } = require('../..');

const root = path.resolve(__dirname, '../..');
const read = (file) => fs.readFileSync(path.join(root, file), 'utf8');
const document = read('SECURITY.md');

/** @returns {string[][]} the cells of the rows of all tables under this heading */
function rows(title) {
  const from = document.indexOf(`\n${title}\n`);
  assert.ok(from >= 0, `no "${title}"`);
  const level = title.split(' ')[0];
  const rest = document.slice(from + title.length + 1);
  const end = rest.search(new RegExp(`\n#{1,${level.length}} `));
  const lines = (end < 0 ? rest : rest.slice(0, end)).split('\n').filter((line) => /^\| [^-]/.test(line));
  return lines
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    )
    .slice(1);
}

/** Where the file lies that a table names. */
const fileOf = (name) => (name.endsWith('.test.js') ? `__test__/${name}` : name);

test('each test that SECURITY.md names is there', () => {
  const named = rows('## What others had to publish').map(([what, , , tests]) => [
    what,
    [...tests.matchAll(/`([\w./-]+)`: "([^"]+)"/g)],
  ]);
  assert.ok(named.length > 20);
  for (const [what, tests] of named) {
    assert.ok(tests.length > 0, `no test for: ${what}`);
    for (const [, file, name] of tests) {
      const text = read(fileOf(file));
      assert.ok(text.includes(name) || text.includes(name.replaceAll("'", "\\'")), `${file} has no test "${name}"`);
    }
  }
});

test('each limit says where it is tested', () => {
  for (const title of ['### Options', '### Fixed ones']) {
    const all = rows(title);
    assert.ok(all.length > 10);
    for (const cells of all) {
      const [, file] = /^`([\w/-]+\.test\.js)`$/.exec(cells.at(-1)) ?? [];
      // As many connections as that no test can have.
      if (cells.at(-1) !== '' || !cells[0].startsWith('connections of one JavaScript thread'))
        assert.ok(fs.existsSync(path.join(root, fileOf(file))), cells[0]);
    }
  }
});

test('the options that are limits are all there, and their defaults are those of the API page', () => {
  const api = read('docs/api.md');
  const options = [
    ...api
      .slice(api.indexOf('### new Base'), api.indexOf('### Events'))
      .matchAll(/^\| `(\w+)` \| number(?:, [\w ]+)? \| `(\d+)`/gm),
  ];
  assert.ok(options.length >= 8);
  const listed = new Map(
    rows('### Options').map(([name, value]) => [name.replaceAll('`', ''), value.replaceAll(',', '')]),
  );
  for (const [, name, value] of options) {
    assert.match(listed.get(name) ?? 'missing', new RegExp(`^${value}\\b`), name);
    assert.ok(new Base({ [name]: Number(value) })); // it is an option, and that is allowed
  }
  const memoryLimit = /^\| `memoryLimit` \| number, bytes \| `(\d+)`/m.exec(api)[1];
  assert.equal(listed.get('perMessageDeflate.memoryLimit'), memoryLimit);
});

test('each code of an error that a limit has is one of the API page', () => {
  const api = read('docs/api.md');
  for (const [code] of document.matchAll(/\b(?:WS_ERR|ERR_WS)_\w+/g)) assert.ok(api.includes(`| \`${code}\` |`), code);
});
