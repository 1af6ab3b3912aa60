'use strict';

const { spawn } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const root = require('../../scripts/lib/root');

/** How long a file may say nothing, in ms: no test has a longer limit, and none begins later. */
const SILENCE = 310_000;
/** How long a process may live on when its tests are done. */
const TO_END = 10_000;

/** What a file whose process lives on fails by. */
const ENDS = 'the process ends by itself';
/** And one that never came to its tests. */
const LOADS = 'the file loads';

let files = 0;

/**
 * @typedef {object} Result
 * @property {string} name
 * @property {'passed' | 'failed' | 'skipped'} outcome
 * @property {string} [error]
 */

/**
 * Runs a test file in a runtime.
 *
 * @param {import('./catalog').Runtime} runtime
 * @param {string} transport
 * @param {string} file its path in `__test__`
 * @param {string[]} expected names of tests that are expected to fail
 * @returns {Promise<Result[]>} of each test that began
 */
async function runFile({ command, env }, transport, file, expected) {
  const results = path.join(os.tmpdir(), `websockets-runtimes-${process.pid}-${files++}.jsonl`);
  fs.writeFileSync(results, '');
  const args = [path.join(__dirname, 'harness.js'), path.join('__test__', file), results, JSON.stringify(expected)];
  const child = spawn(command[0], [...command.slice(1), ...args], {
    cwd: root,
    detached: true, // a group of its own, with its children
    env: { ...process.env, WEBSOCKETS_TEST_TRANSPORT: transport, NODE_OPTIONS: '', NO_COLOR: '1', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => (output = (output + text).slice(-4_000)));
  }
  const how = await ended(child, results, Number(env?.WEBSOCKETS_TEST_PATIENCE ?? 1));
  const lines = fs
    .readFileSync(results, 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));
  fs.rmSync(results);
  return judge(lines, how, output);
}

/**
 * Waits for the end, and ends what does not end.
 *
 * @param {import('node:child_process').ChildProcess} child
 * @param {string} results the file that it says them in
 * @param {number} patience how many times as long as usual it may say nothing
 * @returns {Promise<string>} how it ended
 */
function ended(child, results, patience) {
  return new Promise((resolve) => {
    let size = -1;
    let since = Date.now();
    const timer = setInterval(() => {
      const now = fs.statSync(results).size;
      if (now !== size) [size, since] = [now, Date.now()];
      const limit = fs.readFileSync(results, 'utf8').endsWith('{"done":true}\n') ? TO_END : SILENCE * patience;
      if (Date.now() - since > limit) kill();
    }, 1_000);
    const kill = () => {
      try {
        process.kill(-child.pid, 'SIGKILL');
      } catch {
        /* it is gone already */
      }
    };
    child.once('error', (error) => {
      clearInterval(timer);
      resolve(error.message);
    });
    child.once('close', (status, signal) => {
      clearInterval(timer);
      kill(); // what it has left behind
      resolve(signal ?? `status ${status}`);
    });
  });
}

/**
 * @param {object[]} lines what the harness said
 * @param {string} how the process ended
 * @param {string} output what it printed last
 * @returns {Result[]}
 */
function judge(lines, how, output) {
  const found = lines.filter(({ name }) => name !== undefined);
  const last = lines.at(-1);
  if (last === undefined) return [{ name: LOADS, outcome: 'failed', error: `${how}\n${output}` }];
  if (last.begins !== undefined) {
    found.push({ name: last.begins, outcome: 'failed', error: `the process ended in it: ${how}\n${output}` });
  } else if ((!last.done || how !== 'status 0') && !found.some(({ outcome }) => outcome === 'failed')) {
    // What a test has left behind that failed says nothing.
    found.push({ name: ENDS, outcome: 'failed', error: `${how}\n${output}` });
  }
  return found;
}

module.exports = runFile;
