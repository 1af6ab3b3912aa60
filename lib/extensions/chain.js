'use strict';

const { Fifo } = require('../util/fifo.js');
const { Frame } = require('./frame.js');

/** The public code of what an extension did wrong. */
const EXTENSION_ERROR = 'ERR_WS_EXTENSION';

/** @typedef {import('../../index').Connection} Connection */

/**
 * An extension's function, or what is built in, which hears of frames that were dropped before they came to it.
 *
 * @template Note
 * @typedef {object} Step
 * @property {string} name of the extension
 * @property {import('../../index').Extension['read']} [step]
 * @property {(frame: Frame, note: Note) => Frame | null} [transform] takes the place of `step`
 * @property {(note: Note) => void} [miss]
 */

/**
 * A frame that is inside.
 *
 * @template Note
 * @typedef {{ action?: undefined, frame: Frame, bytes: number, note: Note }} Passing
 */

/**
 * What waits in a chain: a frame, or what is to be done once all before it are through.
 *
 * @template Note
 * @typedef {Passing<Note> | { action: () => void }} Item
 */

/**
 * What became of a frame at a step.
 *
 * @typedef {'later' | 'dropped' | 'passed'} Fate
 */

/**
 * Takes frames through the `read` or `write` functions of a connection's extensions, one at a time:
 * so their order is kept, whenever an extension calls `next`.
 *
 * @template Note what is noted of each frame for what is built in
 */
class Chain {
  #steps;
  #connection;
  #onFrame;
  #onError;
  #onLeave;
  /** @type {Fifo<Item<Note>>} */
  #queue = new Fifo();
  #busy = false;
  #ended = false;

  /** Whether the next frame is to wait until `goOn` is called. */
  isHeld = false;
  /** Bytes of the frames that are inside. */
  bytes = 0;
  /** How many those are. */
  frames = 0;

  /**
   * @param {Step<Note>[]} steps
   * @param {Connection} connection what `this` is to them
   * @param {(frame: Frame, note: Note) => void} onFrame gets each frame that came through
   * @param {(error: Error) => void} onError gets what an extension reports, or does wrong; the frame
   *   is dropped
   * @param {(frame?: Frame) => void} onLeave called when a frame is inside no more, through or dropped; it
   *   gets the one that came through
   */
  constructor(steps, connection, onFrame, onError, onLeave) {
    this.#steps = steps;
    this.#connection = connection;
    this.#onFrame = onFrame;
    this.#onError = onError;
    this.#onLeave = onLeave;
  }

  /** @returns {boolean} whether nothing is inside */
  get isEmpty() {
    return !this.#busy && this.#queue.length === 0;
  }

  /**
   * @param {Frame} frame
   * @param {number} bytes what it is counted for until it is through
   * @param {Note} note what is built in gets this
   */
  push(frame, bytes, note) {
    if (!this.#ended) {
      this.bytes += bytes;
      this.frames++;
    }
    this.#enqueue({ frame, bytes, note });
  }

  /** @param {() => void} action what is to be done once all before it are through */
  pushAction(action) {
    this.#enqueue({ action });
  }

