'use strict';

const os = require('node:os');
const { expectedOf } = require('./expected');
const runFile = require('./file');

/** @returns {string} */
const indent = (text = '') => text.trimEnd().replace(/^/gm, '    ');

/**
 * Runs the files, as many at a time as there are cores, and says what is not as expected.
 *
 * @param {{ runtime: import('./catalog').Runtime, transport: string }} where
 * @param {string[]} files of `__test__`
 * @returns {Promise<{ passed: number, failed: number, expected: number }>} `failed`: against what was expected
 */
async function runSuite({ runtime, transport }, files) {
  const sum = { passed: 0, failed: 0, expected: 0 };
  const queue = [...files];
  const worker = async () => {
    for (let file = queue.shift(); file !== undefined; file = queue.shift()) {
      const expected = expectedOf(runtime, transport, file);
      const results = await runFile(
        runtime,
        transport,
        file,
        [...expected.keys()].filter((name) => !expected.get(name).sometimes),
      );
      const failures = results.filter(({ outcome }) => outcome === 'failed');
      const names = new Set(failures.map(({ name }) => name));
      sum.passed += results.filter(({ outcome }) => outcome === 'passed').length;
      for (const { name, error } of failures) {
        if (expected.has(name)) {
          sum.expected++;
        } else {
          sum.failed++;
          console.log(`✖ ${runtime.title}, ${transport}, ${file}: ${name}\n${indent(error)}`);
        }
      }
      for (const [name, { sometimes }] of expected) {
        if (sometimes || names.has(name)) continue;
        sum.failed++;
        const passed = results.some((result) => result.name === name && result.outcome === 'passed');
        console.log(
          `✖ ${runtime.title}, ${transport}, ${file}: ${name}\n    stands in expected.js, and ${passed ? 'passed' : 'did not run'}`,
        );
      }
    }
  };
  await Promise.all(Array.from({ length: os.cpus().length }, worker));
  return sum;
}

module.exports = runSuite;
