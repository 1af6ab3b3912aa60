'use strict';

const { interpreterOf } = require('./interpreter.js');

/**
 * @typedef {object} Platform
 * @property {string} name as the binary and its package are named: `linux-x64-gnu`
 * @property {string} text the same for people: `linux x64 (glibc 2.36)`
 */

/**
 * What of `process.report` finds the C library.
 *
 * @typedef {object} Report
 * @property {boolean} [excludeNetwork]
 * @property {() => { header: { glibcVersionRuntime?: string } }} getReport
 */

/** What follows platform and architecture, if that is not the C library. @type {Record<string, string>} */
const SUFFIX = { win32: '-msvc' };

/**
 * The version of glibc that this process runs with. Finding it out takes some milliseconds, so only what cannot do without
 * it asks for it.
 *
 * @returns {string | null | undefined} `null` if it runs with another C library, `undefined` if that cannot be found out
 */
function glibcVersion() {
  const report = /** @type {Report | undefined} */ (process.report);
  const { excludeNetwork } = report ?? {};
  try {
    if (report === undefined) return undefined; // a runtime without reports
    report.excludeNetwork = true; // or it looks up the names of all peers
    return report.getReport().header.glibcVersionRuntime ?? null;
  } catch {
    return undefined;
  } finally {
    if (report) report.excludeNetwork = excludeNetwork;
  }
}

/**
 * The C library that this process was linked with. Only the process itself knows: a system may have both, and each program
 * runs with its own.
 *
 * @returns {'gnu' | 'musl'}
 */
function libc() {
  const interpreter = interpreterOf(process.execPath);
  const isMusl = interpreter === undefined ? glibcVersion() === null : /\/ld-musl-/.test(interpreter);
  return isMusl ? 'musl' : 'gnu';
}

/** @param {'gnu' | 'musl'} abi @returns {string} the C library, for people */
function libcText(abi) {
  return abi === 'musl' ? 'musl' : `glibc ${glibcVersion() ?? 'of an unknown version'}`;
}

/** @returns {Platform} the one that this process runs on */
function thisPlatform() {
  const { platform, arch } = process;
  if (platform !== 'linux')
    return { name: `${platform}-${arch}${SUFFIX[platform] ?? ''}`, text: `${platform} ${arch}` };
  const abi = libc();
  const hard = arch === 'arm' ? 'eabihf' : '';
  return {
    name: `linux-${arch}-${abi}${hard}`,
    get text() {
      return `linux ${arch} (${libcText(abi)})`;
    },
  };
}

module.exports = { thisPlatform };
