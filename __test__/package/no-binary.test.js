'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const { createRequire } = require('node:module');
const path = require('node:path');
const { test } = require('node:test');
const { compileFunction } = require('node:vm');
const { Project, packed, published } = require('./support/project');
const { registry } = require('./support/registry');
const { thisPlatform } = require('../../lib/native/platform');
const { aliasName, platformName, publishedName } = require('../../scripts/lib/package/versions');
const { version } = require('../../package.json');

const limit = { timeout: 540_000 };
const { name, text } = thisPlatform();
const OWN = platformName(name);
const BINARY = `websockets.${name}.node`;
// `process.permission` is there where the model is on; the flag has had two names.
const PERMISSION = process.allowedNodeEnvironmentFlags.has('--permission')
  ? '--permission'
  : '--experimental-permission';

/** Requires the package, and says what came of it as JSON. */
const REQUIRE = `
  try {
    require('websockets');
    console.log(JSON.stringify({ code: 'loaded' }));
  } catch ({ name, code, message, cause }) {
    console.log(JSON.stringify({ name, code, message, cause: cause && { code: cause.code, message: cause.message } }));
  }
`;

/** A project into which npm has installed what is published. */
async function installed(t, ...omit) {
  const project = new Project(t);
  const { url } = await registry(t, published(), (one) => !omit.includes(one));
  await project.install([`websockets@npm:${publishedName()}`, `ws@npm:${aliasName()}`], url);
  project.write('require.cjs', REQUIRE);
  return project;
}

/** A file of `lib/native` as bundlers have it: a function among others, in a file of another name and place. */
function bundled(name) {
  const from = path.join(__dirname, '..', '..', 'lib', 'native', name);
  const file = path.join(path.parse(__dirname).root, 'bundle', 'app.js');
  const { resolve } = createRequire(file);
  const inBundle = Object.assign((id) => createRequire(from)(id), { resolve });
  const module = { exports: {} };
  const run = compileFunction(fs.readFileSync(from, 'utf8'), ['module', 'require', '__filename', '__dirname']);
  run(module, inBundle, file, path.dirname(file));
  return module.exports;
}

/** What `require` says there, of which the first line and the last one are always the same. */
async function failure(project, ...flags) {
  const { stdout, stderr } = await project.node(...flags, 'require.cjs');
  assert.notEqual(stdout, '', stderr);
  const said = JSON.parse(stdout);
  assert.equal(said.name, 'Error');
  const lines = said.message.split('\n');
  assert.match(
    lines.pop(),
    /^To build it from source, with Rust \d+\.\d+ or newer \(https:\/\/rustup\.rs\): npm run build --prefix ".*node_modules.websockets"$/,
  );
  if (said.code === 'ERR_WS_NO_BINARY')
    assert.equal(lines.shift(), `websockets ${version} has no binary that can be loaded on ${text}.`);
  return { ...said, lines };
}

