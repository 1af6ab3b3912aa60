'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');

const { PLATFORMS } = require('../../lib/native/load-error');
const root = require('../../scripts/lib/root');

/** The folders of `lib/`, highest first: a file imports from its own folder and from those below, never from above. */
const LAYERS = [
  'cli',
  'engine-io',
  'ws',
  'monitor',
  'opentelemetry',
  'server',
  'client',
  'base',
  'transport',
  'connection',
  'backplane',
  'handshake',
  'extensions',
  'options',
  'native',
  'util',
];

/** What lies outside `lib/` and may be imported, and by which folder. */
const OUTSIDE = {
  'backplane-test.d.ts': 'backplane',
  'engine.io.d.ts': 'engine-io',
  'index.d.ts': null,
  'index.js': 'cli',
  'monitor.d.ts': null,
  'opentelemetry.d.ts': 'opentelemetry',
  'package.json': null,
  // The binaries.
  ...Object.fromEntries(PLATFORMS.map((name) => [`websockets.${name}.node`, 'native'])),
};

/** @returns {string[]} all files below a folder, relative to the checkout */
function filesOf(folder) {
  return fs.readdirSync(path.join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const file = `${folder}/${entry.name}`;
    return entry.isDirectory() ? filesOf(file) : [file];
  });
}

/** @returns {string[]} the files that a file imports, types included: what JSDoc imports counts as well */
function importsOf(file) {
  const text = fs.readFileSync(path.join(root, file), 'utf8');
  const found = [...text.matchAll(/(?:require|import)\(\s*'(\.[^']+)'\s*\)|from\s+'(\.[^']+)'/g)];
  return found.map(([, called, from]) => {
    const target = path.posix.join(path.posix.dirname(file), called ?? from);
    const file_ = [target, `${target}.d.ts`, `${target}.js`].find((one) => isFile(one));
    // What is made by the build may not be there.
    return file_ ?? target;
  });
}

function isFile(file) {
  return fs.statSync(path.join(root, file), { throwIfNoEntry: false })?.isFile() ?? false;
}

const files = filesOf('lib').filter((file) => /\.(js|ts)$/.test(file));
const graph = new Map(files.map((file) => [file, [...new Set(importsOf(file))].filter((one) => one !== file)]));
const layerOf = (file) => file.split('/')[1];

test('each file of lib/ lies in a folder that has a layer', () => {
  const folders = [...new Set(files.map(layerOf))].sort();
  assert.deepEqual(folders, [...LAYERS].sort());
});

test('a file of lib/ imports from its own layer, or from one below', () => {
  const upward = [];
  for (const [file, imports] of graph) {
    for (const target of imports) {
      const isInside = target.startsWith('lib/');
      const allowed = isInside
        ? LAYERS.indexOf(layerOf(file)) <= LAYERS.indexOf(layerOf(target))
        : Object.hasOwn(OUTSIDE, target) && [null, layerOf(file)].includes(OUTSIDE[target]);
      if (!allowed) upward.push(`${file} → ${target}`);
    }
  }
  assert.deepEqual(upward, []);
});

test('no files of lib/ import each other in a circle', () => {
  const done = new Set();
  const circles = [];
  const visit = (file, way) => {
    if (way.includes(file)) {
      circles.push([...way.slice(way.indexOf(file)), file].join(' → '));
    } else if (!done.has(file)) {
      for (const target of graph.get(file) ?? []) visit(target, [...way, file]);
      done.add(file);
    }
  };
  for (const file of files) visit(file, []);
  assert.deepEqual(circles, []);
});

/** What a test's fake clock replaces: from the globals and `process`, and from what Node.js exports. */
const FAKED =
  /(?<![.\w])((?:set|clear)(?:Timeout|Interval|Immediate)|queueMicrotask|Date|performance|nextTick|hrtime)\b(?=[(.])|process\.(?:nextTick|hrtime)|globalThis|node:(?:timers|perf_hooks)/g;

/** @returns {string[]} the names of it that a file uses and has not from the clock */
function fakedIn(text) {
  const code = text.replace(/^\s*(?:\/?\*|\/\/).*$/gm, '');
  const [, names = ''] = /const \{([^}]*)\} = require\('[^']*\/clock\.js'\);/.exec(code) ?? [];
  const own = names.split(',').map((name) => name.trim());
  return [...code.matchAll(FAKED)].map(([whole, name]) => name ?? whole).filter((name) => !own.includes(name));
}

test('lib/ takes timers and ticks from util/clock.js, which a fake clock does not reach', () => {
  const ours = files.filter(
    (file) => file.endsWith('.js') && !file.startsWith('lib/cli/') && file !== 'lib/util/clock.js',
  );
  const found = ours.flatMap((file) => {
    const text = fs.readFileSync(path.join(root, file), 'utf8');
    return fakedIn(text).map((name) => `${file}: ${name}`);
  });
  assert.deepEqual(found, []);
});

test('the check of timers sees globals, and what comes from the clock', () => {
  const taken = "const { nextTick, setTimeout } = require('../util/clock.js');\n";
  assert.deepEqual(fakedIn(`${taken}setTimeout(f, 1); nextTick(f);`), []);
  assert.deepEqual(fakedIn(`${taken}process.nextTick(f); clearTimeout(t); socket.setTimeout(0);`), [
    'process.nextTick',
    'clearTimeout',
  ]);
  assert.deepEqual(fakedIn("require('node:timers'); Date.now(); new Date();"), ['node:timers', 'Date', 'Date']);
});

test('the check sees a circle, and what only a type imports', () => {
  assert.ok(importsOf('lib/connection/connection.js').includes('lib/connection/sink.d.ts'));
  assert.ok(importsOf('lib/base/base.js').includes('lib/base/send.js'));
});
