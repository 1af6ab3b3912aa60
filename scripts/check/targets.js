'use strict';

// node scripts/check/targets.js [platform…]: checks the addon for each platform's target, and for what stands in for it when
// it is built elsewhere. Counts targets. It links nothing, so it needs no linker, no C compiler and no libraries of those
// systems.

const path = require('node:path');

const { cargo } = require('../lib/platforms/cargo');
const { platformOf, platforms } = require('../lib/platforms/catalog');
const report = require('../lib/report');

/** What objects are made with that nobody links. */
const NO_CC = path.join(__dirname, '..', 'lib', 'platforms', 'no-cc.sh');
/** The target of this system, on which the gate runs. */
const HOST = 'x86_64-unknown-linux-gnu';

report(() => {
  const names = process.argv.slice(2);
  const chosen = names.length > 0 ? names.map(platformOf) : platforms;
  const failures = [];
  let passed = 0;
  for (const platform of chosen) {
    for (const target of new Set([platform.target, platform.cross])) {
      const variables = ['CC', 'AR'].map((name) => `${name}_${target.replaceAll('-', '_')}`);
      if (target !== HOST) [process.env[variables[0]], process.env[variables[1]]] = [NO_CC, 'ar'];
      const args = ['clippy', '--quiet', '--locked', '--target', target, '--', '-D', 'warnings'];
      if (cargo('cargo', args, platform, target)) passed++;
      else failures.push(target);
    }
  }
  const output = failures.map((target) => `${target}: the addon does not pass`).join('\n');
  return { passed, failed: failures.length, output };
});
