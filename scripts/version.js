'use strict';

// `npm version` runs this once it has changed package.json: every other file that has the version gets
// it too, and goes into the commit that npm makes. So does the name to publish under, `napi.packageName`: after a change
// of that, call this by hand.

const { spawnSync } = require('node:child_process');
const root = require('./lib/root');
const { align, oneVersion } = require('./lib/package/versions');

const changed = align();
if (changed.length > 0) spawnSync('git', ['add', ...changed], { cwd: root, stdio: 'inherit' });
console.log(`version ${oneVersion()}: package.json${changed.map((file) => `, ${file}`).join('')}`);