  /** @param {Item<Note>} item */
  #enqueue(item) {
    if (this.#ended) {
      return;
    }
    this.#queue.push(item);
    this.goOn();
  }

  /** Goes on with what waits, unless it is held. */
  goOn() {
    if (!this.#busy) {
      this.#run();
    }
  }

  /** The connection is over: nothing comes out any more. */
  end() {
    this.#ended = true;
    this.#queue.clear();
    this.bytes = 0;
    this.frames = 0;
  }

  #run() {
    this.#busy = true;
    while (this.#queue.length > 0 && !this.isHeld) {
      const item = /** @type {Item<Note>} */ (this.#queue.shift());
      if (item.action !== undefined) {
        item.action();
      } else if (!this.#advance(item, 0)) {
        // `next` goes on with the rest.
        return;
      }
    }
    this.#busy = false;
  }

  /**
   * Takes a frame through the steps from `index` on.
   *
   * @param {Passing<Note>} item
   * @param {number} index
   * @returns {boolean} whether it is through, or dropped, by now
   */
  #advance(item, index) {
    for (let at = index; at < this.#steps.length; at++) {
      const outcome = this.#step(item, at);
      if (outcome === 'later') {
        return false;
      }
      if (outcome === 'dropped') {
        this.#drop(item, at);
        return true;
      }
    }
    this.#leave(item, item.frame);
    return true;
  }

  /** A frame is dropped by a step. @param {Passing<Note>} item @param {number} at */
  #drop(item, at) {
    for (const { miss } of this.#steps.slice(at + 1)) {
      miss?.(item.note);
    }
    this.#leave(item);
  }

  /** A frame is through, or with none given, dropped. @param {Passing<Note>} item @param {Frame} [frame] */
  #leave(item, frame) {
    if (this.#ended) {
      return;
    }
    this.bytes -= item.bytes;
    this.frames--;
    if (frame !== undefined) {
      this.#onFrame(frame, item.note);
    }
    this.#onLeave(frame);
  }

  /** Calls one extension. @param {Passing<Note>} item @param {number} at @returns {Fate} */
  #step(item, at) {
    const { name, step, transform } = this.#steps[at];
    if (transform !== undefined) {
      return this.#transform(item, transform);
    }
    /** @type {Fate} */
    let outcome = 'later';
    let returned = false;
    let called = false;
    /** @param {unknown} [error] @param {unknown} [frame] */
    const next = (error, frame = item.frame) => {
      if (this.#ended) {
        return;
      }
      if (called) {
        this.#report(new Error(`the extension ${name} called next() twice for one frame`));
        return;
      }
      called = true;
      outcome = this.#accept(item, name, error, frame);
      if (returned) {
        this.#goOn(item, at, outcome);
      }
    };
    try {
      step?.call(this.#connection, next, item.frame);
    } catch (error) {
      if (called) {
        this.#report(error);
      } else {
        next(error ?? new Error(`the extension ${name} threw ${error}`));
      }
    }
    returned = true;
    return outcome;
  }

  /**
   * Lets what is built in have the frame.
   *
   * @param {Passing<Note>} item
   * @param {(frame: Frame, note: Note) => Frame | null} transform
   * @returns {Fate}
   */
  #transform(item, transform) {
    let frame = null;
    try {
      frame = transform(item.frame, item.note);
    } catch (error) {
      // Of a frame that an extension has made wrong.
      this.#report(error);
    }
    item.frame = frame ?? item.frame;
    return frame === null ? 'dropped' : 'passed';
  }

  /**
   * What `next` was called with.
   *
   * @param {Passing<Note>} item
   * @param {string} name of the extension
   * @param {unknown} error
   * @param {unknown} frame
   * @returns {Fate}
   */
  #accept(item, name, error, frame) {
    if (error !== undefined && error !== null) {
      this.#report(error);
      return 'dropped';
    }
    if (!(frame instanceof Frame)) {
      this.#report(new TypeError(`the extension ${name} must give next() a Frame`));
      return 'dropped';
    }
    item.frame = frame;
    return 'passed';
  }

  /** After a `next` that came later. @param {Passing<Note>} item @param {number} at @param {Fate} outcome */
  #goOn(item, at, outcome) {
    if (outcome === 'dropped') {
      this.#drop(item, at);
    }
    if (outcome === 'dropped' || this.#advance(item, at + 1)) {
      this.#run();
    }
  }

  /** @param {unknown} error */
  #report(error) {
    /** @type {NodeJS.ErrnoException} */
    const wrapped = error instanceof Error ? error : new Error(String(error));
    wrapped.code ??= EXTENSION_ERROR;
    this.#onError(wrapped);
  }
}

module.exports = { Chain };
