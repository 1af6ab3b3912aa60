'use strict';

// node __test__/platforms/run.js [core] [platform…] [transport…] [file…]
//
// Builds the binaries of other platforms and runs the suite with them, as far as this machine can: Node.js for arm64 under
// qemu, for musl, for Windows under Wine. `core` is what .ci/run has time for. Or by name: `linux-x64-musl`; `stream`;
// `base/close.test.js`.
//
// What fails has to stand in ../runtimes/expected.js, and what stands there has to fail.

const fs = require('node:fs');
const path = require('node:path');
const root = require('../../scripts/lib/root');
const { build } = require('../../scripts/lib/platforms/build');
const { platformOf } = require('../../scripts/lib/platforms/catalog');
const { run } = require('../../scripts/lib/platforms/tools');
const { ABOUT_A_TRANSPORT, ON_ANY_TRANSPORT, testFiles } = require('../../scripts/lib/test-files');
const runSuite = require('../runtimes/suite');
const { core, isForPlatform } = require('./files');
const { WAYS } = require('./nodes');

const all = testFiles([...ABOUT_A_TRANSPORT, ...ON_ANY_TRANSPORT]).sort();

/** @returns {{ names: string[], transports: string[], files: (name: string) => string[] }} what is to be run */
function choose(args) {
  const asked = new Set(args);
  const isCore = asked.delete('core');
  const take = (values) => values.filter((value) => asked.delete(value));
  const [names, transports, files] = [Object.keys(WAYS), ['socket', 'stream'], all].map(take);
  if (asked.size > 0) {
    const allowed = ['core', ...Object.keys(WAYS)].join(', ');
    throw new Error(`no platform, transport or test file: ${[...asked].join(', ')} (platforms: ${allowed})`);
  }
  const filesFor = (name) => {
    if (files.length > 0) return files;
    return isCore ? core(name) : all.filter((file) => isForPlatform(name, file));
  };
  return {
    names: names.length > 0 ? names : Object.keys(WAYS),
    // In the core, the first that there is.
    transports: transports.length > 0 ? transports : isCore ? ['first'] : ['socket', 'stream'],
    files: filesFor,
  };
}

/**
 * Whether a process finds the binary of its own platform among those of all that were built: they lie beside each other
 * in a copy of the package.
 *
 * @param {{ command: string[], env?: NodeJS.ProcessEnv }} runtime
 * @param {string} name
 * @param {string} binaries the folder of all
 */
function checkLoader({ command, env }, name, binaries) {
  const copy = path.join(binaries, 'package');
  fs.rmSync(copy, { recursive: true, force: true });
  for (const place of ['index.js', 'package.json', 'lib']) {
    fs.cpSync(path.join(root, place), path.join(copy, place), { recursive: true });
  }
  const built = fs.readdirSync(binaries).filter((file) => file.endsWith('.node'));
  for (const file of built) fs.copyFileSync(path.join(binaries, file), path.join(copy, file));
  const script = `
    require(${JSON.stringify(copy)});
    const loaded = Object.keys(require.cache).filter((name) => name.endsWith('.node'));
    console.log(loaded.map((name) => require('node:path').basename(name)).join());
  `;
  const [program, ...args] = command;
  const said = run(program, [...args, '-e', script], { env: { ...process.env, ...env } }).trim();
  if (said !== `websockets.${name}.node`) throw new Error(`of ${built.join(', ')} it has loaded ${said}`);
}

/**
 * Runs the suite on a platform.
 *
 * @param {string} name
 * @param {string[]} transports
 * @param {string[]} files
 * @param {string} binaries the folder of all
 * @returns {Promise<{ passed: number, failed: number, lines: string[] }>}
 */
async function runPlatform(name, transports, files, binaries) {
  const { by, transports: own, install } = WAYS[name];
  const { command, env } = install();
  checkLoader({ command, env }, name, binaries);
  const [kind] = name.split('-');
  const runtime = {
    ...{ name, kind, title: name, spec: '', folder: '', command, transports: own },
    // An emulated processor is slow, and so is Wine.
    env: {
      ...env,
      WEBSOCKETS_TEST_PATIENCE: name === 'linux-x64-musl' ? '1' : '5',
      NAPI_RS_NATIVE_LIBRARY_PATH: path.join(binaries, `websockets.${name}.node`),
    },
  };
  const sum = { passed: 1, failed: 0, lines: [] };
  const isChosen = (transport) =>
    transports.includes('first') ? transport === own[0] : transports.includes(transport);
  for (const transport of own.filter(isChosen)) {
    const started = Date.now();
    const { passed, failed, expected } = await runSuite({ runtime, transport }, files);
    sum.passed += passed;
    sum.failed += failed;
    const seconds = ((Date.now() - started) / 1000).toFixed();
    const counts = `${passed} passed, ${expected} failed as expected, ${failed} not as expected`;
    sum.lines.push(`${name}, ${by}, ${transport}: ${counts}, ${seconds} s`);
    console.log(sum.lines.at(-1));
  }
  return sum;
}

async function main(args) {
  const { names, transports, files } = choose(args);
  const binaries = path.join(root, '.cache', 'platforms', 'binaries');
  const total = { passed: 0, failed: 0, lines: [] };
  // All first: each has to find its own among them.
  for (const name of names) console.log(`${name}: ${build(platformOf(name), binaries).summary}`);
  for (const name of names) {
    try {
      const { passed, failed, lines } = await runPlatform(name, transports, files(name), binaries);
      total.passed += passed;
      total.failed += failed;
      total.lines.push(...lines);
    } catch (error) {
      total.failed++;
      total.lines.push(`✖ ${name}: ${error.message}`);
    }
  }
  console.log(`\n${total.lines.join('\n')}\n`);
  console.log(`${total.passed} passed, ${total.failed} failed`);
  process.exitCode = total.failed === 0 && total.passed > 0 ? 0 : 1;
}

main(process.argv.slice(2)).catch((error) => {
  console.error(error.message);
  console.log('0 passed, 1 failed');
  process.exitCode = 1;
});
