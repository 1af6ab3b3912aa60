'use strict';

const { performance } = require('node:perf_hooks');

const native = require('../../native/native.js');
const { protocolSettings } = require('../../connection/state.js');

/** No connection has this number: a call for it does nothing. */
const NO_SLOT = 2 ** 32 - 1;

/** @type {(import('./stream-transport.js').StreamTransport | undefined)[]} by the number that Rust knows
 *  them by */
const transports = [];

/** The transports of open connections, for the end of the process. */
const running = new Set();

native.attachStreams((tag, payload, code, errorCode) => {
  transports[tag >>> 4].take(tag & 15, payload, code, errorCode);
});

/** @returns {number} whole milliseconds of a clock that never goes back */
function now() {
  return Math.floor(performance.now());
}

/**
 * Makes a connection's session.
 *
 * @param {boolean} filters permessage-deflate has its place among extensions in JavaScript
 * @param {import('../../connection/state.js').State} owner
 * @param {{ mask: boolean, enforceMasking: boolean, deflate: string }} role
 * @returns {number} the connection's number
 */
function open(filters, owner, role) {
  return native.streamOpen(now(), filters, owner.options.maxBufferedAmount, ...protocolSettings(owner, role));
}

/**
 * Says which transport hears of this number.
 *
 * @param {number} slot
 * @param {import('./stream-transport.js').StreamTransport} transport
 */
function bind(slot, transport) {
  transports[slot] = transport;
  if (running.size === 0) {
    process.on('exit', leaveAll);
  }
  running.add(transport);
}

/** @param {number} slot */
function unbind(slot) {
  running.delete(transports[slot]);
  if (running.size === 0) {
    process.off('exit', leaveAll);
  }
  transports[slot] = undefined;
}

function leaveAll() {
  for (const transport of running) {
    transport.leave();
  }
}

/**
 * What permessage-deflate does among the extensions of a connection, for a `DeflateStep`.
 *
 * @param {import('./stream-transport.js').StreamTransport} transport
 */
function deflateOf(transport) {
  return {
    inflate: (frame, payload) => native.streamInflate(transport.slot, frame, payload, now()),
    compress: (message) => native.streamCompress(transport.slot, message),
    miss: (opcode, rsv1) => native.streamMiss(transport.slot, opcode, rsv1, now()),
    forget: () => native.streamForget(transport.slot),
  };
}

/**
 * The deadline of one connection. Bytes move the deadline and not the timer: when that fires, it is set again.
 */
class Alarm {
  #slot;
  #timer;

  /** @param {number} slot */
  constructor(slot) {
    this.#slot = slot;
  }

  /** Has Rust look at the connection when its next deadline comes. */
  set() {
    this.clear();
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

  /** The connection is over: its number may be another's. */
  end() {
    this.clear();
    this.#slot = NO_SLOT;
  }

  clear() {
    clearTimeout(this.#timer);
  }

  #fire() {
    native.streamFire(this.#slot, now());
    // The bytes that came since have moved the deadline.
    this.set();
  }
}

module.exports = { Alarm, NO_SLOT, bind, deflateOf, now, open, unbind };
