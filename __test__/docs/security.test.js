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
  const promises = rows('## What is promised');
  const published = rows('## What others had to publish');
  assert.ok(promises.length >= 7 && published.length > 20);
  const named = [...promises, ...published].map((cells) => [
    cells[0],
    [...cells.at(-1).matchAll(/`([\w./-]+)`: "([^"]+)"/g)],
  ]);
  for (const [what, tests] of named) {
    assert.ok(tests.length > 0, `no test for: ${what}`);
    for (const [, file, name] of tests) {
      const text = read(fileOf(file));
      assert.ok(text.includes(name) || text.includes(name.replaceAll("'", "\\'")), `${file} has no test "${name}"`);
    }
  }
});

test('each limit says where it is tested', () => {
  for (const title of ['### Options', '### Fixed ones', '### Queues']) {
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

test('each bound on memory says where it is tested', () => {
  const bounds = rows('## What memory a peer can make the process hold').filter(([what]) => !what.startsWith('for '));
  assert.ok(bounds.length > 10);
  for (const cells of bounds) {
    const files = [...cells.at(-1).matchAll(/`([\w./-]+)`/g)].map(([, file]) => file);
    assert.ok(files.length > 0, cells[0]);
    for (const file of files) {
      const place = file.startsWith('src/') ? file : `__test__/${file}`;
      assert.ok(fs.existsSync(path.join(root, place)), file);
    }
  }
});

/** Lists that only the app makes grow, or what comes with the process. */
const NO_QUEUES = new Set([
  'lib/backplane/conformance.js messages',
  'lib/backplane/conformance.js states',
  'lib/base/addressed.js warned',
  'lib/cli/pings.js sent',
  'lib/client/client.js NOBODY',
  'lib/client/client.js links',
  'lib/cli/session.js timers',
  'lib/cli/top/displays.js history',
  'lib/options/names.js warned',
  'lib/server/secure/secure-server.js names',
  'src/binding/sockets/table.rs contexts',
  'src/engine/tls/context.rs alpn',
  'src/engine/tls/trust.rs names',
  'lib/transport/stream/dispatch.js running',
  'lib/transport/stream/hang-up.js watched',
  'lib/util/fifo.js items',
  'src/engine/handle.rs of',
  'src/engine/write_side/securing.rs records',
]);

/** @returns {string[]} the files of a folder with this ending, tests left out */
function sources(folder, ending) {
  const files = fs.readdirSync(path.join(root, folder), { recursive: true }).map((file) => `${folder}/${file}`);
  return files.filter((file) => file.endsWith(ending) && !/by_hand|\/loom\//.test(file));
}

test('every queue in the code is in the table of queues', () => {
  const listed = new Set();
  for (const [, where] of rows('### Queues')) {
    for (const [, file, names] of where.matchAll(/`([\w./-]+)`: ((?:`\w+`(?:, (?=`\w+`(?!:)))?)+)/g)) {
      for (const [, name] of names.matchAll(/`(\w+)`/g)) listed.add(`${file} ${name}`);
    }
  }
  const found = [];
  const look = (file, code, pattern) => {
    for (const [, name] of code.matchAll(pattern)) found.push(`${file} ${name}`);
  };
  for (const file of sources('src', '.rs')) {
    const [code] = read(file).split('#[cfg(test)]\nmod tests');
    look(file, code, /^ {4}(?:pub(?:\([\w: ]+\))? )?(\w+): [^;=()&\n]*\b(?:Vec|VecDeque|BinaryHeap|Slab|HashMap)</gm);
    look(file, code, /^(?:pub )?struct (\w+)\([^;]*\bVec<Vec</gm);
  }
  for (const file of sources('lib', '.js')) {
    look(file, read(file), /^(?: {2}#?|const )(\w+) = (?:new (?:Fifo|Map|Set)\(\)|\[\]);/gm);
    look(file, read(file), /\.#?(\w+) (?:\?\?)?= new (?:Fifo|PackedFrames)\(/g);
  }
  assert.ok(found.length > 40, `${found.length} were found`);
  assert.deepEqual(
    found.filter((queue) => !listed.has(queue) && !NO_QUEUES.has(queue)),
    [],
  );
  const isThere = new Set(found);
  assert.deepEqual(
    [...listed, ...NO_QUEUES].filter((queue) => !isThere.has(queue)),
    [],
    'what is named is there',
  );
});

test('the options that are limits are all there, and their defaults are those of the API page', () => {
  const api = read('docs/api/base.md');
  const options = [
    ...api
      .slice(api.indexOf('\n## new Base'), api.indexOf('\n## Events'))
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
  const memoryLimit = /^\| `memoryLimit` \| number, bytes \| `(\d+)`/m.exec(read('docs/api/permessage-deflate.md'))[1];
  assert.equal(listed.get('perMessageDeflate.memoryLimit'), memoryLimit);
});

test('each code of an error that a limit has is in the tables of errors', () => {
  const api = read('docs/api/errors.md');
  for (const [code] of document.matchAll(/\b(?:WS_ERR|ERR_WS)_\w+/g)) assert.ok(api.includes(`| \`${code}\` |`), code);
});
