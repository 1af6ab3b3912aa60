'use strict';

const { performance } = require('node:perf_hooks');

const { onAbort } = require('../util/abort.js');
const { createUpgradeRequest } = require('../handshake/client/create-upgrade.js');
const { delayBefore } = require('./reconnect.js');

/** How long, in ms, a connection has to be open at least to begin the count of tries anew. */
const STEADY = 1_000;

/** @typedef {Parameters<import('../handshake/client/create-upgrade.js').Callback>} Result of a handshake */

/**
 * What the `Client` does.
 *
 * @typedef {object} Events
 * @property {(link: Link, socket: import('node:stream').Duplex, options: import('../../index').UpgradeResult,
 *   res: import('node:http').IncomingMessage) => void} open makes a socket a connection
 * @property {(error: Error) => void} error
 * @property {(link: Link) => void} over nothing comes of it any more
 */

/**
 * What one `open()` of a `Client` has begun: a connection, and those that take its place.
 */
class Link {
  #url;
  #request;
  #reconnect;
  #events;
  #abort = new AbortController();
  /** Of the next try. @type {NodeJS.Timeout | undefined} */
  #timer;
  /** @type {(() => void) | undefined} */
  #forget;
  #tries = 0;
  #isOver = false;

  /** The sid of the connection that is open. @type {string | null} */
  sid = null;

  /**
   * @param {import('../handshake/client/target.js').Place} url
   * @param {() => object} request the options of the opening handshake, which are asked for each time
   * @param {AbortSignal | undefined} signal ends handshakes, not connections
   * @param {ReturnType<typeof import('./reconnect.js').checkReconnect>} reconnect
   * @param {Events} events
   */
  constructor(url, request, signal, reconnect, events) {
    this.#url = url;
    this.#request = request;
    this.#reconnect = reconnect;
    this.#events = events;
    if (signal?.aborted) {
      this.#abort.abort(signal.reason);
    } else {
      this.#forget = signal && onAbort(signal, () => this.#aborted(signal.reason));
    }
  }

  /** @throws {TypeError | RangeError} where an option is wrong; nothing comes of it then */
  start() {
    try {
      this.#begin();
    } catch (error) {
      this.stop();
      throw error;
    }
  }

  /** Begins a handshake. */
  #begin() {
    const options = { ...this.#request(), signal: this.#abort.signal };
    /** @param {Result} result */
    const done = (...result) => this.#done(...result);
    createUpgradeRequest(this.#url, options, done);
  }

  /** @param {unknown} reason */
  #aborted(reason) {
    this.#abort.abort(reason);
    if (this.#timer !== undefined) {
      this.stop();
    }
  }

  /** A handshake has come to this. @param {Result} result */
  #done(...result) {
    const [error, socket] = result;
    if (this.#isOver) {
      socket?.destroy();
      return;
    }
    const openedAt = performance.now();
    if (error === null) {
      const [, connected, options, res] = /** @type {Required<Result>} */ (result);
      // The connection is over then, whatever becomes of the app's listeners.
      connected.once('close', () => this.#lost(openedAt));
      this.#events.open(this, connected, options, res);
      return;
    }
    try {
      this.#events.error(error);
    } finally {
      this.#again();
    }
  }

  /** The connection is over. @param {number} openedAt */
  #lost(openedAt) {
    this.sid = null;
    const { minDelay = 0 } = this.#reconnect ?? {};
    if (performance.now() - openedAt >= Math.max(minDelay, STEADY)) {
      // One that a server ends at once is no success.
      this.#tries = 0;
    }
    this.#again();
  }

  /** Tries again, or gives up. */
  #again() {
    if (this.#isOver) {
      return;
    }
    if (this.#reconnect === null || this.#tries >= this.#reconnect.maxRetries || this.#abort.signal.aborted) {
      this.stop();
      return;
    }
    const delay = delayBefore(this.#reconnect, this.#tries++, Math.random());
    this.#timer = setTimeout(() => this.#retry(), delay);
  }

  #retry() {
    this.#timer = undefined;
    try {
      this.#begin();
    } catch (error) {
      // What the app has made of its options or extensions meanwhile.
      this.#done(/** @type {Error} */ (error));
    }
  }

  /** Opens nothing any more. What is open stays so. */
  stop() {
    this.#isOver = true;
    clearTimeout(this.#timer);
    this.#forget?.();
    this.#abort.abort();
    this.#events.over(this);
  }
}

module.exports = { Link };
