'use strict';

const { now } = require('./alarm.js');
const { DeflateStep } = require('../../extensions/deflate-step.js');
const { Framing } = require('../../extensions/framing.js');
const { limit } = require('../../native/constants.js');
const native = require('../../native/native.js');
const { report } = require('../../connection/lifecycle.js');
const { clearTimeout, nextTick, setTimeout } = require('../../util/clock.js');

/** @typedef {import('../../connection/connection.js').Connection} Connection */
/** @typedef {import('./direct.js').Path} Path */

/**
 * The way of a connection with extensions: what they hold is waited for, within bounds.
 *
 * @implements {Path}
 */
class Chained {
  #handle;
  #framing;
  #options;
  #onFull;
  /** How long extensions may hold what came before the end. @type {NodeJS.Timeout | undefined} */
  #patience;

  /**
   * @param {import('./dispatch.js').Handle} handle
   * @param {import('../../extensions/resolve.js').Resolved[]} extensions in header order
   * @param {Connection} connection
   * @param {import('../../connection/options.js').Options} options
   * @param {import('./stream-output.js').StreamOutput} output
   * @param {() => void} onFull called when they hold more than they may
   */
  constructor(handle, extensions, connection, options, output, onFull) {
    this.#handle = handle;
    this.#options = options;
    this.#onFull = onFull;
    const steps = extensions.map((one) => (one.agreed === undefined ? one : new DeflateStep(deflateOf(handle))));
    this.#framing = new Framing(steps, connection, {
      maxPayload: options.maxPayload,
      receive: (bytes) => native.streamReceive(handle.slot, bytes, now()),
      write: (bytes) => output.write(bytes),
      onError: (error) => reportFrom(connection, error),
      onRead: () => this.#regulate(),
      onWritten: () => output.settle(),
    });
    // Until the connection begins.
    this.#framing.hold(true);
  }

  /** @returns {boolean} */
  get isIdle() {
    return this.#framing.isIdle;
  }

  /** @returns {number} */
  get queued() {
    return this.#framing.writing;
  }

  /** @returns {number} */
  get overhead() {
    return this.#framing.overhead;
  }

  /** @param {Uint8Array} chunk */
  push(chunk) {
    this.#framing.push(chunk);
    const { maxBufferedAmount, maxPayload } = this.#options;
    if (this.#framing.reading > maxBufferedAmount + maxPayload) {
      // The stream cannot be paused, and an extension holds what it brings.
      native.streamOverflow(this.#handle.slot);
      this.#onFull();
      return true;
    }
    this.#regulate();
    return false;
  }

  /** Has the peer wait while the extensions hold much. */
  #regulate() {
    native.streamFill(this.#handle.slot, this.#framing.isFull);
  }

  /** @param {Uint8Array} bytes @param {boolean} compress @param {number} fragment */
  write(bytes, compress, fragment) {
    this.#framing.send(bytes, { compress, fragment });
  }

  /** @param {boolean} on */
  hold(on) {
    this.#framing.hold(on);
  }

  /** Goes on with what waits. */
  goOn() {
    this.#framing.goOn();
  }

  /** An extension may hold what came for `closeTimeout`; a pause does not count. @param {() => void} act */
  afterReads(act) {
    this.#framing.afterReads(act);
    if (this.#handle.slot !== limit.NO_SLOT) {
      this.#patience ??= setTimeout(() => this.#lose(), this.#options.closeTimeout);
    }
  }

  /** The time for what extensions hold is up. */
  #lose() {
    if (native.streamIsPaused(this.#handle.slot)) {
      this.#patience?.refresh();
    } else {
      native.streamLose(this.#handle.slot, now());
    }
  }

  /** @param {() => void} act */
  afterWrites(act) {
    this.#framing.afterWrites(act);
  }

  /** Nothing comes out any more. */
  end() {
    this.#framing.end();
    clearTimeout(this.#patience);
  }
}

/**
 * What permessage-deflate does among extensions.
 *
 * @param {import('./dispatch.js').Handle} handle
 * @returns {ConstructorParameters<typeof DeflateStep>[0]}
 */
function deflateOf(handle) {
  return {
    inflate: (frame, payload) => native.streamInflate(handle.slot, frame, payload, now()),
    compress: (message) => native.streamCompress(handle.slot, message),
    miss: (opcode, rsv1) => native.streamMiss(handle.slot, opcode, rsv1, now()),
    forget: () => native.streamForget(handle.slot),
  };
}

/**
 * An extension reports something, or did something wrong; the connection goes on.
 *
 * @param {Connection} connection
 * @param {Error} error
 */
function reportFrom(connection, error) {
  try {
    report(connection, Object.assign(error, { sid: connection.sid }));
  } catch (thrown) {
    // Within a call of the extension's, or of `send`: what a listener throws is none of theirs.
    nextTick(() => {
      throw thrown;
    });
  }
}

module.exports = { Chained };
