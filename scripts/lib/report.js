'use strict';

/** @typedef {{ passed: number, failed: number, output: string }} Counts */

/**
 * Runs a check, shows what it found and closes with the line `12 passed, 0 failed`. A check that
 * cannot run has failed.
 *
 * @param {() => Counts | Promise<Counts>} check
 */
async function report(check) {
  try {
    const { passed, failed, output } = await check();
    if (output !== '') console.log(output.trimEnd());
    console.log(`${passed} passed, ${failed} failed`);
    process.exitCode = failed === 0 ? 0 : 1;
  } catch (error) {
    console.error(error.message);
    console.log('0 passed, 1 failed');
    process.exitCode = 1;
  }
}

module.exports = report;
