'use strict';

const { Chain } = require('./chain.js');
const { DeflateStep } = require('./deflate-step.js');
const { Frame } = require('./frame.js');
const { fragmentsOf } = require('./fragments.js');
const { FrameReader } = require('./frame-reader.js');
const { limit } = require('../native/constants.js');
const native = require('../native/native.js');

/** What a frame in a chain costs beside its bytes, about. */
const FRAME_COST = 512;

/** @typedef {import('./resolve.js').Resolved | DeflateStep} Built an extension, or what is built in */
/**
 * What permessage-deflate has to know of a frame that was dropped.
 *
 * @typedef {{ opcode: number, rsv1: boolean }} FrameHead
 */

/**
 * How a frame is to be sent: whether it may be compressed, and the most bytes of payload that one may have.
 *
 * @typedef {{ compress: boolean, fragment: number }} Sending
 */

/**
 * A connection's extensions, between the bytes of its stream and the protocol: frames are cut out
 * of either direction, go through the chains, and are bytes again.
 *
 * What comes out of the read chain is taken by the protocol as if it had come from the wire; so it
 * is held to the same rules.
 */
class Framing {
  #incoming;
  #outgoing;
  #reads;
  #writes;
  /** permessage-deflate, where it is among them. */
  #deflate;
  #receive;
  #write;
  #onError;

  /**
   * @param {Built[]} extensions in header order
   * @param {import('../../index').Connection} connection what `this` is to their functions
   * @param {object} ends
   * @param {number} ends.maxPayload
   * @param {(bytes: Uint8Array) => void} ends.receive takes what came through the read chain
   * @param {(bytes: Uint8Array) => void} ends.write takes what came through the write chain
   * @param {(error: Error) => void} ends.onError
   * @param {() => void} ends.onRead called when a frame has left the read chain, through or dropped
   * @param {() => void} ends.onWritten the same of the write chain
   */
  constructor(extensions, connection, ends) {
    const { maxPayload, receive, write, onError, onRead, onWritten } = ends;
    this.#receive = receive;
    this.#write = write;
    this.#onError = onError;
    this.#deflate = extensions.find((extension) => extension instanceof DeflateStep);
    this.#incoming = new FrameReader(this.#deflate === undefined ? maxPayload : native.largestCompressed(maxPayload));
    // Our own frames: the sender has bounded them already.
    this.#outgoing = new FrameReader(Infinity);
    const backwards = [...extensions].reverse();
    /** @param {Frame} frame */
    const received = (frame) => this.#received(frame);
    this.#reads = new Chain(readSteps(backwards), connection, received, onError, onRead);
    /** @param {Frame} frame @param {Sending} how */
    const sent = (frame, how) => this.#sent(frame, how);
    /** @param {Frame} [frame] */
    const left = (frame) => {
      if (frame === undefined) {
        this.#deflate?.left(false);
      }
      onWritten();
    };
    this.#writes = new Chain(writeSteps(extensions), connection, sent, onError, left);
  }

  /** @returns {number} bytes of frames in the write chain */
  get writing() {
    return this.#writes.bytes;
  }

  /** @returns {number} what the frames in the write chain cost beside their bytes */
  get overhead() {
    return this.#writes.frames * FRAME_COST;
  }

  /** @returns {boolean} whether the peer is to wait for the read chain */
  get isFull() {
    return this.#reads.bytes > limit.HIGH_MARK;
  }

  /** @returns {number} bytes of frames in the read chain, and of the one under way */
  get reading() {
    return this.#reads.bytes + this.#incoming.pending;
  }

  /** @returns {boolean} whether no received frame waits */
  get isIdle() {
    return this.#reads.isEmpty;
  }

  /** @param {Uint8Array} chunk bytes from the stream */
  push(chunk) {
    for (const { bytes, whole } of this.#incoming.push(chunk)) {
      if (whole) {
        const frame = new Frame(bytes);
        const { opcode, rsv1 } = frame;
        this.#reads.push(frame, bytes.length, { opcode, rsv1 });
      } else {
        // The protocol finds what is wrong with it, behind what came before.
        this.#reads.pushAction(() => this.#deflate?.refuses(bytes) || this.#receive(bytes));
      }
    }
  }

  /** @param {boolean} on whether received frames wait until `goOn` is called */
  hold(on) {
    this.#reads.isHeld = on;
  }

  /** Goes on with received frames, unless they are held. */
  goOn() {
    this.#reads.goOn();
  }

  /** @param {() => void} action what is to follow all that was received */
  afterReads(action) {
    this.#reads.pushAction(action);
  }

  /**
   * @param {Uint8Array} bytes whole frames to be sent
   * @param {Sending} how
   */
  send(bytes, how) {
    for (const { bytes: one } of this.#outgoing.push(bytes)) {
      this.#writes.push(new Frame(one), one.length, how);
    }
  }

  /** @param {() => void} action what is to follow all that was sent */
  afterWrites(action) {
    this.#writes.pushAction(action);
  }

  /** The connection is over: what is still inside comes out no more. */
  end() {
    this.#reads.end();
    this.#writes.end();
  }

  /** @param {Frame} frame that came through the read chain */
  #received(frame) {
    const bytes = this.#toBytes(frame);
    if (bytes !== null) {
      this.#receive(bytes);
    }
  }

  /** @param {Frame} frame that came through the write chain @param {Sending} how */
  #sent(frame, { fragment }) {
    const error = frame.isValid();
    this.#deflate?.left(error === null);
    if (error !== null) {
      this.#onError(error);
      return;
    }
    for (const one of fragmentsOf(frame, fragment)) {
      this.#write(one.toBuffer());
    }
  }

  /** @param {Frame} frame @returns {Buffer | null} `null` if an extension has made it wrong */
  #toBytes(frame) {
    try {
      return frame.toBuffer();
    } catch (error) {
      this.#onError(/** @type {Error} */ (error));
      return null;
    }
  }
}

/**
 * What the extensions do with received frames.
 *
 * @param {Built[]} extensions
 * @returns {import('./chain.js').Step<FrameHead>[]} the note is what the frame was on the wire
 */
function readSteps(extensions) {
  /** @param {Built} one @returns {import('./chain.js').Step<FrameHead>[]} */
  const stepsOf = (one) => {
    const { name } = one;
    if (one instanceof DeflateStep) {
      return [{ name, transform: (frame) => one.transformRead(frame), miss: (head) => one.missRead(head) }];
    }
    return one.read === undefined ? [] : [{ name, step: one.read }];
  };
  return extensions.flatMap(stepsOf);
}

/**
 * What the extensions do with frames that are to be sent.
 *
 * @param {Built[]} extensions
 * @returns {import('./chain.js').Step<Sending>[]}
 */
function writeSteps(extensions) {
  /** @param {Built} one @returns {import('./chain.js').Step<Sending>[]} */
  const stepsOf = (one) => {
    const { name } = one;
    if (one instanceof DeflateStep) {
      return [{ name, transform: (frame, { compress }) => one.transformWrite(frame, compress) }];
    }
    return one.write === undefined ? [] : [{ name, step: one.write }];
  };
  return extensions.flatMap(stepsOf);
}

module.exports = { Framing };
