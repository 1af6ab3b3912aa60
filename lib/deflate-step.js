'use strict';

const { Frame } = require('./frame.js');

/** Opcodes up to this one are those of messages. */
const BINARY = 0x2;
const NOTHING = Buffer.alloc(0);

/**
 * permessage-deflate (RFC 7692) in its place among a connection's extensions: those behind it in the
 * header see compressed frames, those before it what they carry.
 */
class DeflateStep {
  name = 'permessage-deflate';
  #inflate;
  #compress;
  /** Opcode of the message under way. */
  #opcode = 0;

  /**
   * @param {object} native
   * @param {(frame: Buffer, payload: Buffer) => Buffer | true | undefined} native.inflate takes a
   *   received frame; see `streamInflate`
   * @param {(message: Buffer) => Buffer | undefined} native.compress see `streamCompress`
   */
  constructor({ inflate, compress }) {
    this.#inflate = inflate;
    this.#compress = compress;
  }

  /**
   * @param {Frame} frame as received
   * @returns {Frame | null} what goes on; `null` while a message is not whole
   */
  transformRead(frame) {
    if (frame.opcode > 0 && frame.opcode <= BINARY) {
      this.#opcode = frame.opcode;
    }
    const message = this.#inflate(frame.toBuffer(), frame.payload);
    if (message === true) {
      return frame;
    }
    return message === undefined ? null : remade(frame, this.#opcode, message);
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
    const isMessage = frame.fin && frame.opcode > 0 && frame.opcode <= BINARY && !frame.rsv1;
    const payload = compress && isMessage ? this.#compress(frame.payload) : undefined;
    if (payload === undefined) {
      return frame;
    }
    const compressed = remade(frame, frame.opcode, payload);
    compressed.rsv1 = true;
    return compressed;
  }
}

/** A whole message, masked as this frame of it is, with its other reserved bits. */
function remade({ mask, rsv2, rsv3 }, opcode, payload) {
  return Object.assign(new Frame(), { fin: true, mask, rsv2, rsv3, opcode, payload });
}

module.exports = { DeflateStep };
