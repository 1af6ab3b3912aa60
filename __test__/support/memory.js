'use strict';

const fs = require('node:fs');

const KiB = 1024;
const MiB = 1 << 20;

/** @returns {number} the most bytes that this process has ever had resident, where the system says so */
function peakMemory() {
  try {
    const [, kibibytes] = /VmHWM:\s+(\d+) kB/.exec(fs.readFileSync('/proc/self/status', 'utf8'));
    return kibibytes * KiB;
  } catch {
    return process.resourceUsage().maxRSS * KiB; // no /proc
  }
}

/** @param {number} bytes @returns {string} */
function inMiB(bytes) {
  return `${(bytes / MiB).toFixed(1)} MiB`;
}

module.exports = { KiB, MiB, inMiB, peakMemory };
