'use strict';

const { kInner } = require('../connection/connection.js');
const { groupOf } = require('../base/base.js');
const { wallTime } = require('../util/clock.js');
const { Tally, closeLabel } = require('../util/tally.js');

/** How many of the topics, of the errors and of the slow peers a sample has. */
const MOST = 10;
/** Characters of an error's message. */
const LONGEST_MESSAGE = 200;
/** Characters of a topic's name. */
const LONGEST_NAME = 100;

/** What only grows, and so has a rate. */
const COUNTERS = /** @type {const} */ ([
  'opened',
  'closed',
  'messagesReceived',
  'messagesSent',
  'bytesReceived',
  'bytesSent',
  'publishes',
  'deliveries',
  'skipped',
  'errors',
]);

/**
 * @typedef {import('../../index').Base} Base
 * @typedef {import('../../monitor').BaseSample} BaseSample
 * @typedef {import('../../monitor').ErrorSample} ErrorSample
 * @typedef {import('../connection/connection.js').Connection} Connection
 */

/** What is known of one `Base` that is watched. */
class Watch {
  #name;
  #base;
  #opened = 0;
  #closed = 0;
  #closes = new Tally();
  #errors = new Tally();
  /** Newest first. @type {ErrorSample[]} */
  #recentErrors = [];
  /** What the rates count from. @type {BaseSample['stats']} */
  #before;

  /** @param {string} name @param {Base} base */
  constructor(name, base) {
    this.#name = name;
    this.#base = base;
    this.#before = this.#stats();
  }

  /** A connection is there. */
  opened() {
    this.#opened += 1;
  }

  /** One is over. @param {number} code */
  closed(code) {
    this.#closed += 1;
    this.#closes.count(closeLabel(code));
  }

  /**
   * @param {Error & { code?: string }} error
   * @param {string | undefined} sid
   * @param {{ remoteAddress?: string | undefined } | undefined} connection
   */
  failed(error, sid, connection) {
    const code = this.#errors.count(String(error.code ?? error.name));
    const message = String(error.message).slice(0, LONGEST_MESSAGE);
    const one = { time: wallTime(), code, message, sid: sid ?? null, address: connection?.remoteAddress ?? null };
    this.#recentErrors = [one, ...this.#recentErrors].slice(0, MOST);
  }

  /** What rates are of begins now. */
  begin() {
    this.#before = this.#stats();
  }

  /** @param {number} seconds since the last sample, or since `begin` @returns {BaseSample} */
  take(seconds) {
    const stats = this.#stats();
    const before = this.#before;
    this.#before = stats;
    const rates = COUNTERS.map((key) => [key, Math.max(0, stats[key] - before[key]) / seconds]);
    return {
      name: this.#name,
      stats,
      rates: Object.fromEntries(rates),
      closes: this.#closes.toObject(),
      errors: this.#errors.toObject(),
      recentErrors: this.#recentErrors,
      topics: stats.topics > 0 ? this.#topics() : [],
      slow: stats.queuedBytes > 0 ? this.#slow() : [],
    };
  }

  #stats() {
    return { ...this.#base.stats(), opened: this.#opened, closed: this.#closed };
  }

  #topics() {
    const { topics } = groupOf(this.#base);
    return largest(topics.sizes(), ([, subscribers]) => subscribers).map(([name, subscribers]) => ({
      name: name.slice(0, LONGEST_NAME),
      subscribers,
    }));
  }

  #slow() {
    /** @type {[Connection, number][]} */
    const queues = [];
    for (const connection of groupOf(this.#base).views.all()) {
      const queuedBytes = connection[kInner].transport?.bufferedAmount() ?? 0;
      if (queuedBytes > 0) queues.push([connection, queuedBytes]);
    }
    return largest(queues, ([, queuedBytes]) => queuedBytes).map(
      ([{ sid, remoteAddress, transport }, queuedBytes]) => ({
        sid,
        address: remoteAddress ?? null,
        transport,
        queuedBytes,
      }),
    );
  }
}

/**
 * @template T
 * @param {Iterable<T>} all
 * @param {(one: T) => number} size
 * @returns {T[]} the largest of them, in order. There may be very many: they are not sorted
 */
function largest(all, size) {
  /** @type {T[]} */
  const found = [];
  for (const one of all) {
    if (found.length === MOST && size(one) <= size(found[MOST - 1])) continue;
    const at = found.findIndex((other) => size(other) < size(one));
    found.splice(at < 0 ? found.length : at, 0, one);
    found.length = Math.min(found.length, MOST);
  }
  return found;
}

module.exports = { Watch };
