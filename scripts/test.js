'use strict';

// node scripts/test.js [gate…]
//
// Runs the gates named (see lib/gates.js), or those that need nothing but the toolchain and Python, shows
// what they print, and closes with one line per gate, what failed, and the sum. Every gate runs even if one
// before it failed. A gate in which no test ran has failed.

const failures = require('./lib/failures');
const gates = require('./lib/gates');
const tee = require('./lib/tee');

const BY_DEFAULT = [
  'format',
  'lint',
  'types',
  'typos',
  'prose',
  'deny',
  'zizmor',
  'clippy',
  'rust',
  'node',
  'streams',
  'tls',
  'secure',
];

/**
 * @param {string} name
 * @returns {Promise<{ name: string, status: string, passed: number, failed: number, skipped: number,
 *   seconds: number, note: string, failures: string[] }>}
 */
async function run(name) {
  const gate = gates[name];
  const sum = { name, status: 'ran', passed: 0, failed: 0, skipped: 0, seconds: 0, note: '', failures: [] };
  const missing = gate.missing?.();
  if (missing) {
    // A workflow brings what its gates need: one that cannot run there has failed.
    const isWorkflow = process.env.GITHUB_ACTIONS === 'true';
    return { ...sum, status: isWorkflow ? 'failed' : 'left out', failed: isWorkflow ? 1 : 0, note: missing };
  }
  const started = Date.now();
  for (const command of gate.commands) {
    const { ok, output, note } = await tee(command, { timeout: gate.timeout, env: { ...process.env, ...gate.env } });
    const counts = gate.count(output, ok);
    sum.passed += counts.passed;
    sum.skipped += counts.skipped;
    // What ends badly without naming a failed test (it did not compile, it hung) is one failure.
    const failed = counts.failed || (ok ? 0 : 1);
    sum.failed += failed;
    if (failed > 0) sum.failures.push(...failures(output));
    if (!ok) sum.note = note;
  }
  if (sum.passed + sum.failed === 0) {
    sum.failed = 1;
    sum.note = 'no test ran';
  }
  sum.seconds = (Date.now() - started) / 1000;
  return { ...sum, status: sum.failed === 0 ? 'ran' : 'failed' };
}

/** @returns {string} one line of the summary; .ci/run picks these, and those of what failed, out by their first word */
function line({ name, status, passed, failed, skipped, seconds, note }) {
  const parts = [`${passed} passed, ${failed} failed`];
  if (skipped > 0) parts.push(`${skipped} skipped`);
  const counts = status === 'left out' ? '' : `${parts.join(', ').padEnd(36)} ${seconds.toFixed(1).padStart(6)} s`;
  return `gate  ${name.padEnd(13)} ${status.padEnd(9)} ${counts}${note && `  ${note}`}`.trimEnd();
}

/** @param {string[]} names */
async function main(names) {
  const unknown = names.filter((name) => !Object.hasOwn(gates, name));
  if (unknown.length > 0) {
    console.error(`no such gate: ${unknown.join(', ')} (there are ${Object.keys(gates).join(', ')})`);
    process.exitCode = 2;
    return;
  }
  const results = [];
  for (const name of names) results.push(await run(name));
  console.log(`\n${results.map(line).join('\n')}`);
  for (const { name, failures: all } of results) {
    for (const one of all) console.log(`failed  ${name}: ${one}`);
  }
  const total = (key) => results.reduce((sum, result) => sum + result[key], 0);
  console.log(`${total('passed')} passed, ${total('failed')} failed`);
  if (total('failed') > 0) process.exitCode = 1;
}

main(process.argv.length > 2 ? process.argv.slice(2) : BY_DEFAULT);
