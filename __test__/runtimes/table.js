'use strict';

const fs = require('node:fs');
const path = require('node:path');
const root = require('../../scripts/lib/root');
const { runtimes } = require('./catalog');
const { ABOUT_SOCKETS, countOf } = require('./expected');

/** @returns {string} the table of docs/runtimes.md, by what is expected: a run of the whole suite shows that it is so */
function markdown() {
  const cell = (runtime, transport) => {
    if (!runtime.transports.includes(transport)) return 'no';
    const failing = countOf(runtime, transport);
    return failing === 0 ? 'all' : `all but ${failing}`;
  };
  const rows = runtimes.map(
    (runtime) => `| ${runtime.title} | ${cell(runtime, 'stream')} | ${cell(runtime, 'socket')} |`,
  );
  return [
    '| tests that pass | stream transport | socket transport |',
    '|---|---|---|',
    ...rows,
    '',
    `${ABOUT_SOCKETS} tests are about the socket transport, and are not counted where there is none.`,
  ].join('\n');
}

/** @returns {boolean} */
const isInTheDocs = () => fs.readFileSync(path.join(root, 'docs', 'runtimes.md'), 'utf8').includes(`\n${markdown()}\n`);

module.exports = { isInTheDocs, markdown };
