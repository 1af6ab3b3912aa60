'use strict';

// node scripts/check/targets.js [platform…]: checks the addon for each platform's target, and for what stands in for it when
// it is built elsewhere. Counts targets. It links nothing, so it needs no linker and no libraries of those systems.

const { cargo } = require('../lib/platforms/cargo');
const { platformOf, platforms } = require('../lib/platforms/catalog');
const report = require('../lib/report');

report(() => {
  const names = process.argv.slice(2);
  const chosen = names.length > 0 ? names.map(platformOf) : platforms;
  const failures = [];
  let passed = 0;
  for (const platform of chosen) {
    for (const target of new Set([platform.target, platform.cross])) {
      const args = ['clippy', '--quiet', '--locked', '--target', target, '--', '-D', 'warnings'];
      if (cargo('cargo', args, platform, target)) passed++;
      else failures.push(target);
    }
  }
  const output = failures.map((target) => `${target}: the addon does not pass`).join('\n');
  return { passed, failed: failures.length, output };
});
