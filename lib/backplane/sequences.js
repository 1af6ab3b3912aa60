'use strict';

/** Channels whose last number a publisher keeps. */
const CHANNELS = 16_384;

/** Publishers of one channel whose last number a receiver keeps. */
const PUBLISHERS = 1024;

/**
 * Adds an entry as the newest of a Map, which forgets its oldest past a limit.
 *
 * @template K, V
 * @param {Map<K, V>} map
 * @param {K} key
 * @param {V} value
 * @param {number} most
 * @returns {V | undefined} the value that was forgotten
 */
function renew(map, key, value, most) {
  map.delete(key);
  map.set(key, value);
  if (map.size <= most) return undefined;
  const [[oldest, forgotten]] = map;
  map.delete(oldest);
  return forgotten;
}

/** The numbers of what a process publishes: on each channel they count on from message to message. */
class Numbers {
  /** The last number of each channel, the longest unused first. @type {Map<string, number>} */
  #last = new Map();
  /** No number up to this is given to a channel that is not in the Map: it may have had it before it was forgotten. */
  #floor = 0;

  /**
   * @param {string} channel
   * @param {number} count of messages
   * @returns {{ sequence: number, isFirst: boolean }} the number of the first of them
   */
  take(channel, count) {
    const last = this.#last.get(channel);
    const sequence = (last ?? this.#floor) + 1;
    const forgotten = renew(this.#last, channel, sequence + count - 1, CHANNELS);
    if (forgotten !== undefined) this.#floor = Math.max(this.#floor, forgotten);
    return { sequence, isFirst: last === undefined };
  }

  /**
   * Takes numbers back, of messages that did not leave: the next ones get them.
   *
   * @param {string} channel
   * @param {{ sequence: number, isFirst: boolean }} taken
   */
  giveBack(channel, { sequence, isFirst }) {
    if (isFirst) this.#last.delete(channel);
    else this.#last.set(channel, sequence - 1);
  }
}

/** The numbers of what a process receives: what is missing, and what came already. */
class Received {
  /** By channel, the last number of each publisher, the longest silent first. @type {Map<string, Map<string, number>>} */
  #last = new Map();

  /**
   * Looks at messages that have arrived.
   *
   * @param {string} channel
   * @param {{ node: string, isFirst: boolean, sequence: number }} head
   * @param {number} count of messages
   * @returns {{ lost: number, old: number }} messages missing before them, and how many of them are not new
   */
  look(channel, { node, isFirst, sequence }, count) {
    let nodes = this.#last.get(channel);
    if (nodes === undefined) {
      nodes = new Map();
      this.#last.set(channel, nodes);
    }
    const last = nodes.get(node);
    const end = sequence + count - 1;
    renew(nodes, node, Math.max(end, last ?? 0), PUBLISHERS);
    // Whoever hears of a publisher for the first time has missed nothing of it.
    if (last === undefined) return { lost: 0, old: 0 };
    if (sequence <= last) return { lost: 0, old: Math.min(last - sequence + 1, count) };
    return { lost: isFirst ? 0 : sequence - last - 1, old: 0 };
  }

  /** Forgets a channel that nobody here listens to any more. @param {string} channel */
  forget(channel) {
    this.#last.delete(channel);
  }
}

module.exports = { Numbers, Received };
