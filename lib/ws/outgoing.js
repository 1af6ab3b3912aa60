'use strict';

const { randomFillSync } = require('node:crypto');

const { OPEN, kInner } = require('../connection/connection.js');
const { close, terminate } = require('../connection/lifecycle.js');
const { PERMESSAGE_DEFLATE, opcode: OPCODE } = require('../native/constants.js');
const { nextTick } = require('../util/clock.js');
const { byteLength, isBlob, toSend } = require('./data.js');
const { encode } = require('./frames.js');

/** The status code that a refused client gets (RFC 6455 §7.4.1). */
const PROTOCOL_ERROR = 1002;

/** @typedef {import('../connection/connection.js').Connection} Connection */
/** @typedef {import('../connection/transport').Transport<Connection>} Transport */
/** @typedef {(error?: Error | null) => void} Callback */

/** What a callback hears if the connection was over before the message had been written. */
const CLOSED_BEFORE = 'The WebSocket was closed before the message was sent';

/** The same if a message was on its way to permessage-deflate, in the words of `ws`. */
const CLOSED_WHILE_COMPRESSING = 'The socket was closed while data was being compressed';

/**
 * How a message is sent.
 *
 * @typedef {object} How
 * @property {number} opcode
 * @property {boolean} fin whether it is the last fragment of its message (RFC 6455 §5.4)
 * @property {boolean} compress whether permessage-deflate may compress it
 * @property {boolean | undefined} mask whether it is masked; `undefined` is what the role asks for
 */

/**
 * What a WebSocket sends, in order, and the callbacks that hear when it has left.
 */
class Outgoing {
  /** @type {Connection} */
  #connection;
  /** By which it is sent; nothing once it is closing, or lost. @type {Transport | null} */
  #transport;
  #counters;
  /** Called once all that was sent before has been written. @type {Callback[]} */
  #waiting = [];
  #isScheduled = false;
  /** What to do when the Blob that it reads has been sent. @type {(() => void)[] | null} */
  #behindBlob = null;
  /** Bytes that wait for that. */
  #blobBytes = 0;
  /** Whether the message that fragments are being sent of has begun. */
  #isFragmented = false;

  #generateMask;
  #onError;
  /** Whether the connection was closed while a Blob was being read. */
  #isBlobLost = false;
  /** Whether a message that a callback waits for is one that permessage-deflate compresses. */
  #isCompressing = false;

  /**
   * @param {Connection} connection
   * @param {((key: Buffer) => void) | undefined} generateMask fills in the masking key of each frame
   * @param {(error: Error) => void} onError called if a Blob cannot be read
   */
  constructor(connection, generateMask, onError) {
    this.#onError = onError;
    this.#connection = connection;
    const { group, readyState, transport } = connection[kInner];
    this.#transport = readyState === OPEN ? transport : null;
    this.#counters = group.counters;
    this.#generateMask = generateMask;
  }

