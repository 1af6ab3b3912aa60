'use strict';

// The package that stands in for `ws`, for an app and for what it depends on.

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const { Project, folder, packed, published } = require('./support/project');
const { registry } = require('./support/registry');
const { compileStrictly } = require('./support/typescript');
const { pack } = require('../../scripts/lib/package/pack');
const { aliasName, aliasVersion } = require('../../scripts/lib/package/versions');
const { name: main, version } = require('../../package.json');

const limit = { timeout: 540_000 };
const ALIAS = `npm:${aliasName()}@8`;

const consumer = (name) => path.join(__dirname, 'consumers', name);

/** Two libraries: `outer` depends on `inner`, and that on `ws`. */
function libraries(t) {
  const out = folder(t);
  const inner = { name: 'inner', version: '1.0.0', main: 'index.js', dependencies: { ws: '^8.17.0' } };
  const outer = { name: 'outer', version: '1.0.0', main: 'index.js', dependencies: { inner: '^1.0.0' } };
  const exporting = path.join(out, 'outer.js');
  fs.writeFileSync(exporting, "module.exports = require('inner');\n");
  return [
    { ...pack(out, inner, { 'index.js': consumer('ws-echo.cjs') }), manifest: inner },
    { ...pack(out, outer, { 'index.js': exporting }), manifest: outer },
  ];
}

/** A project with dependencies, and overrides, that npm has installed: ours from a registry, if that has them. */
async function installed(t, settings, { ours = published(), name = aliasName() } = {}) {
  const project = new Project(t);
  const { url, asked } = await registry(
    t,
    [...ours, ...libraries(t)],
    (one) => ours.length > 0 || !/ws|websockets/.test(one),
  );
  project.write('package.json', JSON.stringify({ ...project.json('package.json'), ...settings }));
  await project.install([], url);
  // There is one, and the real one has not been looked for.
  assert.deepEqual(
    asked.filter((place) => /^\/ws($|\/)/.test(place)),
    [],
  );
  const { packages } = project.json('node_modules/.package-lock.json');
  const found = Object.keys(packages).filter((place) => /(^|\/)ws$/.test(place));
  assert.deepEqual(
    found.map((place) => [place, packages[place].name, packages[place].version]),
    [['node_modules/ws', name, aliasVersion(version)]],
  );
  return project;
}

for (const [where, settings] of Object.entries({
  overrides: { overrides: { ws: ALIAS } },
  dependencies: { dependencies: { ws: ALIAS } },
  both: { dependencies: { ws: ALIAS }, overrides: { ws: ALIAS } },
})) {
  test(`a library of a library takes it for ws, by ${where}`, limit, async (t) => {
    const dependencies = { outer: '1.0.0', ...settings.dependencies };
    const project = await installed(t, { ...settings, dependencies });
    project.write('app.cjs', "console.log(require('outer') === require('websockets/ws'));\n");
    assert.deepEqual(await project.node('app.cjs'), { status: 0, stdout: 'true\nrequired\n', stderr: '' });
  });
}

test('a library of a library takes it for ws, from its tarballs', limit, async (t) => {
  const [websockets, ws] = packed().map(({ file }) => `file:${file}`);
  const settings = { dependencies: { outer: '1.0.0', websockets, ws }, overrides: { ws: '$ws' } };
  const project = await installed(t, settings, { ours: [], name: aliasName(main) });
  project.write('app.cjs', "console.log(require('outer') === require('websockets/ws'));\n");
  assert.deepEqual(await project.node('app.cjs'), { status: 0, stdout: 'true\nrequired\n', stderr: '' });
});

test('an app requires, imports and compiles it under the name of ws', limit, async (t) => {
  const project = await installed(t, { dependencies: { ws: ALIAS } });

  await t.test('with require', async () => {
    project.write('echo.cjs', fs.readFileSync(consumer('ws-echo.cjs')));
    assert.deepEqual(await project.node('echo.cjs'), { status: 0, stdout: 'required\n', stderr: '' });
  });

  await t.test('with import', async () => {
    project.write('echo.mjs', fs.readFileSync(consumer('ws-echo.mjs')));
    assert.deepEqual(await project.node('echo.mjs'), { status: 0, stdout: 'imported\n', stderr: '' });
  });

  await t.test('with the same classes by either', async () => {
    project.write(
      'same.mjs',
      `import * as imported from 'ws';
      import { createRequire } from 'node:module';
      const required = createRequire(import.meta.url)('ws');
      const { default: WebSocket, ...named } = imported;
      console.log(WebSocket === required, Object.keys(named).every((name) => named[name] === required[name]));
      console.log(Object.keys(named).sort().join());`,
    );
    const names = Object.keys(await import('../../ws.mjs')).filter((name) => name !== 'default');
    const stdout = `true true\n${names.sort().join()}\n`;
    assert.deepEqual(await project.node('same.mjs'), { status: 0, stdout, stderr: '' });
  });

  for (const [what, extension] of [
    ['a module', 'mts'],
    ['CommonJS', 'cts'],
  ]) {
    await t.test(`with TypeScript as ${what}, strictly`, async () => {
      project.write(`typed.${extension}`, fs.readFileSync(consumer('ws-echo.ts')));
      assert.deepEqual(await compileStrictly(project, `typed.${extension}`), { status: 0, stdout: '', stderr: '' });
      const ran = await project.node(`typed.${extension.replace('ts', 'js')}`);
      assert.deepEqual(ran, { status: 0, stdout: '/\nTYPED\n', stderr: '' });
    });
  }

  await t.test('in what is made for a browser it says that it is not for one', async () => {
    project.write(
      'browser.cjs',
      "try { new (require('ws'))('ws://a'); } catch ({ message }) { console.log(message); }\n",
    );
    const { stdout } = await project.node('--conditions=browser', 'browser.cjs');
    assert.equal(stdout, 'ws does not work in a browser, which has a WebSocket of its own\n');
  });
});
