'use strict';

// What the documents point at is there: files and headings.

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const root = require('../../scripts/lib/root');
const { NO_GIT, projectFiles } = require('../support/project-files');

const options = { skip: projectFiles().length === 0 && NO_GIT };
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
  const known = new Set(projectFiles());
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
