'use strict';

const native = require('../../native/native.js');
const { invalidType, outOfRange } = require('../../util/errors.js');

/** Who may lead, for apps: `docs/api/transports.md` says what each means. Tests know two more. */
const LEADERS = ['auto', 'thread'];

/**
 * Says who reads and writes for the connections of this JavaScript thread, if it is not to be left to the module.
 *
 * @param {unknown} leader `'auto'` or `'thread'`
 * @throws {TypeError | RangeError} where it is anything else
 */
function setLeader(leader) {
  if (typeof leader !== 'string') throw invalidType('The "leader" argument', "'auto' or 'thread'", leader);
  if (!LEADERS.includes(leader)) throw outOfRange('The "leader" argument', "'auto' or 'thread'", leader);
  native.setLeader?.(leader);
}

/**
 * Whether the event loop of this process is Node's own, and can watch what the I/O threads watch. Other runtimes export
 * functions of the same names that do nothing.
 *
 * @returns {boolean}
 */
function canLead() {
  const { bun, deno, electron, nw } = process.versions;
  return process.platform === 'linux' && (bun ?? deno ?? electron ?? nw) === undefined;
}

/** @returns {{ ioThreadsLed: number, leaderChanges: number }} for `stats()` */
function leaderStats() {
  return { ioThreadsLed: native.leads?.() ?? 0, leaderChanges: native.leaderChanges?.() ?? 0 };
}

module.exports = { canLead, leaderStats, setLeader };
