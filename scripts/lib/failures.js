'use strict';

const { stripVTControlCharacters: plain } = require('node:util');

/** Most that are named: one fault may fail a hundred tests. */
const MOST = 20;
/** Most characters of each. */
const LENGTH = 250;

/**
 * Reads out of a command's output what failed, and what was said of it: for whoever sees the end of a long log alone.
 *
 * @param {string} output of `node --test` or `cargo test`, or of a check of our own
 * @returns {string[]} each failed test with its place and the first line of its error; the last lines, if none is named
 */
function failures(output) {
  const text = plain(output).replaceAll('\r\n', '\n');
  const ofNode = [...text.matchAll(/^test at (.+)\n\S (.+) \([\d.]+ms\)\n(?: +(.+))?/gm)].map(
    ([, place, title, error = '']) => `${place} ${title}: ${error}`,
  );
  const ofCargo = [...text.matchAll(/^test (.+) \.\.\. FAILED$/gm)].map(([, name]) => name);
  const named = [...ofNode, ...ofCargo];
  const all = named.length > 0 ? named : text.trim().split('\n').slice(-3);
  const rest = all.length - MOST;
  const shown = all.slice(0, MOST).map((one) => one.slice(0, LENGTH));
  return rest > 0 ? [...shown, `and ${rest} more`] : shown;
}

module.exports = failures;
