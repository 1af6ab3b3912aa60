'use strict';

const native = require('./native.js');

/**
 * What all copies of this JavaScript have in common that are loaded on one binary, as by Jest's `resetModules`: their
 * slots are of one table, and the dispatchers are the first copy's. What a table holds is said where it is used; the
 * type of it would make an import upward.
 *
 * @typedef {object} Shared
 * @property {unknown[]} connections that shards carry, by slot
 * @property {unknown[]} runs of each of those, how the copy that it is of delivers to it
 * @property {{ data: unknown, how: number, slot: number, times: number }} sent the frame that was sent last in this tick:
 *   what, how, to which slot, and to how many one after the other
 * @property {number} next where the next of the records that are being delivered begins
 * @property {boolean} isAttached whether a copy has attached the dispatcher for shards
 * @property {unknown[]} streams the transports of streams, by slot
 * @property {boolean} areStreamsAttached whether a copy has attached the dispatcher for streams
 * @property {unknown} [row] who has more to deliver than one turn of the event loop has time for
 * @property {boolean} [isTurnCalled] whether the event loop is to come back to those
 */

/** What is kept on the binary's exports: the only object that all copies have. @returns {Shared} */
function share() {
  const exported = /** @type {{ shared?: Shared }} */ (native);
  exported.shared ??= {
    connections: [],
    runs: [],
    sent: { data: undefined, how: 0, slot: 0, times: 0 },
    next: 0,
    isAttached: false,
    streams: [],
    areStreamsAttached: false,
  };
  return exported.shared;
}

module.exports = share();
