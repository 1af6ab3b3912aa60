'use strict';

const assert = require('node:assert/strict');
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');

const root = path.resolve(__dirname, '../..');
const read = (file) => fs.readFileSync(path.join(root, file), 'utf8');

/** @returns {string} all files of a folder with this ending, however deep, one behind the other */
function sources(folder, ending) {
  const entries = fs.readdirSync(path.join(root, folder), { withFileTypes: true });
  return entries
    .map((entry) => {
      const file = `${folder}/${entry.name}`;
      if (entry.isDirectory()) return sources(file, ending);
      return entry.name.endsWith(ending) ? read(file) : '';
    })
    .join('');
}

/** Compiles the files of types/ as a strict project would that has Node's types and nothing else. */
function compile(files, ...more) {
  const args = [
    require.resolve('typescript/bin/tsc'),
    '--strict',
    '--noEmit',
    '--module',
    'nodenext',
    '--target',
    'es2022',
    '--lib',
    'es2022',
    '--types',
    'node',
    '--ignoreConfig',
    '--pretty',
    'false',
    ...more,
    ...files.map((file) => path.join('__test__', 'docs', 'types', file)),
  ];
  const { status, stdout, stderr, error } = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8' });
  assert.equal(error, undefined);
  return { status, output: stdout + stderr };
}

test('index.d.ts compiles for CommonJS and for ES modules, and refuses what it should', { timeout: 120_000 }, () => {
  const more = ['--exactOptionalPropertyTypes', '--noUncheckedIndexedAccess', '--noImplicitOverride'];
  assert.deepEqual(compile(['consumer.cts', 'consumer.mts'], ...more), { status: 0, output: '' });
});

test('and for CommonJS without esModuleInterop', { timeout: 120_000 }, () => {
  const more = ['--esModuleInterop', 'false', '--ignoreDeprecations', '6.0'];
  assert.deepEqual(compile(['consumer.cts'], ...more), { status: 0, output: '' });
});

test('the backplanes take the clients that they are for', { timeout: 120_000 }, () => {
  assert.deepEqual(compile(['clients.mts'], '--skipLibCheck'), { status: 0, output: '' });
});

test('index.d.ts declares no type twice: TypeScript would merge the two', () => {
  const names = [...read('index.d.ts').matchAll(/^export (?:interface|type) (\w+)/gm)].map(([, name]) => name);
  assert.deepEqual(
    names.filter((name, at) => names.indexOf(name) < at),
    [],
  );
});

test('index.d.ts declares as values what index.js exports, and nothing else', () => {
  const names = [...read('index.d.ts').matchAll(/^export (?:declare )?(?:const|class|function) (\w+)/gm)].map(
    ([, name]) => name,
  );
  assert.deepEqual([...new Set(names)].sort(), Object.keys(require('../..')).sort());
});

/** @returns {string[]} each match of `pattern` once, in order */
const all = (text, pattern) => [...new Set([...text.matchAll(pattern)].map(([, found]) => found))].sort();

/** What stands between two lines of a document. */
function section(text, from, to) {
  const start = text.indexOf(from);
  assert.ok(start >= 0, `no "${from}"`);
  return text.slice(start, text.indexOf(to, start + from.length));
}

test('the codes of emitted errors are the same in the code, the types and the document', () => {
  const code = all(sources('src/protocol', '.rs') + sources('src/engine', '.rs'), /"(WS_ERR_\w+)"/g);
  assert.ok(code.length > 10);
  const types = section(read('index.d.ts'), 'type WebSocketErrorCode', ';');
  assert.deepEqual(all(types, /'(WS_ERR_\w+)'/g), code);
  assert.deepEqual(all(section(read('docs/api/errors.md'), '## Emitted', '## Thrown'), /`(WS_ERR_\w+)`/g), code);
});

test('so are the codes of what is wrong with a frame, and there are no others', () => {
  const types = section(read('index.d.ts'), 'type FrameErrorCode', ';');
  const documented = all(section(read('docs/api/frame.md'), '\n## Codes of a frame', '\n## '), /^\| `(WS_ERR_\w+)`/gm);
  assert.deepEqual(all(types, /'(WS_ERR_\w+)'/g), documented);
  const own = all(read('lib/extensions/frame.js'), /'(WS_ERR_\w+)'/g);
  assert.deepEqual(
    own.filter((code) => !documented.includes(code)),
    [],
  );

  const rust = sources('src/protocol', '.rs') + sources('src/engine', '.rs');
  const everywhere = all(rust + sources('lib', '.js'), /['"](WS_ERR_\w+)['"]/g);
  assert.deepEqual(all(read('index.d.ts'), /'(WS_ERR_\w+)'/g), everywhere);
});

test('so are the codes of thrown errors, and of opening handshakes', () => {
  const code = all(
    sources('lib', '.js') + sources('src/binding', '.rs'),
    /(?<!c)['"](ERR_(?!INTERNAL)\w+|E[A-Z]{4,7})['"]/g,
  );
  // A TLS handshake fails with the codes of Node.js and OpenSSL.
  const secure = ['ERR_MULTIPLE_CALLBACK', 'ERR_TLS_HANDSHAKE_TIMEOUT'];
  const table = read('docs/api/secure.md');
  for (const one of secure) assert.ok(table.includes(`\`${one}\``), one);
  const documented = ['## Thrown', '## Of opening handshakes'].map((title) =>
    all(section(read('docs/api/errors.md'), title, '\n##'), /^\| `(\w+)`/gm),
  );
  const types = ['ThrownErrorCode', 'HandshakeErrorCode'].map((name) =>
    all(section(read('index.d.ts'), `type ${name}`, ';'), /'(\w+)'/g),
  );
  assert.deepEqual(types, documented);
  assert.deepEqual([...new Set([...types.flat(), ...secure])].sort(), code);
});

test('the close codes of emitted errors are those of the document', () => {
  const rust = sources('src/protocol', '.rs');
  const codes = new Map([...rust.matchAll(/^pub const (\w+): u16 = (\d{4});/gm)].map(([, name, code]) => [name, code]));
  const rows = [...rust.matchAll(/\(([A-Z_]+), "(WS_ERR_\w+)"\)/g)].map(
    ([, close, code]) => `${code} ${codes.get(close)}`,
  );
  const table = section(read('docs/api/errors.md'), '## Emitted', '## Thrown');
  const documented = [...table.matchAll(/^\| `(WS_ERR_\w+)` \| (\d{4}) /gm)].map(
    ([, code, close]) => `${code} ${close}`,
  );
  assert.deepEqual(
    documented.filter((row) => !row.startsWith('WS_ERR_BACKPRESSURE')).sort(),
    [...new Set(rows)].sort(),
  );
});
