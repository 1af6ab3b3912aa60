'use strict';

const { performance } = require('node:perf_hooks');

const native = require('../../native/native.js');
const shared = require('../../native/shared.js');

/** No connection has this number: a call for it does nothing. */
const NO_SLOT = 2 ** 32 - 1;

/**
 * What hears of a stream's records.
 *
 * @typedef {object} Taker
 * @property {(kind: number, payload: string | Buffer, code?: number, errorCode?: string) => void} take
 * @property {() => void} releaseClosingAnswer
 * @property {() => void} leave the process ends
 */

const transports = /** @type {(Taker | undefined)[]} */ (shared.streams);

/** The transports of open connections, for the end of the process. @type {Set<Taker>} */
const running = new Set();

if (!shared.areStreamsAttached) {
  native.attachStreams((tag, payload, code, errorCode) => {
    transports[tag >>> 4]?.take(tag & 15, payload, code, errorCode);
  });
  shared.areStreamsAttached = true;
}

/** @returns {number} whole milliseconds of a clock that never goes back */
function now() {
  return Math.floor(performance.now());
}

/** Tells all open connections that the process ends. */
function leaveAll() {
  for (const transport of running) {
    transport.leave();
  }
}

/**
 * The protocol of one connection, in Rust, and its clock. What follows from a call is told to the transport
 * before the call returns.
 */
class StreamProtocol {
  #slot;
  /** @type {NodeJS.Timeout | undefined} */
  #timer;

  /**
   * @param {boolean} filters permessage-deflate has its place among extensions in JavaScript
   * @param {import('../../native/functions').Settings} settings see `connectionSettings`
   */
  constructor(filters, settings) {
    this.#slot = native.streamOpen(now(), filters, settings);
  }

  /** @param {Taker} transport */
  bind(transport) {
    transports[this.#slot] = transport;
    if (running.size === 0) {
      process.on('exit', leaveAll);
    }
    running.add(transport);
  }

  /** Whether the connection is over. */
  get isOver() {
    return this.#slot === NO_SLOT;
  }

  /**
   * @param {Uint8Array} bytes that the peer sent
   * @param {boolean} congested whether only its latest ping is to be answered
   */
  receive(bytes, congested) {
    native.streamReceive(this.#slot, bytes, congested, now());
  }

  /** All that waited has been written. */
  relieve() {
    native.streamRelieve(this.#slot);
  }

  /** A ping is about to be written. */
  pinged() {
    native.streamPinged(this.#slot);
  }

  /**
   * @param {number} opcode
   * @param {string | ArrayBufferView} data
   * @returns {Buffer | undefined} the frame of a message, compressed if it gains by that; it has to be written
   */
  message(opcode, data) {
    return native.streamMessage(this.#slot, opcode, data, true);
  }

  /**
   * What permessage-deflate does among extensions, for a `DeflateStep`.
   *
   * @returns {ConstructorParameters<typeof import('../../extensions/deflate-step.js').DeflateStep>[0]}
   */
  get deflate() {
    return {
      inflate: (frame, payload) => native.streamInflate(this.#slot, frame, payload, now()),
      compress: (message) => native.streamCompress(this.#slot, message),
      miss: (opcode, rsv1) => native.streamMiss(this.#slot, opcode, rsv1, now()),
      forget: () => native.streamForget(this.#slot),
    };
  }

  /** Begins the closing handshake. @param {number} code @param {string | Uint8Array} reason */
  close(code, reason) {
    native.streamClose(this.#slot, code, reason, now());
  }

  /** The stream has ended, or is to be dropped. */
  lose() {
    native.streamLose(this.#slot);
  }

  /** @returns {boolean} whether only the end of the stream is missing */
  get isDraining() {
    return native.streamIsDraining(this.#slot);
  }

  /** @param {boolean} on whether reading is paused: the peer's silence does not count then */
  pause(on) {
    native.streamPause(this.#slot, on, now());
    this.arm();
  }

  /** Has Rust look at the connection when its next deadline comes. */
  arm() {
    clearTimeout(this.#timer);
    const at = native.streamDeadline(this.#slot);
    if (at !== Infinity) {
      // What came while this thread was busy is read before: the peer may not be silent at all. Node reads
      // between timers and immediates, Bun and Deno between immediates and timers.
      const act = () => setImmediate(() => this.#fire());
      const fire = () => setImmediate(() => setTimeout(act, 1));
      this.#timer = setTimeout(fire, Math.max(1, at - now()));
      this.#timer.unref();
    }
  }

  /** A deadline has come. */
  #fire() {
    const time = now();
    if (native.streamDeadline(this.#slot) <= time) {
      transports[this.#slot]?.releaseClosingAnswer();
    }
    native.streamFire(this.#slot, time);
    // The bytes that came since have moved the deadline.
    this.arm();
  }

  /** The connection is over: its number is another's from now on. */
  release() {
    clearTimeout(this.#timer);
    running.delete(/** @type {Taker} */ (transports[this.#slot]));
    if (running.size === 0) {
      process.off('exit', leaveAll);
    }
    transports[this.#slot] = undefined;
    this.#slot = NO_SLOT;
  }
}

module.exports = { StreamProtocol };
