'use strict';

const { Frame } = require('./frame.js');
const { PERMESSAGE_DEFLATE, opcode: opcodes } = require('../native/constants.js');

/** Opcodes up to this one are those of messages. */
const NOTHING = Buffer.alloc(0);

/**
 * permessage-deflate (RFC 7692) among a connection's extensions: those after it in the header see compressed frames,
 * those before it see what the frames carry.
 */
class DeflateStep {
  name = PERMESSAGE_DEFLATE;
  #inflate;
  #compress;
  #miss;
  #forget;
  /** Whether the frame in the write chain was compressed here. */
  #isUnsent = false;
  /** Opcode of the message under way. */
  #opcode = 0;

  /**
   * @param {object} native
   * @param {(frame: Buffer, payload: Buffer) => Buffer | true | undefined} native.inflate takes a
   *   received frame; see `streamInflate`
   * @param {(message: Buffer) => Buffer | undefined} native.compress see `streamCompress`
   * @param {(opcode: number, rsv1: boolean) => void} native.miss see `streamMiss`
   * @param {() => void} native.forget see `streamForget`
   */
  constructor({ inflate, compress, miss, forget }) {
    this.#inflate = inflate;
    this.#compress = compress;
    this.#miss = miss;
    this.#forget = forget;
  }

  /**
   * @param {Frame} frame as received
   * @returns {Frame | null} what goes on; `null` while a message is not whole
   */
  transformRead(frame) {
    if (frame.opcode > 0 && frame.opcode <= opcodes.BINARY) {
      this.#opcode = frame.opcode;
    }
    const message = this.#inflate(frame.toBuffer(), frame.content);
    if (message === true) {
      return frame;
    }
    return message === undefined ? null : remade(frame, this.#opcode, message);
  }

  /**
   * Hears of a received frame that was dropped before it came here.
   *
   * @param {{ opcode: number, rsv1: boolean }} header what it was on the wire
   */
  missRead({ opcode, rsv1 }) {
    this.#miss(opcode, rsv1);
  }

  /**
   * Looks at a frame that is not taken whole, by its header: only here is it known that a message
   * is compressed.
   *
   * @param {Buffer} bytes what came of it
   * @returns {boolean} whether the connection has failed by it
   */
  refuses(bytes) {
    try {
      return this.#inflate(bytes, NOTHING) !== true;
    } catch {
      // No header at all: the protocol says what is wrong with it.
      return false;
    }
  }

  /**
   * @param {Frame} frame to be sent
   * @param {boolean} compress whether it may be compressed
   * @returns {Frame}
   */
  transformWrite(frame, compress) {
    const isMessage = frame.fin && frame.opcode > 0 && frame.opcode <= opcodes.BINARY && !frame.rsv1;
    const content = compress && isMessage ? this.#compress(frame.content) : undefined;
    if (content === undefined) {
      return frame;
    }
    const compressed = remade(frame, frame.opcode, content);
    compressed.rsv1 = true;
    this.#isUnsent = true;
    return compressed;
  }

  /**
   * The frame in the write chain has left it: there is one at a time, so none after it has been
   * compressed yet.
   *
   * @param {boolean} isSent whether it goes to the peer; what it does not get, no later message may
   *   refer to
   */
  left(isSent) {
    if (this.#isUnsent && !isSent) {
      this.#forget();
    }
    this.#isUnsent = false;
  }
}

/**
 * A whole message, masked as this frame of it is, with its other reserved bits.
 *
 * @param {Frame} frame
 * @param {number} opcode
 * @param {Buffer} content
 * @returns {Frame}
 */
function remade({ mask, rsv2, rsv3 }, opcode, content) {
  return Object.assign(new Frame(), { fin: true, mask, rsv2, rsv3, opcode, content });
}

module.exports = { DeflateStep };
