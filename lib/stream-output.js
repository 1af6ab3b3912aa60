'use strict';

const { Fifo } = require('./fifo.js');

/** With more bytes than this queued, the writer asks to hear when they are gone. */
const HIGH_MARK = 64 * 1024;

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
  /** Frames that wait for `drain`. */
  #waiting = new Fifo();
  #waitingBytes = 0;
  #ended = false;
  #onEnd;

  /** Whether the end of each write is to be heard of. */
  isWatched = false;
  /** Bytes handed to the stream. */
  written = 0;
  /** Called when the stream has taken all. */
  onDrain = () => {};

  /**
   * @param {any} stream
   * @param {{ write: Function, end: Function, destroy?: Function }} methods its own, whatever is
   *   put in their place later
   */
  constructor(stream, methods) {
    this.#stream = stream;
    this.#methods = methods;
    stream.on('drain', () => this.#drained());
  }

  /** @returns {number} bytes that wait, here and in the stream */
  queued() {
    return this.#waitingBytes + (this.#stream.writableLength ?? 0);
  }

  /** @param {Uint8Array} frame */
  write(frame) {
    if (this.#ended || this.#stream.destroyed) {
      return;
    }
    // What belongs to this tick leaves with it, however much it is.
    if (this.#blocked && !this.#corked) {
      this.#waiting.push(frame);
      this.#waitingBytes += frame.length;
      return;
    }
    this.#cork();
    this.#hand(frame);
  }

  #hand(frame) {
    this.written += frame.length;
    // Where much waits, the end of it is to be heard of, whatever the stream's own high-water mark.
    const rest = this.isWatched || this.queued() > HIGH_MARK ? [this.#onWritten] : [];
    const drains = this.#drains;
    const full = this.#methods.write.call(this.#stream, frame, ...rest) === false;
    // It may have drained, or taken another frame, inside.
    if (full && drains === this.#drains) {
      this.#blocked = true;
    }
  }

  #onWritten = () => {
    if (this.queued() === 0) {
      this.onDrain();
    }
  };

  /** Holds writes back until the end of the tick, so that they leave in one system call. */
  #cork() {
    if (!this.#corked && typeof this.#stream.cork === 'function') {
      this.#corked = true;
      this.#stream.cork();
      process.nextTick(() => this.flush());
    }
  }

  /** Lets go of what is held back. */
  flush() {
    if (this.#corked) {
      this.#corked = false;
      this.#stream.uncork();
    }
  }

  #drained() {
    this.#blocked = false;
    this.#drains++;
    while (this.#waiting.length > 0 && !this.#blocked) {
      const frame = this.#waiting.shift();
      this.#waitingBytes -= frame.length;
      this.#hand(frame);
    }
    if (this.#waiting.length > 0) {
      return;
    }
    if (this.#onEnd !== undefined) {
      this.#finish();
    }
    this.#onWritten();
  }

  /**
   * Ends the write side behind what was written.
   *
   * @param {() => void} over called where that is all there is to come: an old-style stream tells
   *   of no end
   */
  end(over) {
    this.#onEnd = over;
    if (this.#waiting.length === 0) {
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
    process.nextTick(() => {
      if (!this.#stream.destroyed) {
        this.#methods.end.call(this.#stream);
      }
      if (this.#methods.destroy === undefined) {
        this.#onEnd();
      }
    });
  }

  /** The connection is over; its stream is destroyed, or where that cannot be, ended. */
  release() {
    this.#waiting.clear();
    this.#waitingBytes = 0;
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
