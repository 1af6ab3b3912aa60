'use strict';

// Apps that esbuild and webpack have made one file of, as docs/guide/bundlers.md says.

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { promisify } = require('node:util');
const { test } = require('node:test');
const esbuild = require('esbuild');
const webpack = require('webpack');
const { Project, folder, published } = require('./support/project');
const { registry } = require('./support/registry');
const { thisPlatform } = require('../../lib/native/platform');
const { platformName, publishedName } = require('../../scripts/lib/package/versions');

const limit = { timeout: 540_000 };
// A plain socket goes by threads where there are some.
const TRANSPORT = process.platform === 'win32' ? 'stream' : 'socket';
const ECHOED = { status: 0, stdout: `required ${TRANSPORT}\n`, stderr: '' };
const OWN = platformName(thisPlatform().name);

/** Requires the package, and says what came of it. */
const REQUIRE = `
  try {
    require('websockets');
    console.log('loaded');
  } catch ({ code, message }) {
    console.log(code, message);
  }
`;

/** A project with the package installed, an app that echoes, and one that shows what `require` throws. */
async function installed(t) {
  const project = new Project(t);
  const { url } = await registry(t, published());
  await project.install([`websockets@npm:${publishedName()}`], url);
  project.write('app.js', fs.readFileSync(path.join(__dirname, 'consumers', 'echo.cjs')));
  project.write('require.js', REQUIRE);
  return project;
}

/** Without its warnings, which are about the packages of other platforms. */
const ESBUILD = { bundle: true, platform: 'node', logLevel: 'error' };

/**
 * Each bundler: `bundle` makes the file `to` of the file `from`, and leaves `left` out.
 *
 * @type {Record<string, (from: string, to: string, left: string) => Promise<void>>}
 */
const BUNDLERS = {
  esbuild: async (from, to, left) => {
    await esbuild.build({ ...ESBUILD, entryPoints: [from], outfile: to, external: [left] });
  },
  webpack: async (from, to, left) => {
    const stats = await promisify(webpack)({
      mode: 'production',
      target: 'node',
      entry: from,
      output: { path: path.dirname(to), filename: path.basename(to) },
      externals: { [left]: `commonjs ${left}` },
    });
    assert.deepEqual(stats.toJson({ all: false, errors: true }).errors, []);
  },
};

for (const [name, bundle] of Object.entries(BUNDLERS)) {
  test(`${name}: the package is left out, and is beside the bundle`, limit, async (t) => {
    const project = await installed(t);
    await bundle(path.join(project.folder, 'app.js'), path.join(project.folder, 'dist', 'bundle.js'), 'websockets');
    assert.deepEqual(await project.node(path.join('dist', 'bundle.js')), ECHOED);
  });

  test(`${name}: a bundle without the binary says what to do`, limit, async (t) => {
    const project = await installed(t);
    // Elsewhere, without node_modules.
    const bundled = path.join(folder(t), 'bundle.js');
    await bundle(path.join(project.folder, 'require.js'), bundled, OWN);
    const { status, stdout, stderr } = await project.node(bundled);
    assert.deepEqual({ status, stderr }, { status: 0, stderr: '' });
    assert.match(stdout, /^ERR_WS_NO_BINARY .*\nThis is a bundle, .*--external:websockets.*externals: \{ websockets/);
  });
}

test('esbuild: the binary is copied beside the bundle', limit, async (t) => {
  const project = await installed(t);
  const place = folder(t);
  const entryPoints = [path.join(project.folder, 'app.js')];
  await esbuild.build({ ...ESBUILD, entryPoints, outdir: place, loader: { '.node': 'copy' } });
  assert.deepEqual(await project.node(path.join(place, 'app.js')), ECHOED);
});
