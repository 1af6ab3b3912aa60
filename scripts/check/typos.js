'use strict';

// node scripts/check/typos.js: looks for misspelled words, by typos.toml. Counts files.

const fs = require('node:fs');
const path = require('node:path');
const report = require('../lib/report');
const root = require('../lib/root');
const { runTool } = require('../lib/tools');

/** @param {string} text @returns {string[]} its lines that are not empty */
const lines = (text) => text.split('\n').filter((line) => line !== '');

/** What Git ignores: typos reads `.gitignore` only in a Git repository, and a copy of a checkout may be none. */
const ignored = lines(fs.readFileSync(path.join(root, '.gitignore'), 'utf8')).flatMap((glob) => ['--exclude', glob]);

report(() => {
  const { ok, output } = runTool('typos', [...ignored, '--format', 'brief', '--color', 'never']);
  const files = lines(runTool('typos', [...ignored, '--files']).output).length;
  const misspelled = new Set(lines(output).map((line) => line.split(':')[0])).size;
  const failed = ok ? 0 : Math.max(misspelled, 1);
  return { passed: files - failed, failed, output };
});
