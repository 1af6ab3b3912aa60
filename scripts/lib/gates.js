'use strict';

const fs = require('node:fs');
const path = require('node:path');
const counts = require('./counts');
const root = require('./root');

const MINUTE = 60_000;

/**
 * @typedef {object} Gate
 * @property {string[]} commands all of them run, each must succeed
 * @property {(output: string, ok: boolean) => import('./counts').Counts} count
 * @property {number} timeout ms for each command
 * @property {NodeJS.ProcessEnv} [env] what the commands find in their environment beside ours
 * @property {string} [absentWithout] a cargo component, behind its toolchain where that is another: without it
 *   the gate is left out, and says so
 */

/**
 * `node --test` over the test files right in the given folders. The files are named one by one:
 * what Node makes of a folder or a pattern differs from version to version.
 *
 * @param {...string} folders
 * @returns {string[]} the command, or nothing where there is no test: Node would look for some itself
 */
function nodeTest(...folders) {
  const files = folders.flatMap((folder) => {
    const full = path.join(root, folder);
    const names = fs.existsSync(full) ? fs.readdirSync(full).sort() : [];
    return names.filter((name) => name.endsWith('.test.js')).map((name) => `${folder}/${name}`);
  });
  if (files.length === 0) return [];
  // Per test; up to Node 20 it counts for a whole file, so it is no tight one.
  const [major, minor] = process.versions.node.split('.').map(Number);
  const limit = major > 20 || (major === 20 && minor >= 11) ? ['--test-timeout=300000'] : [];
  return [['node', '--test', '--test-reporter=spec', ...limit, ...files].join(' ')];
}

/** @param {string} args @returns {string} the command */
const autobahn = (args) => `node __test__/autobahn/run.js ${args}`;

/** Each check this project has, by name. @type {Record<string, Gate>} */
module.exports = {
  format: {
    commands: ['cargo fmt --check'],
    count: counts.ofCheck,
    timeout: MINUTE,
    absentWithout: 'fmt',
  },
  clippy: {
    // The protocol alone, the protocol with the engine, all of it: each layer builds without the next.
    // The outermost has no tests of its own in Rust, and no exports in a test build.
    commands: [
      'cargo clippy --quiet --all-targets --no-default-features -- -D warnings',
      'cargo clippy --quiet --all-targets --no-default-features --features sockets -- -D warnings',
      'cargo clippy --quiet -- -D warnings',
      'cargo clippy --quiet --no-default-features --features node -- -D warnings',
    ],
    count: counts.ofCheck,
    timeout: 10 * MINUTE,
    absentWithout: 'clippy',
  },
  rust: {
    commands: ['cargo test --no-default-features --features sockets'],
    count: counts.ofCargo,
    timeout: 15 * MINUTE,
  },
  node: {
    commands: nodeTest('__test__', '__test__/cli', '__test__/examples'),
    count: counts.ofNode,
    timeout: 15 * MINUTE,
  },
  streams: {
    // The same tests once more, with every socket on the stream transport.
    commands: nodeTest('__test__'),
    env: { WEBSOCKETS_TEST_TRANSPORT: 'stream' },
    count: counts.ofNode,
    timeout: 15 * MINUTE,
  },
  tls: {
    // And over wss://, with a certificate made for the run.
    commands: nodeTest('__test__'),
    env: { WEBSOCKETS_TEST_TRANSPORT: 'tls' },
    count: counts.ofNode,
    timeout: 15 * MINUTE,
  },
  autobahn: {
    commands: ['socket both', 'stream both'].map(autobahn),
    count: counts.ofPlainLine,
    timeout: 15 * MINUTE,
  },
  'autobahn-full': {
    // All cases with compression as well: half an hour and more.
    commands: ['socket server all', 'socket client all'].map(autobahn),
    count: counts.ofPlainLine,
    timeout: 60 * MINUTE,
  },
  browser: {
    commands: nodeTest('__test__/browser'),
    count: counts.ofNode,
    timeout: 5 * MINUTE,
  },
  interop: {
    commands: ['node __test__/interop/setup.js', ...nodeTest('__test__/interop')],
    count: counts.ofNode,
    timeout: 5 * MINUTE,
  },
  stress: {
    // What takes long, or a process to itself: floods, faults, teardown. Each file says on which
    // transports it runs.
    commands: nodeTest('__test__/stress'),
    count: counts.ofNode,
    timeout: 10 * MINUTE,
  },
  fuzz: {
    commands: ['node fuzz/smoke.js'],
    count: counts.ofPlainLine,
    timeout: 10 * MINUTE,
  },
  loom: {
    // What the threads of the engine do to each other, in every order there is.
    commands: ['cargo test --no-default-features --features loom --lib loom'],
    count: counts.ofCargo,
    timeout: 10 * MINUTE,
  },
  miri: {
    commands: ['cargo +nightly miri test --no-default-features --features engine --lib'],
    count: counts.ofCargo,
    timeout: 10 * MINUTE,
    absentWithout: '+nightly miri',
  },
  soak: {
    commands: ['node __test__/soak/run.js --minutes 1'],
    count: counts.ofPlainLine,
    timeout: 5 * MINUTE,
  },
  package: {
    commands: nodeTest('__test__/package'),
    count: counts.ofNode,
    timeout: 10 * MINUTE,
  },
  runtimes: {
    // All of them, on either transport: half an hour on two cores.
    commands: ['node __test__/runtimes/run.js'],
    count: counts.ofPlainLine,
    timeout: 60 * MINUTE,
  },
  'runtimes-core': {
    // The oldest Node.js, Bun and Deno, on the stream transport, and what an app meets first.
    commands: ['node __test__/runtimes/run.js core'],
    count: counts.ofPlainLine,
    timeout: 15 * MINUTE,
  },
};
