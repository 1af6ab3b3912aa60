'use strict';

// What the documents point at is there: files and headings.

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const root = require('../../scripts/lib/root');
const slug = require('../../scripts/lib/slug');
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
      const anchor = slug(line.replace(/^#+ /, '').replace(/\[([^\]]*)\]\([^)]*\)/g, '$1'));
      const times = seen.get(anchor) ?? 0;
      seen.set(anchor, times + 1);
      return times === 0 ? anchor : `${anchor}-${times}`;
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
  assert.ok(documents.includes('README.md') && documents.includes('docs/api/README.md'));
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

test('each file or folder of the code that the documents name is there', options, () => {
  const known = projectFiles();
  const isThere = (name) => known.includes(name) || known.some((file) => file.startsWith(`${name}/`));
  const missing = [];
  let count = 0;
  for (const document of known.filter((name) => name.startsWith('docs/') && name.endsWith('.md'))) {
    for (const [, name] of read(document).matchAll(
      /`((?:lib|src|scripts|tests|__test__|examples|bench)\/[\w./-]*\w)\/?`/g,
    )) {
      count += 1;
      if (!isThere(name)) missing.push(`${document}: ${name}`);
    }
  }
  assert.ok(count > 100, 'the names are found');
  assert.deepEqual(missing, []);
});

/** The documents of a folder, but for its index. */
const pagesOf = (folder) =>
  projectFiles().filter((name) => name.startsWith(`${folder}/`) && name.endsWith('.md') && !name.endsWith('README.md'));

test('the index of a folder names each of its pages', options, () => {
  for (const folder of ['docs/api', 'docs/decisions']) {
    const index = new Set(targets(read(`${folder}/README.md`)).map((target) => `${folder}/${target.split('#')[0]}`));
    const pages = pagesOf(folder);
    assert.ok(pages.length > 10);
    assert.deepEqual(
      pages.filter((page) => !index.has(page)),
      [],
    );
  }
});

test('the contents of a long API page name each of its sections', options, () => {
  const long = pagesOf('docs/api').filter((page) => prose(read(page)).filter((line) => /^## /.test(line)).length > 3);
  assert.ok(long.length > 5);
  for (const page of long) {
    const text = read(page);
    const contents = new Set(targets(text.slice(0, text.indexOf('\n## '))));
    const sections = [
      ...anchors(
        prose(text)
          .filter((line) => /^## /.test(line))
          .join('\n'),
      ),
    ];
    assert.deepEqual(
      sections.filter((anchor) => !contents.has(`#${anchor}`)),
      [],
      page,
    );
  }
});