test('from a bundle: what to tell the bundler', () => {
  const { noBinary } = bundled('load-error.js');
  const cause = new Error('of the system');
  const error = noBinary(cause);
  assert.deepEqual([error.code, error.cause], ['ERR_WS_NO_BINARY', cause]);
  const [first, ...lines] = error.message.split('\n');
  assert.equal(first, `websockets ${version} has no binary that can be loaded on ${text}.`);
  assert.equal(lines.length, 1);
  assert.match(lines[0], /--external:websockets.*externals: \{ websockets/);
});

test('without the package of the platform', limit, async (t) => {
  const project = await installed(t, OWN);
  const { code, lines, cause } = await failure(project);
  assert.equal(code, 'ERR_WS_NO_BINARY');
  assert.deepEqual(lines, [
    `The package ${OWN} is not installed. The usual causes:`,
    '  - npm was configured to leave out optional dependencies: --omit=optional, --no-optional, or `omit` in an .npmrc',
    '  - package-lock.json comes from another system and lacks it: delete package-lock.json and node_modules, and install again',
    '  - a bundler has moved the code away from node_modules: have it leave websockets external',
  ]);
  assert.match(cause.message, new RegExp(`Cannot find module '${OWN}'`));

  await t.test('and with that of another', async () => {
    project.write(`node_modules/${platformName('openbsd')}/package.json`, '{}');
    project.write(`node_modules/${platformName('win32-arm64-msvc')}/package.json`, '{}');
    const {
      lines: [, first],
    } = await failure(project);
    assert.match(first, /^ {2}- @.+-win32-arm64-msvc is installed: node_modules was made on another system/);
  });

  await t.test('an import fails the same way', async () => {
    project.write('import.mjs', "import('websockets').catch(({ code }) => console.log(code));");
    assert.equal((await project.node('import.mjs')).stdout, 'ERR_WS_NO_BINARY\n');
  });

  await t.test('and so does the package that stands in for ws', async () => {
    project.write('alias.cjs', REQUIRE.replace("'websockets'", "'ws'"));
    const { code, message } = JSON.parse((await project.node('alias.cjs')).stdout);
    assert.equal(code, 'ERR_WS_NO_BINARY');
    assert.match(message, new RegExp(`\\nThe package ${OWN} is not installed`));
  });

  await t.test('and on a platform that none is published for', async () => {
    const other = 'Object.defineProperties(process, { platform: { value: "sunos" }, arch: { value: "sparc" } });';
    project.write('require.cjs', other + REQUIRE);
    const { stdout } = await project.node('require.cjs');
    assert.match(
      JSON.parse(stdout).message,
      /on sunos sparc\.\nThere is no package @.+-sunos-sparc: binaries are published for darwin-arm64, /,
    );
  });
});

test('with a tarball that was packed on another system', limit, async (t) => {
  const project = new Project(t);
  await project.install([packed()[0].file]);
  project.write('require.cjs', REQUIRE);
  const other = name === 'darwin-x64' ? 'darwin-arm64' : 'darwin-x64';
  fs.renameSync(project.installed('websockets', BINARY), project.installed('websockets', `websockets.${other}.node`));
  const { code, lines } = await failure(project);
  assert.equal(code, 'ERR_WS_NO_BINARY');
  assert.equal(lines[0], `The package ${OWN} is not installed. The usual causes:`);
  assert.match(
    lines[1],
    new RegExp(`^ {2}- this package has the binary of ${other} in it: its tarball was packed on another`),
  );
});

test("with Node's permission model", limit, async (t) => {
  const project = await installed(t);
  const refused = await failure(project, PERMISSION, '--allow-fs-read=*');
  assert.equal(refused.code, 'ERR_WS_NO_BINARY');
  assert.equal(refused.cause.code, 'ERR_DLOPEN_DISABLED');
  assert.match(refused.lines[0], new RegExp(`${BINARY} was found, but not loaded`));
  assert.match(
    refused.lines[1],
    /^ {2}- Node\.js may not load addons here: with its permission model \(--permission\) add --allow-addons;/,
  );

  // Those that have the model and no such flag let addons in.
  if (process.allowedNodeEnvironmentFlags.has('--allow-addons')) {
    const { stdout } = await project.node(PERMISSION, '--allow-fs-read=*', '--allow-addons', 'require.cjs');
    assert.deepEqual(JSON.parse(stdout), { code: 'loaded' });
  }
});

test('with a binary that is damaged', limit, async (t) => {
  const project = await installed(t);
  const binary = project.installed(OWN, BINARY);
  // One that is cut short is not tried: the system's loader maps what is not there, and the process is gone.
  fs.writeFileSync(binary, 'no binary at all');
  const cut = await failure(project);
  assert.equal(cut.code, 'ERR_WS_NO_BINARY');
  assert.equal(cut.cause.code, 'ERR_DLOPEN_FAILED');
  assert.match(cut.lines[0], new RegExp(`${BINARY} was found, but not loaded \\(.+\\):$`));
  assert.match(
    cut.lines[1],
    /^ {2}- the file is damaged, or was made for another system or architecture: delete node_modules/,
  );
  fs.rmSync(binary);
  const {
    code,
    lines: [first],
  } = await failure(project);
  assert.deepEqual([code, first], ['ERR_WS_NO_BINARY', `The package ${OWN} is not installed. The usual causes:`]);
});

test('what the system says of another C library is put in words', limit, async (t) => {
  const project = await installed(t);
  const says = [
    [
      "/lib/libc.so.6: version `GLIBC_2.39' not found (required by x.node)",
      "it needs glibc 2.39 or newer, and this system's is older",
    ],
    [
      '/lib/x86_64-linux-gnu/libc.so: invalid ELF header',
      'it was made for another C library: musl (Alpine) and glibc have packages of their own',
    ],
    [
      'libc.musl-x86_64.so.1: cannot open shared object file: No such file or directory',
      'it was made for another C library: musl (Alpine) and glibc have packages of their own',
    ],
    [
      'Error loading shared library ld-linux-x86-64.so.2: No such file or directory',
      'it was made for another C library: musl (Alpine) and glibc have packages of their own',
    ],
  ];
  for (const [message, words] of says) {
    // No system here has another C library, so what it would say is said in its place.
    project.write(
      'require.cjs',
      `process.dlopen = () => { throw Object.assign(new Error(${JSON.stringify(message)}), { code: 'ERR_DLOPEN_FAILED' }); };${REQUIRE}`,
    );
    assert.equal((await failure(project)).lines[1], `  - ${words}`);
  }
});

test("with Deno's permissions", limit, async (t) => {
  const project = await installed(t);
  // What Deno throws where it runs without --allow-ffi.
  const refusal =
    'process.dlopen = () => { throw Object.assign(new Error("Requires ffi access"), { name: "NotCapable" }); };';
  project.write('require.cjs', refusal + REQUIRE);
  const {
    lines: [first, second],
  } = await failure(project);
  assert.match(first, /was found, but not loaded \(Requires ffi access\):$/);
  assert.equal(second, '  - Deno may not load addons here: it needs --allow-ffi, --allow-read and --allow-env');
});

test('with a binary of another version', limit, async (t) => {
  const project = await installed(t);
  const manifest = project.json('node_modules/websockets/package.json');
  project.write('node_modules/websockets/package.json', JSON.stringify({ ...manifest, version: '99.0.0' }));
  const { code, lines } = await failure(project);
  assert.equal(code, 'ERR_WS_BINARY_VERSION');
  assert.equal(
    lines[0],
    `websockets 99.0.0 has found a binary of version ${version} on ${text}: ${project.installed(OWN, BINARY)}.`,
  );
  assert.equal(lines[2], `  - websockets and ${OWN} were updated apart: delete node_modules and install again`);
});

test('in a checkout that has not been built', limit, async (t) => {
  const project = new Project(t);
  const root = path.resolve(__dirname, '..', '..');
  for (const place of ['index.js', 'lib', 'package.json', 'Cargo.toml']) {
    fs.cpSync(path.join(root, place), project.installed('websockets', place), { recursive: true });
  }
  project.write('require.cjs', REQUIRE);
  const { code, lines } = await failure(project);
  assert.deepEqual([code, lines], ['ERR_WS_NO_BINARY', ['This is a checkout in which nothing has been built yet.']]);
});
