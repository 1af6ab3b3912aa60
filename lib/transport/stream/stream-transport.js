'use strict';

const net = require('node:net');

const { DeflateStep } = require('../../extensions/deflate-step.js');
const { deliver } = require('../../connection/deliver.js');
const { report } = require('../../connection/lifecycle.js');
const { Fifo } = require('../../util/fifo.js');
const { Framing } = require('../../extensions/framing.js');
const { watch, unwatch } = require('./hang-up.js');
const {
  BACKPRESSURE,
  kind: KIND,
  opcode: { PING },
  statusCode,
} = require('../../native/constants.js');
const native = require('../../native/native.js');
const { connectionSettings } = require('../../connection/group.js');
const { keepBytes, toBytes } = require('./stream-bytes.js');
const { StreamOutput } = require('./stream-output.js');
const { StreamProtocol } = require('./stream-protocol.js');

/** Once more bytes than this were queued, falling back to zero is reported as `drain`; with more
 *  than this queued, only the latest ping is answered. */
const HIGH_MARK = 64 * 1024;
/** Bytes that are taken at once, however many a stream brings: each ping in them is answered. */
const READ = 128 * 1024;
/** Bytes that are inflated before what they became is delivered: it may be a thousand times as much. */
const COMPRESSED_READ = 16 * 1024;

/** @typedef {import('../../connection/connection.js').Connection} Connection */
/** @typedef {import('../../connection/transport').Transport<Connection>} Transport */

/**
 * A connection over any stream: the protocol in Rust is fed and emptied on this thread.
 *
 * @implements {Transport}
 */
