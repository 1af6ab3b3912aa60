'use strict';

// AUTOBAHN_HOME=folder node __test__/autobahn/run.js [socket | stream]
//
// Runs the Autobahn test suite against server.js; see suite.js for what the folder must hold. The
// report stays in .cache/autobahn. Compression (sections 12 and 13) is left out, and so is nothing
// else: every case must be OK or INFORMATIONAL. Some cases wait a second for the peer, which is not
// enough on an overloaded machine: a few that fail are run once more by name, and said to have been.

const { spawn } = require('node:child_process');
const { once } = require('node:events');
const path = require('node:path');
const Suite = require('./suite');

const REPORTS = path.join(__dirname, '..', '..', '.cache', 'autobahn');
const TRANSPORT = process.argv[2] ?? 'socket';
const CASES = 301;
const EXCLUDED = ['12.*', '13.*'];
const A_FEW = 10;

/** @returns {Promise<{ server: import('node:child_process').ChildProcess, url: string }>} */
async function startServer() {
  const server = spawn(process.execPath, [path.join(__dirname, 'server.js')], {
    env: { ...process.env, PORT: '0', WEBSOCKETS_TEST_TRANSPORT: TRANSPORT },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const url = await Promise.race([
    once(server.stdout.setEncoding('utf8'), 'data').then(([text]) => text.trim()),
    once(server, 'exit').then(([status]) => { throw new Error(`the server ended with status ${status}`); }),
  ]);
  return { server, url };
}

/** @returns {Promise<{ total: number, failed: string[] }>} */
async function run() {
  const home = process.env.AUTOBAHN_HOME;
  if (!home) throw new Error('set AUTOBAHN_HOME to the folder of the Autobahn test suite (see suite.js)');
  const suite = new Suite(path.resolve(home));
  suite.setup();
  const { server, url } = await startServer();
  try {
    const all = suite.test(url, path.join(REPORTS, TRANSPORT), ['*'], EXCLUDED);
    if (all.failed.length === 0 || all.failed.length > A_FEW) return all;
    console.log(`autobahn: once more, by name: ${all.failed.join(' ')}`);
    const again = suite.test(url, path.join(REPORTS, 'again'), all.failed);
    return { total: all.total, failed: again.failed };
  } finally {
    server.kill();
  }
}

run().then(({ total, failed }) => {
  const passed = total - failed.length;
  console.log(`autobahn over the ${TRANSPORT} transport: ${total} cases, ${passed} OK/INFORMATIONAL${failed.map((name) => `\n  not so: ${name}`).join('')}`);
  const missing = Math.max(0, CASES - total);
  if (missing > 0) console.log(`autobahn: ${missing} of ${CASES} cases were not run`);
  console.log(`${passed} passed, ${failed.length + missing} failed`);
  if (failed.length + missing > 0) process.exitCode = 1;
}, (error) => {
  console.error(`autobahn: ${error.message}`);
  console.log('0 passed, 1 failed');
  process.exitCode = 1;
});
