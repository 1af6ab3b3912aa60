'use strict';

// The blocks of code in README.md and the guides. A test takes those that it runs, and what no test has taken is found.

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');

const root = path.resolve(__dirname, '..', '..', '..');
/** What can be run or read by a program: all but sessions at a terminal and differences. */
const LANGUAGES = ['dockerfile', 'html', 'js', 'json', 'nginx', 'sh', 'yaml'];

/** @param {...string} names @returns {string} */
const read = (...names) => fs.readFileSync(path.join(root, ...names), 'utf8').replaceAll('\r\n', '\n');

/**
 * @param {string} file
 * @returns {{ id: string, heading: string, language: string, code: string }[]} its blocks in order; `id` says where each is
 */
function blocksOf(file) {
  const blocks = [];
  let heading = '';
  const text = read(file);
  for (const match of text.matchAll(/^#+ (.+)$|^```(\w*)\n([\s\S]*?)^```$/gm)) {
    const [, title, language, code] = match;
    if (title !== undefined) heading = title;
    else blocks.push({ id: `${file}:${text.slice(0, match.index).split('\n').length}`, heading, language, code });
  }
  return blocks;
}

const FILES = ['README.md', ...fs.readdirSync(path.join(root, 'docs', 'guide')).map((name) => `docs/guide/${name}`)];
const all = new Map(FILES.map((file) => [file, blocksOf(file)]));
const taken = new Set();

/**
 * The blocks under a heading, which count as run from now on.
 *
 * @param {string} file `README.md`, or the name of a guide
 * @param {string} heading without its hashes; the title of the document for what stands before all others
 * @param {string} [language]
 * @returns {string[]}
 */
function take(file, heading, language = 'js') {
  const blocks = all.get(file === 'README.md' ? file : `docs/guide/${file}.md`);
  const found = blocks.filter((block) => block.heading === heading && block.language === language);
  assert.ok(found.length > 0, `${file} has no ${language} under "${heading}"`);
  for (const { id } of found) taken.add(id);
  return found.map(({ code }) => code);
}

/** @returns {string[]} where those blocks are that no test has taken */
const left = () =>
  [...all.values()]
    .flat()
    .filter(({ id, language }) => LANGUAGES.includes(language) && !taken.has(id))
    .map(({ id }) => id);

/**
 * @param {string} code of a block
 * @param {...string} files whose code it quotes
 * @returns {string[]} its lines that none of them has
 */
function unquoted(code, ...files) {
  const lines = (text) => text.split('\n').map((line) => line.trim());
  const have = new Set(files.flatMap((file) => lines(read('examples', file))));
  return lines(code).filter((line) => line !== '' && !have.has(line));
}

module.exports = { left, read, root, take, unquoted };
