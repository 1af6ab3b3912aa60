'use strict';

// node scripts/check/zizmor.js: looks for what makes the workflows unsafe, by .github/zizmor.yml. Counts files.

const fs = require('node:fs');
const path = require('node:path');
const report = require('../lib/report');
const root = require('../lib/root');
const { runTool } = require('../lib/tools');

report(() => {
  const { ok, output } = runTool('zizmor', ['--offline', '--no-progress', '--color', 'never', '.github']);
  const files = fs.readdirSync(path.join(root, '.github', 'workflows')).length;
  // What it has read, each on a line of its own.
  const read = [...output.matchAll(/completed \.github\/workflows\/\S+/g)].length;
  const failed = ok && read === files ? 0 : 1;
  return { passed: files - failed, failed, output: failed === 0 ? '' : output };
});
