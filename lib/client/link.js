'use strict';

const { performance } = require('node:perf_hooks');

const { onAbort } = require('../util/abort.js');
const { createUpgradeRequest } = require('../handshake/client/create-upgrade.js');
const { delayBefore } = require('./reconnect.js');

/** How long, in ms, a connection has to be open at least to begin the count of tries anew. */
const STEADY = 1_000;

/**
 * What one `open()` of a `Client` has begun: a connection, and those that take its place.
 */
class Link {
  #url;
  #request;
  #reconnect;
  #events;
  #abort = new AbortController();
  #timer = null;
  #forget;
  #tries = 0;
  #isOver = false;

  /** The sid of the connection that is open. */
  sid = null;

  /**
   * @param {unknown} url
   * @param {() => object} request the options of the opening handshake, which are asked for each time
   * @param {AbortSignal | undefined} signal ends handshakes, not connections
   * @param {ReturnType<typeof import('./reconnect.js').checkReconnect>} reconnect
   * @param {object} events
   * @param {(socket: object, options: object, res: object) => string | null} events.open makes a
   *   socket a connection; `null` where it could not
   * @param {(error: Error) => void} events.error
   * @param {() => void} events.over nothing comes of it any more
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

  #begin() {
    const options = { ...this.#request(), signal: this.#abort.signal };
    createUpgradeRequest(this.#url, options, (...result) => this.#done(...result));
  }

  #aborted(reason) {
    this.#abort.abort(reason);
    if (this.#timer !== null) {
      this.stop();
    }
  }

  #done(error, socket, options, res) {
    if (this.#isOver) {
      socket?.destroy();
      return;
    }
    const openedAt = performance.now();
    if (error === null) {
      // The connection is over then, whatever becomes of the app's listeners.
      socket.once('close', () => this.#lost(openedAt));
      this.#events.open(this, socket, options, res);
      return;
    }
    try {
      this.#events.error(error);
    } finally {
      this.#again();
    }
  }

  #lost(openedAt) {
    this.sid = null;
    const { minDelay = 0 } = this.#reconnect ?? {};
    if (performance.now() - openedAt >= Math.max(minDelay, STEADY)) {
      // One that a server ends at once is no success.
      this.#tries = 0;
    }
    this.#again();
  }

  #again() {
    if (this.#isOver) {
      return;
    }
    const maxRetries = this.#reconnect?.maxRetries ?? 0;
    if (this.#tries >= maxRetries || this.#abort.signal.aborted) {
      this.stop();
      return;
    }
    const delay = delayBefore(this.#reconnect, this.#tries++, Math.random());
    this.#timer = setTimeout(() => this.#retry(), delay);
  }

  #retry() {
    this.#timer = null;
    try {
      this.#begin();
    } catch (error) {
      // What the app has made of its options or extensions meanwhile.
      this.#done(error);
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
