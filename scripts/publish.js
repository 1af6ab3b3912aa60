'use strict';

// node scripts/publish.js [--dry-run] [FOLDER]
//
// Publishes the tarballs of dist/, or of FOLDER: each after those that it asks for. A version that is published already
// is passed over, so that a release that broke off can be run again.

const { spawnSync } = require('node:child_process');
const path = require('node:path');
const { parseArgs } = require('node:util');
const root = require('./lib/root');
const { allManifests } = require('./lib/package/manifest');
const { tarballOf } = require('./lib/package/versions');

const {
  values,
  positionals: [folder = path.join(root, 'dist')],
} = parseArgs({ options: { 'dry-run': { type: 'boolean' } }, allowPositionals: true });
const dry = values['dry-run'] ? ['--dry-run'] : [];

/** @param {string[]} args @param {object} [options] */
const npm = (args, options) =>
  spawnSync('npm', args, { cwd: root, encoding: 'utf8', shell: process.platform === 'win32', ...options });

/** @returns {boolean} */
function isPublished({ name, version }) {
  const { status, stdout, stderr } = npm(['view', `${name}@${version}`, 'version', '--json']);
  if (status === 0) return stdout.trim() !== '';
  if (/E404/.test(stdout + stderr)) return false;
  throw new Error(`npm view ${name}@${version}: ${stderr || stdout}`);
}

/** @returns {void} */
function publish({ name, version }) {
  // What is no release must not become what `npm install` takes.
  const tag = version.includes('-') ? 'next' : 'latest';
  const { status } = npm(
    ['publish', path.resolve(folder, tarballOf(name, version)), '--ignore-scripts', '--tag', tag, ...dry],
    { stdio: 'inherit' },
  );
  if (status !== 0) throw new Error(`npm publish ${name}@${version}: exit status ${status}`);
}

try {
  for (const manifest of allManifests()) {
    const what = `${manifest.name}@${manifest.version}`;
    if (isPublished(manifest)) {
      console.log(`${what} is there already`);
    } else {
      publish(manifest);
      console.log(`${what} ${dry.length > 0 ? 'would be' : 'is'} published`);
    }
  }
} catch (error) {
  console.error(`publish: ${error.message}`);
  process.exitCode = 1;
}
