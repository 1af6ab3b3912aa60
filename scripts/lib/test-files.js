'use strict';

const fs = require('node:fs');
const path = require('node:path');
const root = require('./root');

/**
 * The folders of `__test__` whose tests are about how a connection's bytes come and go, so that `npm test` runs
 * them on each transport.
 */
const ABOUT_A_TRANSPORT = ['pressure', 'protocol', 'socket'];

/** The other folders whose tests hold on each transport; `npm test` runs them on the socket transport alone. */
const ON_ANY_TRANSPORT = [
  'backplane',
  'base',
  'deflate',
  'docs',
  'engine-io',
  'extensions',
  'handshake',
  'http2',
  'monitor',
  'opentelemetry',
  'process',
  'soak',
  'topics',
  'ws',
];

/**
 * Lists test files one by one: what Node makes of a folder or a pattern differs from version to version.
 *
 * @param {string[]} folders of `__test__`
 * @returns {string[]} the test files right in them, such as `base/close.test.js`
 */
function testFiles(folders) {
  return folders.flatMap((folder) => {
    const full = path.join(root, '__test__', folder);
    const names = fs.existsSync(full) ? fs.readdirSync(full).sort() : [];
    return names.filter((name) => name.endsWith('.test.js')).map((name) => `${folder}/${name}`);
  });
}

module.exports = { ABOUT_A_TRANSPORT, ON_ANY_TRANSPORT, testFiles };
