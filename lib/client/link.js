'use strict';

const { onAbort } = require('../util/abort.js');
const clock = require('../util/clock.js');
const { requestUpgrade } = require('../handshake/client/create-upgrade.js');
const { parseTarget } = require('../handshake/client/target.js');
const { peerError } = require('../util/errors.js');
const { drop } = require('../util/http2-stream.js');
const { delayBefore, isIn } = require('./reconnect.js');
const { requestSecured } = require('./secure/request.js');

/** How long, in ms, a connection has to be open at least to begin the count of tries again. */
const STEADY = 1_000;

/** @typedef {import('./send-queue.js').SendQueue} SendQueue */
/** @typedef {Parameters<import('../handshake/client/create-upgrade.js').Callback>} Result of a handshake */

/**
 * What one try asks for.
 *
 * @typedef {object} Ask
 * @property {import('../handshake/client/target.js').Place} url
 * @property {object} options of the opening handshake
 */

/**
 * What the `Client` does.
 *
 * @typedef {object} Events
 * @property {(link: Link, socket: import('node:stream').Duplex, options: import('../../index').UpgradeResult,
 *   res: import('node:http').IncomingMessage) => void} open makes a socket a connection
 * @property {(error: Error) => void} error
 * @property {(attempt: number, delay: number, sid: string | null, url: string | undefined) => void} reconnecting
 * @property {(error: Error) => void} giveUp no further try is made, and that is not the app's wish
 * @property {(link: Link, reason: Error) => void} over nothing comes of it any more
 */

/**
 * What one `open()` of a `Client` has begun: a connection, and those that take its place.
 */
class Link {
  #ask;
  #reconnect;
  #events;
  #abort = new AbortController();
  /** Of the next try. @type {NodeJS.Timeout | undefined} */
  #timer;
  /** @type {(() => void) | undefined} */
  #forget;
  #tries = 0;
  #isOver = false;
  /** How the last connection has ended, as far as that is known. @type {{ code?: number, reason?: string }} */
  #end = {};
  /** What has kept the last try from being a connection, or has ended it. @type {Error | undefined} */
  #reason;

  /** The sid of the connection that is open, or of the last one. @type {string | null} */
  sid = null;

  /** The URL of the last try, without credentials. @type {string | undefined} */
  href;

  /** What is sent before it is open. @type {SendQueue} */
  queue;

  /**
   * @param {(signal: AbortSignal) => Ask | Promise<Ask>} ask what each try asks for
   * @param {AbortSignal | undefined} signal ends handshakes, not connections
   * @param {ReturnType<typeof import('./reconnect.js').checkReconnect>} reconnect
   * @param {SendQueue} queue
   * @param {Events} events
   */
  constructor(ask, signal, reconnect, queue, events) {
    this.#ask = ask;
    this.#reconnect = reconnect;
    this.#events = events;
    this.queue = queue;
    if (signal?.aborted) {
      this.#abort.abort(signal.reason);
    } else {
      this.#forget = signal && onAbort(signal, () => this.#aborted(signal.reason));
    }
  }

  /** Whether there is, or will be, a connection where there is none now. */
  get isAwaited() {
    return this.sid === null || this.#reconnect !== null;
  }

  /** @throws {TypeError | RangeError} where an option is wrong; nothing comes of it then */
  start() {
    try {
      this.#begin();
    } catch (error) {
      this.#reason = /** @type {Error} */ (error);
      this.stop();
      throw error;
    }
  }

  /** Begins a handshake. */
  #begin() {
    const asked = this.#ask(this.#abort.signal);
    if (asked instanceof Promise) {
      // Not within the Promise: what listeners throw is an uncaught exception.
      asked.then(
        (ask) => clock.nextTick(() => this.#request(ask)),
        (error) => clock.nextTick(() => this.#done(error)),
      );
    } else {
      this.#connect(asked);
    }
  }

  /** Begins one whose options the app's functions have said: what is wrong with them is its failure. @param {Ask} ask */
  #request(ask) {
    try {
      if (!this.#isOver) this.#connect(ask);
    } catch (error) {
      this.#done(/** @type {Error} */ (error));
    }
  }

  /** @param {Ask} ask */
  #connect({ url, options }) {
    this.href = parseTarget(url).href;
    /** @param {Result} result */
    const done = (...result) => this.#done(...result);
    requestUpgrade(url, { ...options, signal: this.#abort.signal }, done, requestSecured);
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
      if (socket !== undefined) drop(socket);
      return;
    }
    const openedAt = clock.now();
    if (error === null) {
      const [, connected, options, res] = /** @type {Required<Result>} */ (result);
      // The connection is over then, whatever becomes of the app's listeners.
      connected.once('close', () => this.#lost(openedAt));
      this.#end = {};
      this.#events.open(this, connected, options, res);
      return;
    }
    const { statusCode } = /** @type {{ statusCode?: number }} */ (error);
    this.#reason = Object.assign(error, { url: this.href });
    const isLast = this.#isLast || isIn(this.#reconnect?.finalStatuses ?? [], statusCode);
    if (isLast) this.#count(error);
    try {
      this.#events.error(error);
    } finally {
      this.#again(isLast);
    }
  }

  /** What is queued will not be sent. @param {Error} error */
  #count(error) {
    if (this.queue.length > 0) Object.assign(error, { unsent: this.queue.length });
  }

  /**
   * The connection is closed.
   *
   * @param {number} code
   * @param {string} reason
   */
  closed(code, reason) {
    this.#end = { code, reason };
  }

  /** The connection's socket is. @param {number} openedAt */
  #lost(openedAt) {
    const { code, reason } = this.#end;
    const message = `The connection was closed with ${code ?? 1006}`;
    this.#reason = peerError(message, { code: 'ERR_WS_CLOSED', closeCode: code ?? 1006, reason, url: this.href });
    const { finalCodes = [], minDelay = 0 } = this.#reconnect ?? {};
    if (clock.now() - openedAt >= Math.max(minDelay, STEADY)) {
      // One that a server ends at once is no success.
      this.#tries = 0;
    }
    this.#again(this.#isLast || isIn(finalCodes, code));
  }

  /** Whether no further try may be made. */
  get #isLast() {
    return this.#reconnect === null || this.#tries >= this.#reconnect.maxRetries || this.#abort.signal.aborted;
  }

  /** Tries again, or gives up. @param {boolean} isLast */
  #again(isLast) {
    if (this.#isOver) {
      return;
    }
    if (isLast || this.#reconnect === null) {
      const isGivenUp = this.#reconnect !== null && !this.#abort.signal.aborted;
      const error = /** @type {Error} */ (this.#reason);
      this.#count(error);
      this.stop();
      if (isGivenUp) this.#events.giveUp(error);
      return;
    }
    const delay = delayBefore(this.#reconnect, this.#tries++, Math.random());
    this.#timer = clock.setTimeout(() => this.#retry(), delay);
    this.#events.reconnecting(this.#tries, delay, this.sid, this.href);
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
    if (this.#isOver) {
      return;
    }
    this.#isOver = true;
    clock.clearTimeout(this.#timer);
    this.#forget?.();
    this.#abort.abort();
    const reason = this.#reason ?? peerError('The connection was closed before it was open', { code: 'ERR_WS_CLOSED' });
    this.#events.over(this, reason);
  }
}

module.exports = { Link };
