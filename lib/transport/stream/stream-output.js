'use strict';

const { limit } = require('../../native/constants.js');
const { PackedFrames } = require('./packed-frames.js');
const { nextTick } = require('../../util/clock.js');

const NOTHING = Buffer.alloc(0);
/** This many frames of a tick are handed over one by one. The rest are packed: otherwise each would cost the stream some
 *  hundred bytes. */
const FEW = 64;
/** If a stream wants no more, it is given this many bytes of a tick, and the rest as it takes these: TLS has a copy of its
 *  own of all that it is given. */
const AT_ONCE = 256 * 1024;

/**
 * The methods of a stream, even if others replace them later. An old-style one may lack those that are optional.
 *
 * @typedef {object} Methods
 * @property {Function} write
 * @property {Function} end
 * @property {Function} [destroy]
 * @property {Function} [pause]
 * @property {Function} [resume]
 */

/**
 * The write side of a stream: frames of one tick leave together, and while the stream wants no
 * more, they wait here.
 */
class StreamOutput {
  #stream;
  #methods;
  #corked = false;
  #blocked = false;
  /** How often the stream has drained. */
  #drains = 0;
  /** Frames that wait for `drain`, or for the end of the tick. @type {PackedFrames} */
  #waiting;
  /** What waits is being handed over. */
  #passing = false;
  /** Frames of this tick that the stream has. */
  #handed = 0;
  #ended = false;
  /** Writes whose end is still to be heard of. */
  #underWay = 0;
  /** @type {(() => void) | undefined} */
  #onEnd;
  #onDrain;

  /** Whether it is to be said that nothing waits any more. */
  isWatched = false;
  /** Bytes handed to the stream. */
  written = 0;

  /**
   * @param {import('node:stream').Duplex} stream
   * @param {Methods} methods
   * @param {() => void} onDrain called when the stream has taken all
   */
  constructor(stream, methods, onDrain) {
    this.#stream = stream;
    this.#methods = methods;
    this.#onDrain = onDrain;
    // An old-style stream gets each frame by itself.
    this.#waiting = new PackedFrames(typeof stream.cork === 'function');
    stream.on('drain', () => this.#drained());
  }

  /** @returns {number} bytes that wait, here and in the stream */
  queued() {
    return this.#waiting.bytes + (this.#stream.writableLength ?? 0);
  }

  /**
   * @returns {number} one that changes whenever bytes leave: as the stream hears of that, and within a long write by
   *   what its handle has left
   */
  get taken() {
    const { _handle: handle, writableLength = 0 } = /** @type {import('../net-socket/node-socket').NodeSocket} */ (
      /** @type {unknown} */ (this.#stream)
    );
    const left = (handle?._parent ?? handle)?.writeQueueSize ?? 0;
    return Math.max(0, 2 * this.written - writableLength - left);
  }

  /** @returns {number} what they cost here beside their bytes */
  get overhead() {
    return this.#waiting.overhead;
  }

  /** @param {Uint8Array} frame */
  write(frame) {
    if (this.#ended || this.#stream.destroyed) {
      return;
    }
    // What belongs to this tick leaves with it, though the stream wants no more.
    const mayLeave = this.#corked || !this.#blocked;
    if (!mayLeave || this.#passing || !this.#waiting.isEmpty) {
      this.#waiting.push(frame);
      // A listener may have thrown while what waits was handed over.
      if (mayLeave && !this.#corked && !this.#passing) {
        this.#drained();
      }
      return;
    }
    this.#cork();
    if (!this.#corked) {
      // An old-style stream may bring bytes inside its write: the answer to them leaves behind that write.
      this.#waiting.push(frame);
      this.#drained();
    } else if (this.#handed++ >= FEW || this.#hasEnough) {
      this.#waiting.push(frame);
    } else {
      this.#hand(frame);
    }
  }

  /** Gives the stream a frame. @param {Uint8Array} frame */
  #hand(frame) {
    this.written += frame.length;
    // The end of it is to be heard of, whatever the stream's own high-water mark. An old-style stream knows of no
    // callback, and gets one where much waits alone.
    const isHeard = this.#isNodeStream || this.isWatched || this.queued() + frame.length > limit.HIGH_MARK;
    const rest = isHeard ? [this.#onWritten] : [];
    this.#underWay += rest.length;
    const drains = this.#drains;
    const full = this.#methods.write.call(this.#stream, frame, ...rest) === false;
    // It may have drained, or taken another frame, inside.
    if (full && drains === this.#drains) {
      this.#blocked = true;
    }
  }

  /** Has the end of what waits by now heard of. */
  watch() {
    this.isWatched = true;
    // What waits may all be of whoever had the stream before. TLS in Deno breaks off where a write has no bytes, so
    // there is none if it can be done without.
    if (this.#waiting.isEmpty && this.#underWay === 0 && this.#isNodeStream) {
      this.#underWay++;
      this.#methods.write.call(this.#stream, NOTHING, this.#onWritten);
    }
  }

  /** Whether it takes what streams of Node.js take: an old-style one has `write` and `end` alone. */
  get #isNodeStream() {
    return typeof this.#stream.cork === 'function';
  }

  /** Says so if nothing waits any more. What a write that failed had is not counted either, but has not left. */
  settle() {
    if (this.queued() === 0 && !this.#stream.errored) {
      this.#onDrain();
    }
  }

  /** The stream has taken a frame, unless it is broken. @param {Error | null} [error] */
  #onWritten = (error) => {
    this.#underWay--;
    if (!error) this.settle();
  };