  /** Bytes that wait to be written. */
  get queued() {
    return (this.#connection[kInner].transport?.bufferedAmount() ?? 0) + this.#blobBytes;
  }

  /**
   * Sends a message, or a fragment of one.
   *
   * @param {unknown} data
   * @param {How} how
   * @param {Callback | undefined} callback
   */
  send(data, how, callback) {
    if (isBlob(data)) {
      this.#sendBlob(data, how, callback);
      return;
    }
    const payload = toSend(data);
    if (this.#behindBlob === null) {
      this.#write(payload, how, callback);
    } else {
      // The caller may reuse its memory.
      const kept = typeof payload === 'string' ? payload : copyOf(payload);
      this.#later(byteLength(kept), () => this.#write(kept, how, callback));
    }
  }

  /** Does something after all that was sent. @param {() => void} act */
  after(act) {
    this.#behindBlob === null ? act() : this.#later(0, act);
  }

  /** @param {number} bytes @param {() => void} act */
  #later(bytes, act) {
    this.#blobBytes += bytes;
    this.#behindBlob?.push(() => {
      this.#blobBytes -= bytes;
      act();
    });
  }

  /**
   * A Blob is read first, and what is sent meanwhile waits.
   *
   * @param {import('node:buffer').Blob} blob
   * @param {How} how
   * @param {Callback | undefined} callback
   */
  #sendBlob(blob, how, callback) {
    if (this.#behindBlob !== null) {
      this.#later(blob.size, () => this.#sendBlob(blob, how, callback));
      return;
    }
    this.#behindBlob = [];
    this.#blobBytes += blob.size;
    /** @param {() => void} act */
    const done = (act) => {
      this.#blobBytes -= blob.size;
      const behind = this.#behindBlob ?? [];
      this.#behindBlob = null;
      try {
        act();
      } finally {
        for (const next of behind) this.after(next);
      }
    };
    blob.arrayBuffer().then(
      (bytes) => nextTick(done, () => this.#writeBlob(new Uint8Array(bytes), how, callback)),
      (error) => nextTick(done, () => this.#blobFailed(error, callback)),
    );
  }

  /**
   * @param {Uint8Array} bytes
   * @param {How} how
   * @param {Callback | undefined} callback
   */
  #writeBlob(bytes, how, callback) {
    this.#isBlobLost = this.#connection.readyState !== OPEN;
    this.#write(bytes, how, callback);
  }

  /** What was to be sent is missing: the connection ends. @param {Error} error @param {Callback | undefined} callback */
  #blobFailed(error, callback) {
    callback?.(error);
    this.#onError(error);
    terminate(this.#connection);
  }

  /** Why something cannot be sent any more. */
  #closedBefore() {
    if (this.#isBlobLost) {
      return new Error('The socket was closed while the blob was being read');
    }
    return new Error(this.#isCompressing ? CLOSED_WHILE_COMPRESSING : CLOSED_BEFORE);
  }

  /** Whether permessage-deflate compresses a message that may be. @param {string | ArrayBufferView} payload */
  #compresses(payload) {
    const { extensions, group } = this.#connection[kInner];
    const { threshold = 0 } = group.options.perMessageDeflate ?? {};
    return extensions.includes(PERMESSAGE_DEFLATE) && byteLength(payload) >= threshold;
  }

  /**
   * @param {string | ArrayBufferView} payload
   * @param {How} how
   * @param {Callback | undefined} callback
   */
  #write(payload, { opcode, fin, compress, mask }, callback) {
    const transport = this.#openTransport(callback);
    if (transport === null) {
      return;
    }
    const isControl = opcode >= OPCODE.CLOSE;
    const continues = this.#isFragmented && !isControl;
    if (!isControl) {
      this.#isFragmented = !fin;
      if (fin) this.#counters.messagesSent++;
    }
    const key = this.#key(mask);
    if (continues || !fin || key !== undefined) {
      transport.sendFragment(continues ? OPCODE.CONTINUATION : opcode, payload, fin, compress, key);
    } else {
      transport.send(opcode, payload, compress, Infinity);
    }
    if (callback !== undefined) {
      this.#isCompressing ||= compress && !isControl && this.#compresses(payload);
      this.#call(callback);
    }
  }

  /**
   * The masking key of the next frame; nothing if the engine chooses it.
   *
   * @param {boolean | undefined} mask whether the caller wants one
   * @returns {Buffer | null | undefined}
   */
  #key(mask) {
    if (mask === undefined && this.#generateMask === undefined) {
      return undefined;
    }
    if (!(mask ?? this.#connection.mask)) {
      return null;
    }
    const key = Buffer.alloc(4);
    (this.#generateMask ?? randomFillSync)(key);
    return key;
  }

  /**
   * @param {Callback | undefined} callback hears of it if nothing can be sent any more
   * @returns {Transport | null}
   */
  #openTransport(callback) {
    if (this.#transport === null && callback !== undefined) nextTick(callback, this.#closedBefore());
    return this.#transport;
  }

  /** The connection is closing, or lost. */
  leave() {
    this.#transport = null;
  }

  /**
   * Sends whole frames that somebody has encoded.
   *
   * @param {Uint8Array} frames
   * @param {Callback} [callback]
   */
  sendEncoded(frames, callback) {
    const transport = this.#openTransport(callback);
    if (transport !== null) {
      transport.sendEncoded(frames);
      if (callback !== undefined) this.#call(callback);
    }
  }

  /**
   * The same, as `Sender.frame` returns them: broadcasters call this as `_sender.sendFrame`.
   *
   * @param {(Buffer | string)[]} list
   * @param {Callback} [callback]
   */
  sendFrame(list, callback) {
    const parts = list.map((one) => (typeof one === 'string' ? Buffer.from(one) : one));
    this.sendEncoded(parts.length === 1 ? parts[0] : Buffer.concat(parts), callback);
  }

  /**
   * Whoever has upgraded the connection refuses its client after all: it is sent a frame that it cannot accept.
   *
   * @param {number} opcode
   * @param {string} text
   */
  refuse(opcode, text) {
    this.sendEncoded(encode(text, { opcode, mask: this.#connection[kInner].mask }));
    close(this.#connection, PROTOCOL_ERROR, '');
  }

  /** Ends the connection once all that was sent has been written. */
  finish() {
    this.#call((error) => {
      if (!error) terminate(this.#connection);
    });
  }

  /** Calls back once all that was sent has been written; not before this tick is over. @param {Callback} callback */
  #call(callback) {
    this.#waiting.push(callback);
    if (!this.#isScheduled) {
      this.#isScheduled = true;
      nextTick(settle, this);
    }
  }

  /** This tick's frames are on their way. */
  settle() {
    this.#isScheduled = false;
    const { transport } = this.#connection[kInner];
    if (transport !== null && !transport.awaitWritten()) this.written();
  }

  /** All that was sent has been written. */
  written() {
    this.#callBack(null);
  }

  /** The connection is closed, or dropped: what has not been written is lost. */
  end() {
    this.#callBack(this.#closedBefore());
  }

  /** @param {Error | null} error */
  #callBack(error) {
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#isCompressing = false;
    // Each by itself: what one throws is nothing to the others.
    for (const callback of waiting) nextTick(callback, error ?? undefined);
  }
}

/** @param {Outgoing} outgoing */
function settle(outgoing) {
  outgoing.settle();
}

/** @param {ArrayBufferView} view */
function copyOf({ buffer, byteOffset, byteLength: length }) {
  return Buffer.from(new Uint8Array(buffer, byteOffset, length));
}

module.exports = { Outgoing };
