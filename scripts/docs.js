'use strict';

// npm run docs: builds the documents as a site, into site/.vitepress/dist, and checks each of its links. SITE_BASE is the
// path that the site will have on its server, / by default.

const { spawnSync } = require('node:child_process');
const path = require('node:path');
const installDependencies = require('./lib/dependencies');
const root = require('./lib/root');

const SITE = path.join(root, 'site');

/** @param {string[]} args of Node.js @returns {boolean} whether it ended well */
function run(args) {
  const { status, error } = spawnSync(process.execPath, args, { cwd: SITE, stdio: 'inherit' });
  if (error) throw error;
  return status === 0;
}

try {
  installDependencies('site');
  const isBuilt = run([path.join(SITE, 'node_modules', 'vitepress', 'bin', 'vitepress.js'), 'build', '.']);
  if (!isBuilt) console.log('0 passed, 1 failed');
  process.exitCode = isBuilt && run(['check-links.js']) ? 0 : 1;
} catch (error) {
  console.error(`docs: ${error.message}`);
  console.log('0 passed, 1 failed');
  process.exitCode = 1;
}
