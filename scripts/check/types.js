'use strict';

// node scripts/check/types.js: checks the types of lib/ with TypeScript, by tsconfig.json. Counts files.

const { spawnSync } = require('node:child_process');
const path = require('node:path');
const report = require('../lib/report');
const root = require('../lib/root');

report(() => {
  const tsc = require.resolve('typescript/bin/tsc', { paths: [root] });
  const args = [tsc, '--project', root, '--listFiles', '--pretty', 'false'];
  const { status, error, stdout, stderr } = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8' });
  if (error) throw error;
  const lines = (stdout + stderr).split(/\r?\n/).filter((line) => line !== '');
  const isListed = (line) => path.isAbsolute(line);
  const files = lines.filter((line) => isListed(line) && line.startsWith(`${root.replaceAll('\\', '/')}/lib/`));
  const found = lines.filter((line) => !isListed(line));
  const wrong = new Set(found.map((line) => /^([^\s(]+)\(\d+,\d+\): /.exec(line)?.[1]).filter(Boolean));
  // A compiler that fails without naming a file counts as one failure.
  const failed = status === 0 ? 0 : Math.max(wrong.size, 1);
  return { passed: Math.max(files.length - failed, 0), failed, output: found.join('\n') };
});
