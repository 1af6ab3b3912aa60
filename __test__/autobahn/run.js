'use strict';

// AUTOBAHN_HOME=folder node __test__/autobahn/run.js [DOOR [server | client | both [cases…]]]
//
// Runs the Autobahn test suite against server.js, or has client.js run it; see suite.js for what the
// folder must hold. A door is one of DOORS: `socket` and `stream` are a Base's transports, `ws` is the entry `websockets/ws`,
// `secure` is wss:// by `createSecureServer` and by a `Client`, and `tls` wss:// by `https.createServer`. The report
// stays in .cache/autobahn. Cases are names or patterns, and `all` is all of them; by default, all without compression and
// a sample of those with it, which take long. Every case must be OK or INFORMATIONAL. Some wait a second for the peer,
// which is not enough on an overloaded machine: a few that fail are run once more by name, and said to have been. `both` is the two
// roles side by side, for the suite takes no more than one core. `http2` and `tls` are for the server alone.

const { spawn } = require('node:child_process');
const { once } = require('node:events');
const path = require('node:path');
const Suite = require('./suite');

const REPORTS = path.join(__dirname, '..', '..', '.cache', 'autobahn');
const [DOOR = 'socket', ROLE = 'server', ...ASKED] = process.argv.slice(2);

/** Programs that are under test, and by which transport; the entry of `ws` and a `Client` choose that themselves. */
const DOORS = {
  socket: { server: ['server.js'], client: ['client.js'], transport: 'socket', name: 'the socket transport' },
  stream: { server: ['server.js'], client: ['client.js'], transport: 'stream', name: 'the stream transport' },
  ws: { server: ['ws-server.js'], client: ['ws-client.js'], transport: '', name: 'websockets/ws' },
  http2: { server: ['server.js'], transport: 'http2', name: 'HTTP/2' },
  secure: {
    server: ['server.js'],
    client: ['tls-bridge.js', 'secure-client.js'],
    transport: 'secure',
    name: 'wss',
  },
  tls: { server: ['server.js'], transport: 'tls', name: 'wss, by https.createServer' },
};
const UNDER_TEST = DOORS[DOOR];

/** Sections without compression; there is no 8. */
const PLAIN = ['1.*', '2.*', '3.*', '4.*', '5.*', '6.*', '7.*', '9.*', '10.*'];
/** Sections with compression, whose cases take seconds each, and how many cases each has: kinds of data and settings. */
const COMPRESSED = ['12.1', '12.2', '12.3', '12.4', '12.5', '13.1', '13.2', '13.3', '13.4', '13.5', '13.6', '13.7'];
const CASES_OF_EACH = 18;
/** One case of so many is run, in each section another one, and by each door another one. */
const ONE_OF = 12;
/** By how much the doors differ: there may be six. */
const STEP = 2;

/** @returns {string[]} cases of each section; together they have every size and way to cut a message into frames */
function sample() {
  const door = Object.keys(DOORS).indexOf(DOOR);
  const isIn = (section, number) => (number + section) % ONE_OF === door * STEP;
  return COMPRESSED.flatMap((name, section) => {
    const numbers = Array.from({ length: CASES_OF_EACH }, (_, index) => index + 1);
    return numbers.filter((number) => isIn(section, number)).map((number) => `${name}.${number}`);
  });
}

/** How many cases there are, where that is known: a suite that runs fewer has not passed. */
const CASES = { plain: 301, all: 517 };
const A_FEW = 10;

/** The cases that were asked for, and how many they are at least. */
function choose() {
  if (ASKED.length === 0) {
    const compressed = sample();
    return { cases: [...PLAIN, ...compressed], expected: CASES.plain + compressed.length };
  }
  if (ASKED[0] === 'all') return { cases: ['*'], expected: CASES.all };
  return { cases: ASKED, expected: 1 };
}

/** @param {'server' | 'client'} role @returns {string[]} the program that is under test, after what runs it */
const programOf = (role) => UNDER_TEST[role].map((name) => path.join(__dirname, name));

