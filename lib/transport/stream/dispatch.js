'use strict';

const turns = require('../../connection/turns.js');
const native = require('../../native/native.js');
const { slice } = require('../../native/pool.js');
const shared = require('../../native/shared.js');
const { now } = require('../../util/clock.js');

/** @typedef {import('../../native/functions').Payload} Payload */

/**
 * What hears of a stream's records.
 *
 * @typedef {object} Taker
 * @property {(kind: number, payload: Payload, code?: number, errorCode?: string) => void} take
 * @property {() => void} leave the process ends
 */

/**
 * Where the slot of a connection is kept; once that is over, it is the slot that no connection has.
 *
 * @typedef {{ slot: number }} Handle
 */

const transports = /** @type {(Taker | undefined)[]} */ (shared.streams);

/** The transports of open connections, for the end of the process. @type {Set<Taker>} */
const running = new Set();

if (!shared.areStreamsAttached) {
  native.attachStreams(
    (tag, payload, code, last) => {
      const transport = transports[tag >>> 4];
      if (typeof last === 'number') {
        const memory = /** @type {ArrayBuffer} */ (payload);
        transport?.take(tag & 15, slice(memory, /** @type {number} */ (code), last));
      } else {
        transport?.take(tag & 15, /** @type {Payload} */ (payload), code, last);
      }
    },
    () => turns.later(takeTurns),
  );
  shared.areStreamsAttached = true;
}

/** What there was no time for is taken, now that the event loop has had its turn. */
function takeTurns() {
  native.streamTurns(Math.floor(now()));
}

/** Says to all open connections that the process ends. */
function leaveAll() {
  for (const transport of running) {
    transport.leave();
  }
}

/**
 * Says which transport hears of this slot.
 *
 * @param {number} slot
 * @param {Taker} transport
 */
function bind(slot, transport) {
  transports[slot] = transport;
  if (running.size === 0) {
    process.on('exit', leaveAll);
  }
  running.add(transport);
}

/** The connection is over: its slot is another's from now on. @param {number} slot */
function unbind(slot) {
  running.delete(/** @type {Taker} */ (transports[slot]));
  if (running.size === 0) {
    process.off('exit', leaveAll);
  }
  transports[slot] = undefined;
}

module.exports = { bind, unbind };
