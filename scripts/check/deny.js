'use strict';

// node scripts/check/deny.js [check…]: checks the dependencies of each Rust package of ours, by deny.toml.
// Counts the checks of each package. `advisories` downloads a database, so it is not among the usual ones.

const path = require('node:path');
const report = require('../lib/report');
const root = require('../lib/root');
const { runTool } = require('../lib/tools');

const PACKAGES = ['.', 'bench/generator', 'bench/micro', 'fuzz'];
const CHECKS = process.argv.length > 2 ? process.argv.slice(2) : ['bans', 'licenses', 'sources'];
/** They share deny.toml, so each leaves some of its exceptions unused. */
const UNUSED = ['unmatched-skip-root', 'license-exception-not-encountered'];

/**
 * @param {string} folder of the package
 * @returns {{ passed: number, failed: number, output: string }}
 */
function deny(folder) {
  const { ok, output } = runTool('cargo-deny', [
    ...['--manifest-path', path.join(root, folder, 'Cargo.toml'), '--locked'],
    ...['--config', path.join(root, 'deny.toml'), '--color', 'never'],
    ...['check', ...UNUSED.flatMap((code) => ['--allow', code]), ...CHECKS],
  ]);
  const passed = CHECKS.filter((check) => output.includes(`${check} ok`)).length;
  const failed = Math.max(CHECKS.length - passed, ok ? 0 : 1);
  return { passed, failed, output: `${folder}: ${output.trim()}` };
}

report(() => {
  const results = PACKAGES.map(deny);
  const total = (key) => results.reduce((sum, result) => sum + result[key], 0);
  return {
    passed: total('passed'),
    failed: total('failed'),
    output: results.map(({ output }) => output).join('\n'),
  };
});