/** @returns {Promise<{ server: import('node:child_process').ChildProcess, url: string }>} */
async function startServer() {
  const server = spawn(process.execPath, programOf('server'), {
    env: { ...process.env, PORT: '0', WEBSOCKETS_TEST_TRANSPORT: UNDER_TEST.transport },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const url = await Promise.race([
    once(server.stdout.setEncoding('utf8'), 'data').then(([text]) => text.trim()),
    once(server, 'exit').then(([status]) => {
      throw new Error(`the server ended with status ${status}`);
    }),
  ]);
  return { server, url };
}

/** @returns {Suite} installed */
function prepare() {
  const home = process.env.AUTOBAHN_HOME;
  if (!home) throw new Error('set AUTOBAHN_HOME to the folder of the Autobahn test suite (see suite.js)');
  const suite = new Suite(path.resolve(home));
  suite.setup();
  return suite;
}

/** @returns {Promise<{ passed: number, failed: number }>} of both roles, each a process of its own */
async function runBoth() {
  prepare(); // once, before two find nothing
  const sums = await Promise.all(
    ['server', 'client'].map(async (role) => {
      const child = spawn(process.execPath, [__filename, DOOR, role, ...ASKED], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      let output = '';
      child.stdout.setEncoding('utf8').on('data', (text) => (output += text));
      await once(child, 'close');
      process.stdout.write(output);
      const [, passed, failed] = /^(\d+) passed, (\d+) failed\n$/m.exec(output) ?? ['', 0, 1];
      return { passed: Number(passed), failed: Number(failed) };
    }),
  );
  return sums.reduce((sum, one) => ({ passed: sum.passed + one.passed, failed: sum.failed + one.failed }));
}

/** @returns {Promise<{ passed: number, failed: number }>} */
async function run() {
  if (UNDER_TEST === undefined) throw new Error(`no such transport or entry: ${DOOR}`);
  if (ROLE === 'both') return runBoth();
  if (ROLE !== 'server' && ROLE !== 'client') throw new Error(`no such role: ${ROLE}`);
  if (UNDER_TEST[ROLE] === undefined) throw new Error(`${DOOR} has no ${ROLE}`);
  const { total, failed, expected } = await runRole(prepare());
  const passed = total - failed.length;
  console.log(
    `autobahn, ${ROLE} over ${UNDER_TEST.name}: ${total} cases, ${passed} OK/INFORMATIONAL${failed.map((name) => `\n  not so: ${name}`).join('')}`,
  );
  const missing = Math.max(0, expected - total);
  if (missing > 0) console.log(`autobahn: ${missing} of ${expected} cases were not run`);
  return { passed, failed: failed.length + missing };
}

/** @returns {Promise<{ total: number, failed: string[], expected: number }>} */
async function runRole(suite) {
  const { cases, expected } = choose();
  const testing = ROLE === 'server' ? await testServer(suite) : testClient(suite);
  try {
    const all = testing.test(`${ROLE}-${DOOR}`, cases);
    if (all.failed.length === 0 || all.failed.length > A_FEW) return { ...all, expected };
    console.log(`autobahn: once more, by name: ${all.failed.join(' ')}`);
    const again = testing.test(`${ROLE}-${DOOR}-again`, all.failed);
    return { total: all.total, failed: again.failed, expected };
  } finally {
    testing.end();
  }
}

/** The cases against our server. */
async function testServer(suite) {
  const { server, url } = await startServer();
  return {
    test: (name, cases) => suite.testServer(url, path.join(REPORTS, name), cases),
    end: () => server.kill(),
  };
}

/** The cases against our client, which is started for each run. */
function testClient(suite) {
  const words = [process.execPath, ...programOf('client')].map((word) => `'${word}'`);
  const command = `WEBSOCKETS_TEST_TRANSPORT=${UNDER_TEST.transport} ${words.join(' ')}`;
  return {
    test: (name, cases) => suite.testClient(command, path.join(REPORTS, name), cases),
    end: () => {},
  };
}

run().then(
  ({ passed, failed }) => {
    console.log(`${passed} passed, ${failed} failed`);
    if (failed > 0) process.exitCode = 1;
  },
  (error) => {
    console.error(`autobahn: ${error.message}`);
    console.log('0 passed, 1 failed');
    process.exitCode = 1;
  },
);
