'use strict';

const native = require('../../native/native.js');
const { clearTimeout, now: exactNow, setImmediate, setTimeout } = require('../../util/clock.js');

/** @returns {number} whole milliseconds of a clock that never goes back */
function now() {
  return Math.floor(exactNow());
}

/**
 * The deadline of one connection. Bytes move the deadline and not the timer: when that fires, it is set again.
 */
class Alarm {
  #handle;
  #output;
  /** @type {NodeJS.Timeout | undefined} */
  #timer;

  /**
   * @param {import('./dispatch.js').Handle} handle
   * @param {import('./stream-output.js').StreamOutput} output
   */
  constructor(handle, output) {
    this.#handle = handle;
    this.#output = output;
  }

  /** Has Rust look at the connection when its next deadline comes. */
  set() {
    clearTimeout(this.#timer);
    const at = native.streamDeadline(this.#handle.slot);
    if (at !== Infinity) {
      // What came while this thread was busy is read before: the peer may not be silent at all. Node reads
      // between timers and immediates, Bun and Deno between immediates and timers.
      const act = () => setImmediate(() => this.#fire());
      const fire = () => setImmediate(() => setTimeout(act, 1));
      this.#timer = setTimeout(fire, Math.max(1, at - now()));
      this.#timer.unref();
    }
  }

  /** The connection is over. */
  end() {
    clearTimeout(this.#timer);
  }

  /** A deadline has come. */
  #fire() {
    native.streamFire(this.#handle.slot, now(), this.#output.queued() > 0, this.#output.taken);
    // The bytes that came since have moved the deadline.
    this.set();
  }
}

module.exports = { Alarm, now };
