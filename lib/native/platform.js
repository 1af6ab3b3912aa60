'use strict';

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
 * The C library that this process was linked with. Finding it out takes some milliseconds: only what
 * has failed asks for it.
 *
 * @returns {{ abi: 'gnu' | 'musl', text: string }}
 */
function libc() {
  const report = /** @type {Report | undefined} */ (process.report);
  const { excludeNetwork } = report ?? {};
  try {
    if (report === undefined) throw new Error('a runtime without reports');
    report.excludeNetwork = true; // or it looks up the names of all peers
    const { glibcVersionRuntime: version } = report.getReport().header;
    return version === undefined ? { abi: 'musl', text: 'musl' } : { abi: 'gnu', text: `glibc ${version}` };
  } catch {
    return { abi: 'gnu', text: 'unknown C library' };
  } finally {
    if (report) report.excludeNetwork = excludeNetwork;
  }
}

/** @returns {Platform} the one that this process runs on */
function thisPlatform() {
  const { platform, arch } = process;
  if (platform !== 'linux')
    return { name: `${platform}-${arch}${SUFFIX[platform] ?? ''}`, text: `${platform} ${arch}` };
  const { abi, text } = libc();
  const hard = arch === 'arm' ? 'eabihf' : '';
  return { name: `linux-${arch}-${abi}${hard}`, text: `linux ${arch} (${text})` };
}

module.exports = { thisPlatform };