class StreamTransport {
  #protocol;
  #owner;
  /** From `bind` on. @type {Connection} */
  #connection = /** @type {never} */ (undefined);
  #output;
  #mask;
  /** What it writes may be others' too: neither an extension nor the stream changes it. */
  #sharesFrames;
  /** Messages are compressed by Rust, not by the extensions' chain. */
  #deflates;
  #socket;
  #methods;
  #extensions;
  /** Why it is dropped, where there was no room for more. @type {string | undefined} */
  overflow;
  /** What came before `head` had its turn, or before `open`. @type {Uint8Array[] | null} */
  #early = [];
  /** Chunks that came while one was being taken, or that wait for the end of a pause. @type {Fifo<Uint8Array>} */
  #chunks = new Fifo();
  #taking = false;
  #lost = false;
  /** The extensions, where there are any. @type {Framing | null} */
  #framing = null;
  /** The app asked for a pause. */
  #paused = false;
  #congested = false;
  #wasHigh = false;
  #stopped = false;
  #losing = false;
  /** All that came before the end is out of the extensions. */
  #readsOver = false;
  /** The peer's FIN has come, and waits for the end of the pause, or for what came before it. */
  #endWaits = false;
  #terminated = false;
  /** What leaves behind the replies to what came before the closing, while that is still to be emitted.
   *  @type {(() => void)[] | null} */
  #parting = null;
  /** Bytes that came while paused. */
  #unwanted = 0;
  /** @type {NodeJS.Timeout | undefined} */
  #patience;
  #read = 0;
  /** What it hears of its stream. */
  #listeners = {
    data: (/** @type {unknown} */ chunk) => this.#receive(toBytes(this.#socket, chunk)),
    end: () => this.#end(),
    close: () => this.#lose(),
    error: () => this.#lose(),
  };

  /**
   * @param {import('node:stream').Duplex} socket
   * @param {import('./stream-output.js').Methods} methods
   * @param {import('../../connection/group.js').Group<Connection>} owner
   * @param {{ mask: boolean, enforceMasking: boolean, deflate: string }} role
   * @param {import('../../extensions/resolve.js').Resolved[]} extensions in header order, if there are any in JavaScript
   */
  constructor(socket, methods, owner, role, extensions) {
    const isChained = extensions.length > 0;
    this.#deflates = role.deflate !== '' && !isChained;
    this.#protocol = new StreamProtocol(isChained, connectionSettings(owner, role));
    this.#owner = owner;
    this.#socket = socket;
    this.#methods = methods;
    this.#output = new StreamOutput(socket, methods);
    this.#mask = role.mask;
    this.#sharesFrames = !role.mask && !isChained && socket instanceof net.Socket;
    this.#extensions = extensions;
  }

  /** What the connection shows of it. @returns {'stream'} */
  get name() {
    return 'stream';
  }

  /** @param {Connection} connection */
  bind(connection) {
    this.#connection = connection;
    this.#protocol.bind(this);
    this.#owner.streams.add(connection);
    if (this.#extensions.length > 0) {
      /** @param {import('../../extensions/resolve.js').Resolved} one */
      const withDeflate = (one) => (one.agreed === undefined ? one : new DeflateStep(this.#protocol.deflate));
      this.#framing = new Framing(this.#extensions.map(withDeflate), connection, {
        maxPayload: this.#owner.options.maxPayload,
        receive: (bytes) => this.#accept(bytes),
        write: (bytes) => this.#output.write(bytes),
        onError: (error) => reportFrom(connection, error),
        onRead: () => this.#regulate(),
        onWritten: () => this.#sent(),
      });
    }
  }

  /**
   * Starts reading.
   *
   * @param {Uint8Array} [head] bytes read before all others
   */
  start(head) {
    const socket = this.#socket;
    for (const [event, listener] of Object.entries(this.#listeners)) {
      socket.on(event, listener);
    }
    this.#output.onDrain = () => this.#drained();
    keepBytes(socket);
    // The app may have held either back.
    while (socket.writableCorked > 0) {
      socket.uncork();
    }
    this.#methods.resume?.call(socket);
    const hasHead = head !== undefined && head.length > 0;
    if (hasHead || (this.#early?.length ?? 0) > 0 || this.#lost) {
      // After `open`, and before what the stream brings; an old-style one may have told of it just now.
      process.nextTick(() => this.#takeEarly(hasHead ? head : undefined));
    } else {
      this.#early = null;
    }
    if (socket.readableEnded) {
      process.nextTick(() => this.#end());
    }
    this.#protocol.arm();
  }

  /** Takes what came before its turn. @param {Uint8Array | undefined} head */
  #takeEarly(head) {
    if (this.#protocol.isOver) {
      return;
    }
    const [early, lost] = [this.#early, this.#lost];
    this.#early = null;
    // The end comes when all of it has been taken; where there was no room for more, it has come.
    this.#lost = this.overflow !== undefined;
    if (head !== undefined) {
      // It has been counted where it was read.
      this.#cut(head);
    }
    for (const chunk of early ?? []) {
      this.#receive(chunk);
    }
    if (lost) {
      this.#lose();
    }
  }

  /** The stream has brought this. @param {Uint8Array} chunk */
  #receive(chunk) {
    if (this.#early !== null) {
      this.#early.push(chunk);
      return;
    }
    this.#read += chunk.length;
    this.#unwanted = this.#paused || this.#isBehind ? this.#unwanted + chunk.length : 0;
    if (this.#unwanted > this.#owner.options.maxBufferedAmount) {
      this.#overflow('the stream cannot be paused: maxBufferedAmount is reached');
    } else {
      this.#cut(chunk);
    }
  }

  /** Bytes for the extensions, or else for the protocol. @param {Uint8Array} chunk */
  #cut(chunk) {
    if (this.#framing === null) {
      this.#accept(chunk);
      return;
    }
    this.#framing.push(chunk);
    if (this.#framing.reading > this.#owner.options.maxBufferedAmount + this.#owner.options.maxPayload) {
      // It cannot be paused, and an extension holds what it brings.
      this.#overflow('an extension holds what the peer sends: maxBufferedAmount is reached');
    } else {
      this.#regulate();
    }
  }

  /** Bytes for the protocol. @param {Uint8Array} bytes */
  #accept(bytes) {
    const step = this.#deflates ? COMPRESSED_READ : READ;
    for (let at = 0; at < bytes.length; at += step) {
      this.#chunks.push(bytes.subarray(at, at + step));
    }
    // A stream may bring more while a listener writes; that has to wait for its turn.
    if (!this.#taking) {
      this.#takeChunks();
    }
    this.#regulate();
  }

  /** Whether a pause has left chunks, which come before all others. */
  get #isBehind() {
    return this.#chunks.length > 0 && !this.#taking;
  }

  /** Reads, or lets the peer wait: for the app, or for an extension that holds what came. */
  #regulate() {
    const { pause, resume } = this.#methods;
    const stop = this.#paused || this.#isBehind || (this.#framing?.isFull ?? false);
    if (stop !== this.#stopped) {
      this.#stopped = stop;
      (stop ? pause : resume)?.call(this.#socket);
    }
  }

  #takeChunks() {
    this.#taking = true;
    try {
      // What comes out of a chunk may be a thousand times as much: a pause is heeded between two.
      while (this.#chunks.length > 0 && (!this.#paused || this.#lost)) {
        this.#congested = this.bufferedAmount() > HIGH_MARK;
        this.#protocol.receive(/** @type {Uint8Array} */ (this.#chunks.shift()), this.#congested);
      }
    } finally {
      this.#taking = false;
    }
    // With extensions, more may come out of them.
    if (this.#lost && (this.#framing === null || this.#readsOver)) {
      this.#drop();
    }
  }

  /** After a pause: what has come, in order, and the end where that has come. */
  #goOn() {
    if (this.#lost) {
      return;
    }
    if (!this.#taking) {
      this.#takeChunks();
    }
    this.#framing?.goOn();
    this.#regulate();
    if (this.#endWaits) {
      this.#end();
    }
  }

  /** The peer's FIN; Node reports it although the stream is paused. */
  #end() {
    this.#endWaits = this.#paused || this.#isBehind;
    if (this.#endWaits) {
      return;
    }
    if (this.#protocol.isDraining && this.bufferedAmount() > 0) {
      // The peer still reads; the close timeout bounds it.
      this.#socket.once('finish', () => this.#lose());
    } else {
      this.#lose();
    }
  }

  /** Nothing more comes; what has come is delivered first. */
  #lose() {
    this.#paused = false;
    this.#framing?.hold(false);
    if (!this.#lost && !this.#terminated) {
      this.#takeRest();
    }
    this.#lost = true;
    if (this.#early !== null) {
      return;
    }
    this.#takeBacklog();
    if (this.#framing !== null && !this.#losing) {
      this.#losing = true;
      // An extension may hold what came before for ever.
      const { closeTimeout } = this.#owner.options;
      this.#patience = setTimeout(() => this.#drop(), closeTimeout);
      this.#framing.afterReads(() => {
        this.#readsOver = true;
        if (!this.#taking) {
          this.#drop();
        }
      });
    } else if (this.#framing === null && !this.#taking) {
      this.#drop();
    }
  }

  /** A stream that was destroyed still has what it had read ahead. */
  #takeRest() {
    const socket = this.#socket;
    const { readableLength } = socket;
    if (readableLength > 0) {
      // Until it has told of its end, `read` emits what it returns.
      socket.off('data', this.#listeners.data);
      this.#receive(toBytes(socket, socket.read(readableLength)));
    }
  }

  /** What a pause has left is delivered before the end. */
  #takeBacklog() {
    if (this.#terminated || this.#taking) {
      return;
    }
    if (this.#chunks.length > 0) {
      this.#takeChunks();
    }
    this.#framing?.goOn();
  }

  /** The connection is over, whatever is still to come. */
  #drop() {
    this.#lost = true;
    try {
      if (this.overflow !== undefined && !this.#protocol.isOver) {
        deliver(this.#connection, KIND.ERROR, this.overflow, statusCode.ABNORMAL, BACKPRESSURE);
      }
    } finally {
      this.#protocol.lose();
    }
  }

  /**
   * What follows from what Rust was told.
   *
   * @param {number} kind
   * @param {string | Buffer} payload
   * @param {number | undefined} code
   * @param {string | undefined} errorCode
   */
  take(kind, payload, code, errorCode) {
    if (kind === KIND.WRITE) {
      this.#inTurn(() => this.#write(/** @type {Buffer} */ (payload)));
    } else if (kind === KIND.END) {
      this.#inTurn(() => this.#endWrites());
    } else if (kind === KIND.CLOSING || kind === KIND.ERROR) {
      this.#parting = [];
      deliver(this.#connection, kind, payload, code, errorCode);
      this.#protocol.arm();
    } else {
      deliver(this.#connection, kind, payload, code, errorCode);
    }
  }

  /** Does it now, or behind the replies to what a pause holds. @param {() => void} act */
  #inTurn(act) {
    if (this.#parting === null) {
      act();
    } else {
      this.#parting.push(act);
    }
  }

  /** The answer to what the peer's closing began with may leave. */
  releaseClosingAnswer() {
    const parting = this.#parting;
    this.#parting = null;
    for (const act of parting ?? []) {
      act();
    }
  }

  #endWrites() {
    const end = () => this.#output.end(() => this.#lose());
    this.#framing === null ? end() : this.#framing.afterWrites(end);
  }

  /** Sends whole frames. @param {Uint8Array} bytes @param {boolean} [compress] */
  #write(bytes, compress = false) {
    if (this.#framing === null) {
      this.#output.write(bytes);
    } else {
      this.#framing.send(bytes, compress);
    }
  }

  /**
   * @param {number} opcode
   * @param {string | ArrayBufferView} data
   * @param {boolean} compress
   * @param {() => Uint8Array} [shared]
   * @returns {Uint8Array} the frame
   */
  #encode(opcode, data, compress, shared) {
    if (this.#deflates && compress) {
      return /** @type {Buffer} */ (this.#protocol.message(opcode, data));
    }
    return shared !== undefined && this.#sharesFrames ? shared() : native.encode(opcode, data, this.#mask);
  }

  /** A frame has left the write chain. */
  #sent() {
    if (this.#output.queued() === 0) {
      this.#drained();
    }
  }

  #drained() {
    if (this.#congested) {
      this.#congested = false;
      this.#protocol.relieve();
    }
    if (this.#wasHigh && this.bufferedAmount() === 0) {
      this.#wasHigh = false;
      this.#output.isWatched = false;
      // Within a write of the stream's, or of `send`, which is to go on whatever a listener throws.
      apart(() => deliver(this.#connection, KIND.DRAIN, ''));
    }
  }

  /**
   * @param {number} opcode
   * @param {string | ArrayBufferView} data
   * @param {boolean} compress
   * @param {() => Uint8Array} [shared] the frame, where others get it too
   */
  send(opcode, data, compress, shared) {
    if (this.#lost || this.#isFull()) {
      return;
    }
    if (opcode === PING) {
      this.#protocol.pinged();
    }
    this.#write(this.#encode(opcode, data, compress, shared), compress);
    this.#wasHigh ||= this.bufferedAmount() > HIGH_MARK;
    this.#output.isWatched = this.#wasHigh;
  }

  /** Whether the peer does not read and the limit is reached: the connection is dropped then. */
  #isFull() {
    const { maxBufferedAmount } = this.#owner.options;
    if (this.#kept() < maxBufferedAmount) {
      return false;
    }
    // The limit counts what is left after a write was tried.
    this.#output.flush();
    if (this.#kept() < maxBufferedAmount) {
      return false;
    }
    this.#overflow('the peer does not read: maxBufferedAmount is reached');
    return true;
  }

  /** @returns {number} bytes that wait, and what many small frames cost beside theirs */
  #kept() {
    const overhead = this.#output.overhead + (this.#framing?.overhead ?? 0);
    return this.bufferedAmount() + Math.max(0, overhead - HIGH_MARK);
  }

  /** Drops the connection for want of room. @param {string} message */
  #overflow(message) {
    this.#lost = true;
    this.overflow = message;
    process.nextTick(() => {
      this.#framing?.hold(false);
      this.#takeBacklog();
      this.#drop();
    });
  }

  /**
   * Begins the closing handshake.
   *
   * @param {number} code
   * @param {string | Uint8Array} reason
   */
  close(code, reason) {
    if (this.#lost) {
      // What was sent since was dropped: no close frame may say that all has come.
      return;
    }
    this.#protocol.close(code, reason);
    // The peer's close frame has to be read, whatever the app had paused; and if the peer has ended
    // meanwhile, ours leaves before that is looked at.
    this.pause(false);
  }

  /** Drops the connection. */
  terminate() {
    this.#terminated = true;
    // Nothing of it is emitted any more: what an extension holds need not be waited for.
    process.nextTick(() => this.#drop());
    this.#output.destroy();
  }

  /** @param {boolean} on whether reading stops */
  pause(on) {
    if (this.#lost) {
      // What is left is delivered, and the end.
      return;
    }
    this.#protocol.pause(on);
    this.#paused = on;
    this.#framing?.hold(on);
    this.#regulate();
    if (on) {
      // What came before a reset is read then; the app's pause holds it back until the end is known.
      watch(this.#socket, () => this.pause(false));
    } else {
      unwatch(this.#socket);
    }
    if (!on) {
      process.nextTick(() => this.#goOn());
    }
  }

  /** The process ends: what is queued is written as far as it goes, then a close frame is tried. */
  leave() {
    this.releaseClosingAnswer();
    this.close(statusCode.GOING_AWAY, '');
    this.#output.leave();
  }

  /** @returns {number} bytes that wait to be written */
  bufferedAmount() {
    return this.#output.queued() + (this.#framing?.writing ?? 0);
  }

  /** @returns {boolean} whether `drain` is still to come for what was sent */
  get awaitsDrain() {
    return this.#wasHigh;
  }

  /** @returns {number} bytes received */
  bytesRead() {
    return this.#read;
  }

  /** @returns {number} bytes written */
  bytesWritten() {
    return this.#output.written;
  }

  /** The connection is over: its number is another's from now on. */
  release() {
    const { counters } = this.#owner;
    counters.bytesReceived += this.bytesRead();
    counters.bytesSent += this.bytesWritten();
    this.#lost = true;
    this.#chunks.clear();
    this.#framing?.end();
    clearTimeout(this.#patience);
    unwatch(this.#socket);
    this.#protocol.release();
    for (const [event, listener] of Object.entries(this.#listeners)) {
      this.#socket.off?.(event, listener);
    }
    this.#socket.on('error', () => {});
    this.#output.release();
  }
}

/** An extension reports something, or did something wrong; the connection goes on. @param {Connection} connection @param {Error} error */
function reportFrom(connection, error) {
  // Within a call of the extension's, or of `send`.
  apart(() => report(connection, Object.assign(error, { sid: connection.sid })));
}

/** Runs listeners within what is none of theirs: what one throws is an uncaught exception. @param {() => void} emit */
function apart(emit) {
  try {
    emit();
  } catch (thrown) {
    process.nextTick(() => {
      throw thrown;
    });
  }
}

module.exports = { StreamTransport };
