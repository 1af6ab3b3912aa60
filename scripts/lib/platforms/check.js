'use strict';

const fs = require('node:fs');
const path = require('node:path');
const { run, tool } = require('./tools');

const MACHINES = { x64: /^(X86_64|AMD64)$/, arm64: /^(AARCH64|ARM64)$/ };
/** What Node.js looks for, and what else binaries for Windows show of their runtime. */
const EXPORT = 'napi_register_module_v1';
const OF_RUNTIME = /^(_?_?Unwind_|_GCC_|unw_)/;
/** What a binary has at most, in bytes: one that is not stripped, or was built without its profile, has more. */
const LARGEST = 6 * 1024 * 1024;

/**
 * What a binary says of itself.
 *
 * @typedef {object} Facts
 * @property {string} format
 * @property {string} machine
 * @property {string[]} needed the libraries that it asks for
 * @property {string[]} exports
 * @property {string[]} [glibc] the versions that it asks for
 * @property {number[]} [system] the oldest macOS that it runs on
 */

/** @param {string} a @param {string} b @returns {number} below 0 if `a` is older: 2.9 is older than 2.17 */
function compareVersions(a, b) {
  const [one, other] = [a, b].map((version) => version.split('.').map(Number));
  return one[0] - other[0] || one[1] - other[1];
}

/** @param {string[]} versions @returns {string | undefined} the newest of them */
const newest = (versions = []) => [...versions].sort(compareVersions).at(-1);

/**
 * Finds what is wrong with a binary.
 *
 * @param {import('./catalog').Platform} platform
 * @param {Facts} facts
 * @param {number} size in bytes
 * @returns {string[]} one sentence each; none if it is as it has to be
 */
function problemsOf({ name, glibc, needs, env }, facts, size) {
  const problems = [];
  const [, arch] = name.split('-');
  if (!MACHINES[arch].test(facts.machine)) problems.push(`it is for ${facts.machine}, not for ${arch}`);
  const strange = facts.needed.filter((library) => !needs.test(library));
  if (strange.length > 0) problems.push(`it asks for ${strange.join(', ')}, which not every system has`);
  if (!facts.exports.includes(EXPORT)) problems.push(`it does not export ${EXPORT}`);
  const more = facts.exports.filter((one) => one !== EXPORT && !OF_RUNTIME.test(one));
  if (more.length > 0) problems.push(`it exports ${more.length} names more, ${more[0]} first`);
  const version = newest(facts.glibc);
  if (glibc === undefined && version !== undefined) problems.push(`it asks for glibc ${version}`);
  if (glibc !== undefined && (version === undefined || compareVersions(version, glibc) > 0)) {
    problems.push(`it asks for ${version === undefined ? 'no glibc' : `glibc ${version}`}, and not for ${glibc}`);
  }
  const system = facts.system?.slice(0, 2).join('.');
  if (system !== env.MACOSX_DEPLOYMENT_TARGET) problems.push(`it is for macOS ${system}`);
  if (size > LARGEST) problems.push(`it has ${size} bytes, more than ${LARGEST}`);
  return problems;
}

/**
 * Looks at a binary.
 *
 * @param {import('./catalog').Platform} platform
 * @param {string} file
 * @returns {string} what it is, in words
 * @throws {Error} saying what is wrong with it
 */
function check(platform, file) {
  const facts = JSON.parse(run(tool('python'), [path.join(__dirname, 'inspect.py'), file]));
  const { size } = fs.statSync(file);
  const problems = problemsOf(platform, facts, size);
  if (problems.length > 0) throw new Error(`${path.basename(file)}: ${problems.join('; ')}`);
  const version = newest(facts.glibc);
  return [
    `${facts.format} ${facts.machine}, ${Math.ceil(size / 1024)} KiB`,
    ...(version === undefined ? [] : [`glibc ${version}`]),
    ...(facts.system === undefined ? [] : [`macOS ${facts.system.slice(0, 2).join('.')}`]),
    `needs ${facts.needed.join(', ')}`,
  ].join(', ');
}

module.exports = { check, problemsOf };
