'use strict';

// What the documents point at is there: files, headings, and each file of the map in CONTRIBUTING.md.

const assert = require('node:assert/strict');
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');

const root = path.resolve(__dirname, '../..');
/** @returns {string[]} the project's files below these folders, those that Git would have included */
function files(...folders) {
  const list = ['ls-files', '-z', '--cached', '--others', '--exclude-standard', '--', ...folders];
  const { status, stdout } = spawnSync('git', list, { cwd: root, encoding: 'utf8' });
  return status === 0 ? stdout.split('\0').filter((name) => name !== '' && fs.existsSync(path.join(root, name))) : [];
}
const options = { skip: files('README.md').length === 0 && 'Git does not say which files the project has' };
const read = (name) => fs.readFileSync(path.join(root, name), 'utf8').replaceAll('\r\n', '\n');

/** The lines of a document that are no code. */
function prose(text) {
  let fence;
  return text.split('\n').filter((line) => {
    const [, mark] = /^\s*(```+|~~~+)/.exec(line) ?? [];
    if (fence === undefined && mark === undefined) return true;
    if (fence === undefined) fence = mark;
    else if (mark?.startsWith(fence)) fence = undefined;
    return false;
  });
}

/** The anchors that a page of GitHub has for the headings of a document. */
function anchors(text) {
  const seen = new Map();
  const headings = prose(text).filter((line) => /^#{1,6} /.test(line));
  return new Set(
    headings.map((line) => {
      const shown = line
        .replace(/^#+ /, '')
        .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
        .trim()
        .toLowerCase();
      const slug = shown.replace(/[^\p{L}\p{N}\p{M}_ -]/gu, '').replaceAll(' ', '-');
      const times = seen.get(slug) ?? 0;
      seen.set(slug, times + 1);
      return times === 0 ? slug : `${slug}-${times}`;
    }),
  );
}

/** What the links of a document point at, but for other sites. */
function targets(text) {
  const outsideCode = prose(text)
    .join('\n')
    .replace(/(`+)[^`]*?\1/g, '');
  const links = [
    ...outsideCode.matchAll(/\]\(\s*<?([^)\s>]+)>?(?:\s+"[^"]*")?\s*\)/g),
    ...outsideCode.matchAll(/^\[[^\]]+\]:\s+(\S+)/gm),
  ];
  return links.map(([, target]) => target).filter((target) => !/^[a-z][a-z\d+.-]*:/i.test(target));
}

test('each link of a document leads to a file of the project, and to a heading of it', options, () => {
  const known = new Set(files());
  const exists = (file) => file === '' || known.has(file) || [...known].some((name) => name.startsWith(`${file}/`));
  const documents = [...known].filter((name) => name.endsWith('.md'));
  assert.ok(documents.includes('README.md') && documents.includes('docs/api.md'));
  const broken = [];
  let count = 0;
  for (const name of documents) {
    for (const target of targets(read(name))) {
      count += 1;
      const [file, anchor] = target.split('#');
      const to =
        file === ''
          ? name
          : path.posix.normalize(path.posix.join(path.posix.dirname(name), decodeURI(file))).replace(/\/$/, '');
      if (!exists(to)) broken.push(`${name}: ${target}`);
      else if (anchor !== undefined && !(to.endsWith('.md') && anchors(read(to)).has(anchor)))
        broken.push(`${name}: ${target}`);
    }
  }
  assert.ok(count > 100, 'the links are found');
  assert.deepEqual(broken, []);
});

test('the contents of the API page name each of its sections', () => {
  const api = read('docs/api.md');
  const contents = new Set(targets(api.slice(0, api.indexOf('\n## '))));
  const sections = [
    ...anchors(
      prose(api)
        .filter((line) => /^## /.test(line))
        .join('\n'),
    ),
  ];
  assert.ok(sections.length > 10);
  assert.deepEqual(
    sections.filter((anchor) => !contents.has(`#${anchor}`)),
    [],
  );
});

test('the map in CONTRIBUTING.md has each file once', options, () => {
  const text = read('CONTRIBUTING.md');
  const map = text.slice(text.indexOf('## The map of the code'), text.indexOf('## Tests'));
  const wrong = [];
  for (const folder of ['src/protocol', 'src/engine', 'src/binding', 'lib', 'lib/cli', 'scripts', 'scripts/lib']) {
    const sections = map.split('\n### ').filter((section) => new RegExp(`^\`${folder}\`[:,]`).test(section));
    const cells = sections.flatMap((section) => [...section.matchAll(/^\| (`[^|]+) \|/gm)]).map(([, cell]) => cell);
    const listed = cells.flatMap((cell) => [...cell.matchAll(/`([\w.-]+\.\w+)`/g)].map(([, name]) => name)).sort();
    const names = files(folder)
      .filter((name) => path.posix.dirname(name) === folder && path.posix.basename(name) !== 'mod.rs')
      .map((name) => path.posix.basename(name))
      .sort();
    assert.ok(names.length > 0, folder);
    wrong.push(...names.filter((name) => !listed.includes(name)).map((name) => `${folder}/${name} is missing`));
    wrong.push(...listed.filter((name) => !names.includes(name)).map((name) => `${folder}/${name} is not there`));
    wrong.push(
      ...listed
        .filter((name, index) => listed.indexOf(name) !== index)
        .map((name) => `${folder}/${name} stands there twice`),
    );
  }
  assert.deepEqual(wrong, []);
});