  /** Holds writes back until the end of the tick, so that they leave in one system call. */
  #cork() {
    if (!this.#corked && typeof this.#stream.cork === 'function') {
      this.#corked = true;
      this.#handed = 0;
      this.#stream.cork();
      nextTick(() => this.flush());
    }
  }

  /** Lets go of what is held back. */
  flush() {
    if (this.#corked) {
      this.#pass(() => !this.#stream.destroyed && !this.#hasEnough);
      this.#corked = false;
      this.#stream.uncork();
    }
  }

  /** Whether the rest, after what the stream has, waits for its drain. */
  get #hasEnough() {
    return this.#blocked && this.#stream.writableLength >= AT_ONCE;
  }

  /** On leaving, the stream is given all: no drain comes any more. */
  leave() {
    this.#pass(() => !this.#ended && !this.#stream.destroyed);
    this.flush();
  }

  /** Hands over what waits; what is sent meanwhile waits after it. @param {() => boolean} goesOn */
  #pass(goesOn) {
    this.#passing = true;
    try {
      while (!this.#waiting.isEmpty && goesOn()) {
        this.#hand(this.#waiting.shift());
      }
    } finally {
      this.#passing = false;
    }
  }

  #drained() {
    this.#blocked = false;
    this.#drains++;
    this.#pass(() => !this.#blocked);
    if (!this.#waiting.isEmpty) {
      return;
    }
    if (this.#onEnd !== undefined) {
      this.#finish();
    }
    this.settle();
  }

  /**
   * Ends the write side after what was written.
   *
   * @param {() => void} over called if that is all there is to come: an old-style stream reports
   *   no end
   */
  end(over) {
    this.#onEnd = over;
    this.flush();
    if (this.#waiting.isEmpty) {
      this.#finish();
    }
  }

  #finish() {
    if (this.#ended) {
      return;
    }
    this.#ended = true;
    this.flush();
    // Not inside its own write: a Node stream that is ended there never finishes.
    nextTick(() => {
      if (!this.#stream.destroyed) {
        this.#methods.end.call(this.#stream);
      }
      if (this.#methods.destroy === undefined) {
        this.#onEnd?.();
      }
    });
  }

  /** The connection is over; its stream is destroyed, or where that cannot be, ended. */
  release() {
    this.#waiting.clear();
    if (this.#methods.destroy === undefined && !this.#ended) {
      this.destroy();
    }
  }

  /** Drops the stream. */
  destroy() {
    this.#ended = true;
    const { destroy, end } = this.#methods;
    (destroy ?? end).call(this.#stream);
  }
}

module.exports = { StreamOutput };
