'use strict';

const fs = require('node:fs');

const KiB = 1024;
const MiB = 1 << 20;

/** @returns {number} bytes of a process, of this kind, from /proc */
function bytesOf(pid, kind) {
  return Number(new RegExp(`${kind}:\\s+(\\d+) kB`).exec(fs.readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) * KiB;
}

/** @param {number} pid @returns {{ now: number, peak: number }} bytes that a process has resident, where there is /proc */
function memoryOf(pid) {
  return { now: bytesOf(pid, 'VmRSS'), peak: bytesOf(pid, 'VmHWM') };
}

/** @returns {number} the most bytes that this process has ever had resident, where the system says so */
function peakMemory() {
  try {
    return bytesOf('self', 'VmHWM');
  } catch {
    return process.resourceUsage().maxRSS * KiB; // no /proc
  }
}

/** @param {number} bytes @returns {string} */
function inMiB(bytes) {
  return `${(bytes / MiB).toFixed(1)} MiB`;
}

module.exports = { KiB, MiB, inMiB, memoryOf, peakMemory };
