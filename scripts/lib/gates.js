'use strict';

const { spawnSync } = require('node:child_process');
const os = require('node:os');
const counts = require('./counts');
const sanitizer = require('./sanitizer');
const { ABOUT_A_TRANSPORT, ON_ANY_TRANSPORT, testFiles } = require('./test-files');

const MINUTE = 60_000;

/**
 * @typedef {object} Gate
 * @property {string[]} commands all of them run, each must succeed
 * @property {(output: string, ok: boolean) => import('./counts').Counts} count
 * @property {number} timeout ms for each command
 * @property {NodeJS.ProcessEnv} [env] what the commands find in their environment beside ours
 * @property {() => string} [missing] what the gate needs and this machine has not; '' if nothing. Without it the
 *   gate is left out, and says so
 */

const [major, minor] = process.versions.node.split('.').map(Number);
/** Whether `node --test` has the options that are given to it here. */
const hasOptions = major > 20 || (major === 20 && minor >= 11);
// Per test; up to Node 20 it counts for a whole file, so it is no tight one.
const LIMIT = hasOptions ? ['--test-timeout=300000'] : [];
// More files at a time than cores: most of them wait for a socket or a clock most of the time.
const SIDE_BY_SIDE = hasOptions ? [`--test-concurrency=${2 * os.cpus().length}`] : [];

/**
 * @param {string[]} folders of `__test__`
 * @param {string[]} [options] of `node --test`
 * @returns {string[]} the command that runs the test files right in them; none if there are no such files:
 *   Node would look for some itself
 */
function nodeTest(folders, options = []) {
  const files = testFiles(folders).map((name) => `__test__/${name}`);
  if (files.length === 0) return [];
  return [['node', '--test', '--test-reporter=spec', ...LIMIT, ...options, ...files].join(' ')];
}

/** @param {...string} folders of the suite @returns {string[]} the command that runs their files, several at a time */
const suite = (...folders) => nodeTest(folders, SIDE_BY_SIDE);

/**
 * @param {string} component of Cargo's, after its toolchain if that is not the usual one
 * @returns {() => string} what is missing; no toolchain is downloaded for the question
 */
const cargo = (component) => () => {
  const env = { ...process.env, RUSTUP_AUTO_INSTALL: '0' };
  const { status } = spawnSync('cargo', [...component.split(' '), '--version'], { env });
  return status === 0 ? '' : `this toolchain has no \`cargo ${component}\``;
};

/**
 * @param {string} transport
 * @param {string[]} files of `__test__`
 * @returns {string} the command that runs them with AddressSanitizer
 */
const address = (transport, files) =>
  ['node scripts/check/address.js', transport, ...files.map((name) => `__test__/${name}`)].join(' ');

/** @param {string} args @returns {string} the command */
const autobahn = (args) => `node __test__/autobahn/run.js ${args}`;

/** Autobahn's cases that take no second: all but those of long messages, and of compression. */
const SHORT = '1.* 2.* 3.* 4.* 5.* 6.* 7.*';
/** Some of the others: messages and frames up to 16 MiB, and a thousand of each length, compressed. */
const OF_MANY_RECORDS =
  '9.1.* 9.2.* 9.3.* 9.7.* 10.* 12.1.3 12.2.5 12.3.6 12.4.5 12.5.4 13.1.3 13.2.2 13.3.1 13.4.12 13.7.9';

const TEARDOWN = ['stress/teardown-exit.test.js', 'stress/teardown-workers.test.js'];

/** Tests of what memory costs: the sanitizer's own counts there as well. */
const OF_COST = ['pressure/large-buffers.test.js', 'pressure/small-broadcasts.test.js'];
const WHOLE = testFiles([...ABOUT_A_TRANSPORT, ...ON_ANY_TRANSPORT])
  .concat(TEARDOWN)
  .filter((file) => !OF_COST.includes(file));

/** Tests in which memory changes hands between Rust, JavaScript and threads. */
const OF_MEMORY = [
  'base/reentrancy.test.js',
  'base/buffers-changed.test.js',
  'deflate/random.test.js',
  'process/deadlock.test.js',
  'process/exit.test.js',
  'process/worker.test.js',
  'protocol/random.test.js',
  'socket/after-takeover.test.js',
  'socket/handover.test.js',
];

