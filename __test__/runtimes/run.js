'use strict';

// node __test__/runtimes/run.js [core] [runtime…] [transport…] [file…]
//
// Runs the suite of `Base` in other runtimes than the one at hand: each version in versions.json, on the
// stream transport, Node.js on the socket transport too. `core` is what .ci/run has time for: the oldest
// Node.js, Bun and Deno, on the stream transport, and of the files those that no runtime could do without.
// Or by name: `node`, `node-18.20.8`, `bun`; `socket`; `base/close.test.js`.
//
// What fails has to stand in expected.js, and what stands there has to fail.

const { ABOUT_A_TRANSPORT, ON_ANY_TRANSPORT, testFiles } = require('../../scripts/lib/test-files');
const { runtimes } = require('./catalog');
const CORE = require('./core');
const { FILES } = require('./expected');
const install = require('./install');
const runSuite = require('./suite');
const table = require('./table');

/** What is no test of `Base`: the compiler runs in Node.js whatever runs the tests, and documents do not run. */
const ELSEWHERE = ['docs/imports.test.js', 'docs/links.test.js', 'docs/map.test.js', 'docs/types.test.js'];

/** What Bun and Deno are not asked about: their `node:http2` ends the process, or does not know extended CONNECT. */
const isForNodeAlone = (name) => name.startsWith('http2/');

const all = testFiles([...ABOUT_A_TRANSPORT, ...ON_ANY_TRANSPORT])
  .filter((name) => !ELSEWHERE.includes(name))
  .sort();

/** @returns {{ runtime: import('./catalog').Runtime, transport: string }[]} what is to be run, and of which files */
function choose(args) {
  const names = new Set(args);
  const core = names.delete('core');
  const take = (values) => values.filter((value) => names.delete(value));
  const files = take(all);
  const transports = take(['stream', 'socket']);
  const asked = runtimes.filter(({ kind, name }) => names.has(kind) || names.has(name));
  for (const { kind, name } of asked) [kind, name].forEach((each) => names.delete(each));
  if (names.size > 0) {
    const allowed = ['core', ...runtimes.map(({ name }) => name)].join(', ');
    throw new Error(`no runtime, transport or test file: ${[...names].join(', ')} (runtimes: ${allowed})`);
  }
  const nodes = runtimes.filter(({ kind }) => kind === 'node');
  const isCore = (runtime) => runtime.kind !== 'node' || runtime === nodes[0];
  const chosen = asked.length > 0 ? asked : core ? runtimes.filter(isCore) : runtimes;
  const wanted = transports.length > 0 ? transports : core ? ['stream'] : ['stream', 'socket'];
  const runs = chosen.flatMap((runtime) =>
    runtime.transports.filter((one) => wanted.includes(one)).map((transport) => ({ runtime, transport })),
  );
  return { runs, files: files.length > 0 ? files : core ? CORE : all };
}

async function main(args) {
  const { runs, files } = choose(args);
  for (const runtime of new Set(runs.map((each) => each.runtime))) {
    console.log(`${runtime.title} …`);
    install(runtime);
  }
  const total = { passed: 0, failed: 0 };
  for (const each of runs) {
    const started = Date.now();
    const asked = files.filter((name) => each.runtime.kind === 'node' || !isForNodeAlone(name));
    const { passed, failed, expected } = await runSuite(each, asked);
    total.passed += passed;
    total.failed += failed;
    const seconds = ((Date.now() - started) / 1000).toFixed();
    console.log(
      `${each.runtime.title}, ${each.transport}: ${passed} passed, ${expected} failed as expected, ${failed} not as expected, ${seconds} s`,
    );
  }
  console.log(`\n${table.markdown()}\n`);
  for (const file of FILES.filter((name) => !all.includes(name))) {
    total.failed++;
    console.log(`✖ expected.js has the file ${file}, which is not there`);
  }
  if (!table.isInTheDocs()) {
    total.failed++;
    console.log('✖ docs/runtimes.md has another table');
  }
  console.log(`${total.passed} passed, ${total.failed} failed`);
  process.exitCode = total.failed === 0 && total.passed > 0 ? 0 : 1;
}

main(process.argv.slice(2)).catch((error) => {
  console.error(error.message);
  process.exitCode = 1;
});
