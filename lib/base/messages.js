'use strict';

const { hold, release } = require('../connection/hold.js');
const { onAbort } = require('../util/abort.js');
const { boolean, integer, object } = require('../options/check.js');
const { abortError, invalidType } = require('../util/errors.js');
const { Fifo } = require('../util/fifo.js');

/** What a message that waits costs beside its contents: a string, its sid and its place, and a Buffer with the memory
 *  that it has of its own. Measured with `--expose-gc` they are some 100 and 300 bytes, and a Buffer about twice that
 *  until the garbage collector has gone over it. */
const STRING_COST = 100;
const BUFFER_COST = 600;

const markOf = integer(1, Number.MAX_SAFE_INTEGER, true);

const AsyncIterator = Object.getPrototypeOf(Object.getPrototypeOf(async function* none() {}).prototype);

/**
 * The messages that come to a `Base`, or to some of its connections, as an async iterator. Those that wait
 * to be taken are bounded: past the high-water mark whoever sends one more is read no further.
 */
class Messages {
  /** The iterators of the `Base`, by the sid that they are for. @type {Map<string | null, Set<Messages>>} */
  #readers;
  /** The connections that it is for, as long as they are open; `null` for all. @type {Set<string> | null} */
  #sids;
  #mark;
  /** @type {Fifo<[data: string | Buffer, sid: string]>} */
  #waiting = new Fifo();
  /** What waits, in bytes of `highWaterMark`. */
  #amount = 0;
  /** @type {Set<import('../connection/connection.js').Connection>} */
  #held = new Set();
  /** @type {Fifo<{ resolve: Function, reject: Function }>} `next()`s for which nothing has come yet */
  #takers = new Fifo();
  /** What `next()` is to reject with, once what waits has been taken. @type {Error | null} */
  #error = null;
  #isOver = false;
  /** @type {(() => void) | undefined} */
  #forget;

  /** Whether it is for binary messages as well. */
  takesBinary;

  /**
   * @param {import('../connection/group.js').Group<import('../connection/connection.js').Connection>} group
   * @param {Map<string | null, Set<Messages>>} readers where it enters itself
   * @param {unknown} options see `docs/api/base.md`
   * @throws {TypeError | RangeError} where an option is wrong
   * @throws {Error} `ABORT_ERR` where the signal is aborted already
   */
  constructor(group, readers, options = {}) {
    const { binary = false, highWaterMark = 1024 * 1024, sid, signal } = object('The "options" argument', options);
    this.takesBinary = boolean('The "binary" option', binary);
    this.#mark = markOf('The "highWaterMark" option', highWaterMark);
    const sids = checkSids(sid);
    if (signal !== undefined && !(signal instanceof AbortSignal)) {
      throw invalidType('The "signal" option', 'an AbortSignal', signal);
    }
    if (signal?.aborted) {
      throw abortError(signal.reason);
    }
    this.#readers = readers;
    this.#sids = sids && new Set(sids.filter((one) => group.views.get(one) !== undefined));
    if (this.#sids?.size === 0) {
      this.#isOver = true;
      return;
    }
    for (const key of this.#keys()) {
      const beside = readers.get(key);
      beside === undefined ? readers.set(key, new Set([this])) : beside.add(this);
    }
    this.#forget = signal && onAbort(signal, () => this.#fail(abortError(signal.reason)));
  }

  /** What `readers` has it under. */
  #keys() {
    return this.#sids ?? [null];
  }

  /**
   * A message has come.
   *
   * @param {import('../connection/connection.js').Connection} connection
   * @param {string | Buffer} data
   */
  take(connection, data) {
    /** @type {[data: string | Buffer, sid: string]} */
    const value = [data, connection.sid];
    const taker = this.#takers.shift();
    if (taker !== undefined) {
      taker.resolve({ value, done: false });
      return;
    }
    this.#waiting.push(value);
    this.#amount += costOf(data);
    if (this.#amount > this.#mark && !this.#held.has(connection)) {
      this.#held.add(connection);
      hold(connection);
    }
  }

  /**
   * A connection is over.
   *
   * @param {import('../connection/connection.js').Connection} connection
   */
  over(connection) {
    this.#held.delete(connection);
    if (this.#sids?.delete(connection.sid)) {
      this.#leave(connection.sid);
      if (this.#sids.size === 0) this.#finish();
    }
  }

  /** What waits is still taken, then comes the error. @param {Error} error */
  #fail(error) {
    const taker = this.#takers.shift();
    if (taker !== undefined) {
      taker.reject(error);
    } else {
      this.#error = error;
    }
    this.#finish();
  }

  /** Nothing more comes. */
  #finish() {
    this.#isOver = true;
    this.#forget?.();
    for (const key of this.#keys()) this.#leave(key);
    this.#release();
    for (let taker = this.#takers.shift(); taker !== undefined; taker = this.#takers.shift()) {
      taker.resolve({ value: undefined, done: true });
    }
  }

  /** Is for this connection no more. @param {string | null} key */
  #leave(key) {
    const beside = this.#readers.get(key);
    beside?.delete(this);
    if (beside?.size === 0) this.#readers.delete(key);
  }

  /** Goes on reading from those who were stopped. */
  #release() {
    const held = [...this.#held];
    this.#held.clear();
    for (const connection of held) release(connection);
  }

  /** @returns {Promise<IteratorResult<[data: string | Buffer, sid: string]>>} */
  next() {
    const value = this.#waiting.shift();
    if (value !== undefined) {
      this.#amount -= costOf(value[0]);
      if (this.#held.size > 0 && this.#amount <= this.#mark / 2) this.#release();
      return Promise.resolve({ value, done: false });
    }
    if (this.#error !== null) {
      const error = this.#error;
      this.#error = null;
      return Promise.reject(error);
    }
    if (this.#isOver) {
      return Promise.resolve({ value: undefined, done: true });
    }
    return new Promise((resolve, reject) => {
      this.#takers.push({ resolve, reject });
    });
  }

  /**
   * Ends it, with what waits: `break` calls this.
   *
   * @param {unknown} [value]
   */
  return(value) {
    this.#waiting.clear();
    this.#error = null;
    if (!this.#isOver) this.#finish();
    return Promise.resolve({ value, done: true });
  }

  /**
   * Ends it as `return` does.
   *
   * @param {unknown} error
   */
  throw(error) {
    this.return();
    return Promise.reject(error);
  }
}
Object.setPrototypeOf(Messages.prototype, AsyncIterator);

/**
 * A string may take two bytes a character.
 *
 * @param {string | Buffer} data
 * @returns {number} the bytes that it is counted for while it waits
 */
function costOf(data) {
  return typeof data === 'string' ? 2 * data.length + STRING_COST : data.length + BUFFER_COST;
}

/**
 * @param {unknown} sid
 * @returns {string[] | null} `null` for all
 */
function checkSids(sid) {
  if (sid === undefined || sid === null) {
    return null;
  }
  const sids = [sid].flat();
  if (!sids.every((one) => typeof one === 'string')) {
    throw invalidType('The "sid" option', 'a string, an array of strings, or null', sid);
  }
  return sids;
}

module.exports = { Messages };
