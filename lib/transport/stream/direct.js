'use strict';

const { now } = require('./alarm.js');
const native = require('../../native/native.js');

/**
 * What lies between a stream and its session.
 *
 * @typedef {object} Path
 * @property {boolean} isIdle whether nothing that the peer sent is on its way
 * @property {number} queued bytes on their way to the stream
 * @property {number} overhead what those cost beside their bytes
 * @property {(chunk: Uint8Array) => boolean} push takes what the stream has brought, and returns whether there was no
 *   room for it
 * @property {(bytes: Uint8Array, compress: boolean, fragment: number) => void} write takes whole frames for the stream
 * @property {(on: boolean) => void} hold has what the peer sent wait, or no more
 * @property {() => void} goOn goes on with that
 * @property {(act: () => void) => void} afterReads does what follows all that came
 * @property {(act: () => void) => void} afterWrites does what follows all that was sent
 * @property {() => void} end the connection is over: nothing comes out any more
 */

/**
 * The way of a connection without extensions: bytes go straight through.
 *
 * @implements {Path}
 */
class Direct {
  #handle;
  #output;

  isIdle = true;
  queued = 0;
  overhead = 0;

  /**
   * @param {import('./dispatch.js').Handle} handle
   * @param {import('./stream-output.js').StreamOutput} output
   */
  constructor(handle, output) {
    this.#handle = handle;
    this.#output = output;
  }

  /** @param {Uint8Array} chunk */
  push(chunk) {
    return native.streamReceive(this.#handle.slot, chunk, now());
  }

  /** @param {Uint8Array} bytes */
  write(bytes) {
    this.#output.write(bytes);
  }

  /** Nothing is ever on its way. */
  hold() {}

  /** Nothing waits. */
  goOn() {}

  /** @param {() => void} act */
  afterReads(act) {
    act();
  }

  /** @param {() => void} act */
  afterWrites(act) {
    act();
  }

  /** Nothing is left. */
  end() {}
}

module.exports = { Direct };