/** Those of them in which the stream transport has code of its own. */
const OF_STREAMS = [
  'base/reentrancy.test.js',
  'extensions/random.test.js',
  'process/worker.test.js',
  'protocol/random.test.js',
  'socket/stream-end.test.js',
];

/** Each check this project has, by name. @type {Record<string, Gate>} */
module.exports = {
  format: {
    // The addon, and the packages beside it.
    commands: ['.', 'bench/generator', 'bench/micro', 'fuzz'].map(
      (folder) => `cargo fmt --check --manifest-path ${folder}/Cargo.toml`,
    ),
    count: counts.ofCheck,
    timeout: MINUTE,
    missing: cargo('fmt'),
  },
  lint: {
    // The format of JavaScript and TypeScript as well.
    commands: ['node node_modules/@biomejs/biome/bin/biome ci --colors=off --error-on-warnings .'],
    count: counts.ofBiome,
    timeout: MINUTE,
  },
  types: {
    commands: ['node scripts/check/types.js'],
    count: counts.ofPlainLine,
    timeout: 2 * MINUTE,
  },
  typos: {
    commands: ['node scripts/check/typos.js'],
    count: counts.ofPlainLine,
    timeout: 3 * MINUTE,
  },
  prose: {
    commands: ['node scripts/check/prose.js'],
    count: counts.ofPlainLine,
    timeout: 3 * MINUTE,
  },
  site: {
    // The documents as a site, and each of its links.
    commands: ['node scripts/docs.js'],
    count: counts.ofPlainLine,
    timeout: 10 * MINUTE,
  },
  deny: {
    commands: ['node scripts/check/deny.js'],
    count: counts.ofPlainLine,
    timeout: 5 * MINUTE,
  },
  zizmor: {
    commands: ['node scripts/check/zizmor.js'],
    count: counts.ofPlainLine,
    timeout: 3 * MINUTE,
  },
  targets: {
    // The addon for each platform; nothing is linked.
    commands: ['node scripts/check/targets.js'],
    count: counts.ofPlainLine,
    timeout: 15 * MINUTE,
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
    missing: cargo('clippy'),
  },
  rust: {
    commands: ['cargo test --no-default-features --features sockets'],
    count: counts.ofCargo,
    timeout: 15 * MINUTE,
  },
  node: {
    commands: suite(...ABOUT_A_TRANSPORT, ...ON_ANY_TRANSPORT, 'front', 'secure', 'cli', 'examples'),
    count: counts.ofNode,
    timeout: 15 * MINUTE,
  },
  streams: {
    // What is about a transport once more, with every socket on the stream transport.
    commands: suite(...ABOUT_A_TRANSPORT),
    env: { WEBSOCKETS_TEST_TRANSPORT: 'stream' },
    count: counts.ofNode,
    timeout: 15 * MINUTE,
  },
  'streams-rest': {
    // And what holds on any: streams and streams-rest together are the whole suite.
    commands: suite(...ON_ANY_TRANSPORT),
    env: { WEBSOCKETS_TEST_TRANSPORT: 'stream' },
    count: counts.ofNode,
    timeout: 15 * MINUTE,
  },
  tls: {
    // The same over wss://, with a certificate made for the run.
    commands: suite(...ABOUT_A_TRANSPORT),
    env: { WEBSOCKETS_TEST_TRANSPORT: 'tls' },
    count: counts.ofNode,
    timeout: 15 * MINUTE,
  },
  secure: {
    // And by `createSecureServer`, whose TLS is that of the shards.
    commands: suite(...ABOUT_A_TRANSPORT),
    env: { WEBSOCKETS_TEST_TRANSPORT: 'secure' },
    count: counts.ofNode,
    timeout: 15 * MINUTE,
  },
  front: {
    // And by `createServer`: a shard accepts, and reads the requests.
    commands: suite(...ABOUT_A_TRANSPORT),
    env: { WEBSOCKETS_TEST_TRANSPORT: 'front' },
    count: counts.ofNode,
    timeout: 15 * MINUTE,
  },
  'secure-front': {
    // The same by `createSecureServer`.
    commands: suite(...ABOUT_A_TRANSPORT),
    env: { WEBSOCKETS_TEST_TRANSPORT: 'secure-front' },
    count: counts.ofNode,
    timeout: 15 * MINUTE,
  },
  'tls-rest': {
    commands: suite(...ON_ANY_TRANSPORT),
    env: { WEBSOCKETS_TEST_TRANSPORT: 'tls' },
    count: counts.ofNode,
    timeout: 15 * MINUTE,
  },
  leader: {
    // The JavaScript thread reads and writes wherever it can; and whoever does changes at every opportunity.
    commands: suite(...ABOUT_A_TRANSPORT),
    env: { WEBSOCKETS_LEADER: 'javascript' },
    count: counts.ofNode,
    timeout: 15 * MINUTE,
  },
  'leader-changes': {
    commands: suite('base', 'process', 'protocol'),
    env: { WEBSOCKETS_LEADER: 'changing' },
    count: counts.ofNode,
    timeout: 15 * MINUTE,
  },
  autobahn: {
    // HTTP/2 and Node's TLS hand the bytes to one of the first two: the short cases show that they come and go in order.
    // TLS by Rust also has messages of many records, and many messages.
    commands: [
      'socket both',
      'stream both',
      'ws both',
      `secure both ${SHORT} ${OF_MANY_RECORDS}`,
      ...['http2', 'tls'].map((door) => `${door} server ${SHORT}`),
    ].map(autobahn),
    count: counts.ofPlainLine,
    timeout: 10 * MINUTE,
  },
  'autobahn-full': {
    // All cases with compression as well: more than an hour.
    commands: ['socket both all', 'stream both all', 'ws both all', 'secure both all'].map(autobahn),
    count: counts.ofPlainLine,
    timeout: 60 * MINUTE,
  },
  browser: {
    commands: nodeTest(['browser']),
    count: counts.ofNode,
    timeout: 5 * MINUTE,
  },
  brokers: {
    // Real ones, as processes of their own. A test fails where redis-server or nats-server is missing.
    commands: nodeTest(['backplane/brokers']),
    count: counts.ofNode,
    timeout: 5 * MINUTE,
  },
  interop: {
    commands: ['node __test__/interop/setup.js', ...nodeTest(['interop', 'interop/libraries'])],
    count: counts.ofNode,
    timeout: 8 * MINUTE,
  },
  stress: {
    // What takes long, or a process to itself: floods, faults, teardown. Each file says on which
    // transports it runs.
    commands: nodeTest(['stress']),
    count: counts.ofNode,
    timeout: 15 * MINUTE,
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
    missing: cargo('+nightly miri'),
  },
  address: {
    // AddressSanitizer, where memory changes hands: random frames, calls from within listeners, workers, ends.
    commands: [address('socket', OF_MEMORY), address('stream', OF_STREAMS)],
    count: counts.ofSanitizer,
    timeout: 10 * MINUTE,
    missing: () => sanitizer.missing('asan'),
  },
  'address-full': {
    // The whole suite, on each transport.
    commands: ['socket', 'stream', 'tls'].map((transport) => address(transport, WHOLE)),
    count: counts.ofSanitizer,
    timeout: 60 * MINUTE,
    missing: () => sanitizer.missing('asan'),
  },
  thread: {
    // ThreadSanitizer, over the tests in Rust of what the threads share.
    commands: ['node scripts/check/thread.js --lib engine'],
    count: counts.ofSanitizer,
    timeout: 10 * MINUTE,
    missing: () => sanitizer.missing('tsan', { source: true }),
  },
  'thread-full': {
    commands: ['node scripts/check/thread.js'],
    count: counts.ofSanitizer,
    timeout: 30 * MINUTE,
    missing: () => sanitizer.missing('tsan', { source: true }),
  },
  soak: {
    // By itself, and with whoever reads and writes changing at every opportunity.
    commands: ['node __test__/soak/run.js --minutes 1', 'node __test__/soak/run.js --minutes 1 --leader changing'],
    count: counts.ofPlainLine,
    timeout: 5 * MINUTE,
  },
  package: {
    // The first time it fetches the package managers, and builds the sources of the tarball.
    commands: ['node __test__/package/managers/setup.js', ...nodeTest(['package', 'package/managers'])],
    count: counts.ofNode,
    timeout: 15 * MINUTE,
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
  platforms: {
    // The binaries of other platforms, and all of the suite that runs in an emulator: an hour on two cores.
    commands: ['node __test__/platforms/run.js'],
    count: counts.ofPlainLine,
    timeout: 120 * MINUTE,
  },
  'platforms-core': {
    // One transport, and what an app meets first.
    commands: ['node __test__/platforms/run.js core'],
    count: counts.ofPlainLine,
    timeout: 15 * MINUTE,
  },
};
