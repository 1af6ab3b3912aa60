'use strict';

const { stripVTControlCharacters: plain } = require('node:util');

/**
 * @typedef {object} Counts
 * @property {number} passed
 * @property {number} failed
 * @property {number} skipped
 */

/**
 * Adds up the closing lines of a `cargo test`, one per test binary.
 *
 * @param {string} output
 * @returns {Counts}
 */
function ofCargo(output) {
  const counts = { passed: 0, failed: 0, skipped: 0 };
  for (const line of plain(output).matchAll(/^test result: .*? (\d+) passed; (\d+) failed; (\d+) ignored/gm)) {
    counts.passed += Number(line[1]);
    counts.failed += Number(line[2]);
    counts.skipped += Number(line[3]);
  }
  return counts;
}

/**
 * Reads the closing lines of `node --test` (`ℹ pass 12`). A cancelled test has failed; one marked
 * todo counts as skipped.
 *
 * @param {string} output
 * @returns {Counts}
 */
function ofNode(output) {
  const total = {};
  for (const [, name, n] of plain(output).matchAll(/^\S (pass|fail|cancelled|skipped|todo) (\d+)\r?$/gm)) {
    total[name] = Number(n); // the last one: a test's own output may hold such lines as well
  }
  const { pass = 0, fail = 0, cancelled = 0, skipped = 0, todo = 0 } = total;
  return { passed: pass, failed: fail + cancelled, skipped: skipped + todo };
}

/**
 * Reads a closing line `12 passed, 0 failed`.
 *
 * @param {string} output
 * @returns {Counts}
 */
function ofPlainLine(output) {
  const [, passed, failed] = [...plain(output).matchAll(/^(\d+) passed, (\d+) failed\r?$/gm)].pop() ?? [];
  return { passed: Number(passed ?? 0), failed: Number(failed ?? 0), skipped: 0 };
}

/**
 * Reads what the checks with a sanitizer print: a plain line of their own, and what the tests say that they ran.
 *
 * @param {string} output
 * @returns {Counts}
 */
function ofSanitizer(output) {
  const parts = [ofCargo(output), ofNode(output), ofPlainLine(output)];
  const sum = (key) => parts.reduce((total, part) => total + part[key], 0);
  return { passed: sum('passed'), failed: sum('failed'), skipped: sum('skipped') };
}

/**
 * Reads what `biome ci` says last: `Checked 12 files in 5ms.`, and what it found in them.
 *
 * @param {string} output
 * @param {boolean} ok
 * @returns {Counts}
 */
function ofBiome(output, ok) {
  const sum = (pattern) => [...plain(output).matchAll(pattern)].reduce((total, [, n]) => total + Number(n), 0);
  const files = sum(/^Checked (\d+) files? in /gm);
  const found = sum(/^Found (\d+) (?:errors?|warnings?)\./gm);
  return { passed: ok ? files : Math.max(files - found, 0), failed: ok ? 0 : found, skipped: 0 };
}

/**
 * A check that has nothing to count but its exit status.
 *
 * @param {string} _output
 * @param {boolean} ok
 * @returns {Counts}
 */
function ofCheck(_output, ok) {
  return { passed: ok ? 1 : 0, failed: ok ? 0 : 1, skipped: 0 };
}

module.exports = { ofBiome, ofCargo, ofCheck, ofNode, ofPlainLine, ofSanitizer };
