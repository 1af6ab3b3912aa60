'use strict';

const NAMES = { 0: 'continuation', 1: 'text', 2: 'binary', 8: 'close', 9: 'ping', 10: 'pong' };

/**
 * Counts the frames that pass, by direction and kind, for all connections and for each. It changes
 * nothing, so the peer need not know of it.
 */
class Metrics {
  /** Of all connections that ever had it on. */
  total = { read: {}, written: {} };
  /** By connection: it goes when the connection goes. */
  #each = new WeakMap();

  /** @returns {import('websockets').Extension} what belongs into `base.extensions` */
  get extension() {
    const tap = (direction) => {
      const count = this.#count.bind(this);
      // No arrow function: `this` is the connection.
      return function pass(next, frame) {
        count(this, direction, frame);
        next(null, frame);
      };
    };
    return { read: tap('read'), write: tap('written') };
  }

  /**
   * @param {object} connection what `base.sockets[sid]` holds
   * @returns {{ read: object, written: object }} kind → `{ frames, bytes }`
   */
  of(connection) {
    if (!this.#each.has(connection)) this.#each.set(connection, { read: {}, written: {} });
    return this.#each.get(connection);
  }

  #count(connection, direction, { opcode, length }) {
    const kind = NAMES[opcode] ?? 'unknown';
    for (const counts of [this.total, this.of(connection)]) {
      counts[direction][kind] ??= { frames: 0, bytes: 0 };
      const count = counts[direction][kind];
      count.frames++;
      count.bytes += length;
    }
  }
}

module.exports = Metrics;
