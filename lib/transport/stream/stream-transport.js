'use strict';

const net = require('node:net');

const { deliver } = require('../../connection/deliver.js');
const { watch, unwatch } = require('./hang-up.js');
const { kind: KIND, limit, opcode: OPCODE, statusCode } = require('../../native/constants.js');
const native = require('../../native/native.js');
const { connectionSettings } = require('../../connection/group.js');
const { Alarm, now } = require('./alarm.js');
const { Chained } = require('./chained.js');
const { Direct } = require('./direct.js');
const { bind, unbind } = require('./dispatch.js');
const { keepBytes, toBytes } = require('./stream-bytes.js');
const { StreamOutput } = require('./stream-output.js');
const { nextTick } = require('../../util/clock.js');

const { CLOSING, ERROR, WRITE, END, STOP, GO } = KIND;
const { HIGH_MARK, NO_SLOT } = limit;

/** @typedef {import('../../connection/connection.js').Connection} Connection */
/** @typedef {import('../../native/functions').Payload} Payload */
/** @typedef {import('../../connection/transport').Transport<Connection>} Transport */

/**
 * A connection over any stream: it moves bytes between the stream and the session in Rust
 * (`src/engine/session.rs`), with the extensions in between if there are any.
 *
 * @implements {Transport}
 */
class StreamTransport {
  /** @type {import('./dispatch.js').Handle} */
  #handle;
  #group;
  /** From `bind` on. @type {Connection} */
  #connection = /** @type {never} */ (undefined);
  #socket;
  #methods;
  #output;
  #alarm;
  #mask;
  /** What it writes may be others' too: neither an extension nor the stream changes it. */
  #sharesFrames;
  /** Messages are compressed by Rust, not by the extensions' chain. */
  #deflates;
  #extensions;
  #isChained;
  /** What lies between the stream and the session. @type {import('./direct.js').Path} */
  #path;
  #read = 0;
  /** What waits for the end of a write is our close frame. */
  #isClosing = false;
  /** The process ends. */
  #isLeaving = false;
  /** Whether the stream is to wait. */
  #isStopped = false;
  #skipped = 0;
  /** With fewer bytes than this waiting, a message is added without asking the session. */
  #room;
  /** What it hears of its stream. */
  #listeners = {
    data: (/** @type {unknown} */ chunk) => this.#receive(toBytes(this.#socket, chunk)),
    end: () => this.#end(),
    finish: () => native.streamFinished(this.#slot),
    close: () => this.#lose(),
    error: () => this.#lose(),
  };

  /**
   * @param {import('node:stream').Duplex} socket
   * @param {import('./stream-output.js').Methods} methods
   * @param {import('../../connection/group.js').Group<Connection>} group
   * @param {{ mask: boolean, enforceMasking: boolean, deflate: string }} role
   * @param {import('../../extensions/resolve.js').Resolved[]} extensions in header order; none if none is JavaScript
   */
  constructor(socket, methods, group, role, extensions) {
    const isChained = extensions.length > 0;
    this.#deflates = role.deflate !== '' && !isChained;
    this.#handle = { slot: native.streamOpen(now(), isChained, connectionSettings(group, role), role.deflate) };
    this.#group = group;
    this.#room = group.options.maxBufferedAmount;
    this.#socket = socket;
    this.#methods = methods;
    this.#output = new StreamOutput(socket, methods, () => this.#written());
    this.#alarm = new Alarm(this.#handle, this.#output);
    this.#path = new Direct(this.#handle, this.#output);
    this.#mask = role.mask;
    this.#sharesFrames = !role.mask && !isChained && socket instanceof net.Socket;
    this.#extensions = extensions;
    this.#isChained = isChained;
  }

  /** What the connection shows of it. @returns {'stream'} */
  get name() {
    return 'stream';
  }

  /** @param {Connection} connection */
  bind(connection) {
    this.#connection = connection;
    bind(this.#slot, this);
    this.#group.streams.add(connection);
    if (this.#extensions.length > 0) {
      const { options } = this.#group;
      const drop = () => this.#drop();
      this.#path = new Chained(this.#handle, this.#extensions, connection, options, this.#output, drop);
    }
  }

  /** The connection in Rust, until it is over. */
  get #slot() {
    return this.#handle.slot;
  }

  /**
   * Starts reading.
   *
   * @param {Uint8Array} [head] bytes read before all others
   */
  start(head) {
    const socket = this.#socket;
    if (head !== undefined && head.length > 0) {
      // It has been counted where it was read. Extensions may have the stream wait because of it.
      this.#path.push(head);
    }
    for (const [event, listener] of Object.entries(this.#listeners)) {
      socket.on(event, listener);
    }
    keepBytes(socket);
    // What the peer sent before its end may still be answered: Node is not to end our side by itself.
    socket.allowHalfOpen = true;
    // The app may have held either back.
    while (socket.writableCorked > 0) {
      socket.uncork();
    }
    if (!this.#isStopped) {
      this.#methods.resume?.call(socket);
    }
    if (socket.readableEnded) {
      nextTick(() => this.#end());
    }
    if (native.streamBegin(this.#slot) || !this.#path.isIdle) {
      // After `open`, and before what the stream brings; an old-style one may have brought something just now.
      nextTick(() => this.#goOn());
    } else {
      this.#path.hold(false);
    }
    this.#alarm.set();
  }

  /** The stream has brought this. @param {Uint8Array} chunk */
  #receive(chunk) {
    this.#read += chunk.length;
    if (this.#path.push(chunk)) {
      this.#room = 0;
    }
  }

  /** After a pause: what has come, in order, and the end if that has come. */
  #goOn() {
    this.#path.hold(native.streamIsPaused(this.#slot));
    native.streamTake(this.#slot, this.bufferedAmount(), now());
    this.#path.goOn();
  }

  /** The peer's FIN; Node reports it although the stream is paused. */
  #end() {
    this.#path.afterReads(() => native.streamEnd(this.#slot, this.bufferedAmount(), now()));
  }

  /** Nothing more comes; what has come is delivered first. */
  #lose() {
    this.#room = 0;
    native.streamBreak(this.#slot, now());
    this.#takeRest();
    this.#path.hold(false);
    this.#path.goOn();
    this.#path.afterReads(() => native.streamLose(this.#slot, now()));
  }

  /** The peer of a paused stream is gone: what came before that is read, or has been. */
  #hangUp() {
    if (this.#socket.readableEnded) {
      this.#lose();
    } else {
      native.streamHangUp(this.#slot);
    }
  }

  /** A stream that was destroyed still has what it had read ahead. */
  #takeRest() {
    const socket = this.#socket;
    const { readableLength } = socket;
    if (readableLength > 0 && this.#slot !== NO_SLOT) {
      // Until it has emitted its end, `read` emits what it returns.
      socket.off('data', this.#listeners.data);
      this.#receive(toBytes(socket, socket.read(readableLength)));
    }
  }

  /** There is no room for more: the connection is over, after what has come. */
  #drop() {
    this.#room = 0;
    nextTick(() => {
      this.#path.hold(false);
      this.#path.goOn();
      native.streamLose(this.#slot, now());
    });
  }

  /**
   * Does what follows from what Rust has heard.
   *
   * @param {number} kind one of `kind` in `lib/native/constants.js`
   * @param {Payload} payload
   * @param {number} [code]
   * @param {string} [errorCode]
   */
  take(kind, payload, code, errorCode) {
    switch (kind) {
      case WRITE:
        this.#write(/** @type {Buffer} */ (payload));
        break;
      case END:
        this.#endWrites();
        break;
      case STOP:
        this.#isStopped = true;
        this.#methods.pause?.call(this.#socket);
        // A peer that is held back is read again when its time has come.
        this.#alarm.set();
        break;
      case GO:
        this.#isStopped = false;
        this.#methods.resume?.call(this.#socket);
        break;
      default:
        if (kind === CLOSING || kind === ERROR) this.#alarm.set();
        deliver(this.#connection, kind, payload, code, errorCode);
    }
  }

  /** Ends the write side after what was written. */
  #endWrites() {
    const end = () => this.#output.end(() => native.streamLose(this.#slot, now()));
    this.#path.afterWrites(end);
  }

  /** Sends whole frames. @param {Uint8Array} bytes */
  #write(bytes, compress = false, fragment = Infinity) {
    this.#path.write(bytes, compress, fragment);
    if (!this.#output.isWatched) {
      const queued = this.bufferedAmount();
      if (queued > HIGH_MARK) {
        this.#output.isWatched = true;
        native.streamQueue(this.#slot, queued);
      }
    }
  }

  /** The stream has taken all that was written to it. */
  #written() {
    if (this.#output.isWatched && this.bufferedAmount() === 0) {
      this.#output.isWatched = false;
      native.streamWritten(this.#slot);
    }
  }

  /**
   * @param {number} opcode
   * @param {string | ArrayBufferView} data
   * @param {boolean} compress
   * @param {number} fragment
   * @param {() => Uint8Array} [shared] the frames, if others get them too
   */
  send(opcode, data, compress, fragment, shared) {
    if (!this.#hasRoom()) {
      return;
    }
    if (opcode === OPCODE.PING) {
      native.streamPinged(this.#slot);
    }
    // Extensions have the whole message, and what they make of it is cut.
    const most = this.#isChained ? Infinity : fragment;
    this.#write(this.#encode(opcode, data, compress, most, shared), compress, fragment);
  }

  /**
   * @param {number} opcode
   * @param {string | ArrayBufferView} data
   * @param {boolean} fin
   * @param {boolean} compress
   * @param {Uint8Array | null | undefined} key
   */
  sendFragment(opcode, data, fin, compress, key) {
    if (this.#hasRoom()) {
      if (opcode === OPCODE.PING) native.streamPinged(this.#slot);
      const frame = native.streamFragment(this.#slot, opcode, fin, compress, key, data);
      this.#write(/** @type {Buffer} */ (frame));
    }
  }

  /** @param {Uint8Array} frames whole ones */
  sendEncoded(frames) {
    if (this.#hasRoom()) this.#write(frames);
  }

  /** A stream has what is published written by this thread: its Set of the topic says that it is to. */
  subscribe() {}

  /** As that. */
  unsubscribe() {}

  /** @returns {number} volatile messages that it did not get */
  skipped() {
    return this.#skipped;
  }

  /** @returns {boolean} whether so much waits that a volatile message is not for its peer; it is counted then */
  skips() {
    // What is left after a write was tried counts.
    if (this.bufferedAmount() > HIGH_MARK) this.#output.flush();
    const skips = this.bufferedAmount() > HIGH_MARK;
    if (skips) this.#skipped++;
    return skips;
  }

  /** @returns {boolean} whether anything waits to be written */
  awaitWritten() {
    const queued = this.bufferedAmount();
    if (queued > 0) {
      this.#output.watch();
      native.streamAwaitDrain(this.#slot, queued);
    }
    return queued > 0;
  }

  /**
   * A message, or a ping, as it is sent.
   *
   * @param {number} opcode
   * @param {string | ArrayBufferView} data
   * @param {boolean} compress
   * @param {number} fragment
   * @param {(() => Uint8Array) | undefined} shared
   * @returns {Uint8Array}
   */
  #encode(opcode, data, compress, fragment, shared) {
    if (this.#deflates && compress) {
      return /** @type {Buffer} */ (native.streamMessage(this.#slot, opcode, data, true, fragment));
    }
    return shared !== undefined && this.#sharesFrames ? shared() : native.encode(opcode, data, this.#mask, fragment);
  }

  /** Whether a message may be added to what waits. If there is no room, the connection is dropped. */
  #hasRoom() {
    return this.bufferedAmount() + this.#overhead < this.#room || this.#maySend();
  }

  /** The same, as the session says once a write was tried. */
  #maySend() {
    // What is left after a write was tried counts.
    this.#output.flush();
    const maySend = native.streamMaySend(this.#slot, this.bufferedAmount(), this.#overhead);
    if (!maySend && this.#room > 0) {
      this.#drop();
    }
    return maySend;
  }

  /** @returns {number} what many small frames that wait cost beside their bytes */
  get #overhead() {
    return Math.max(0, this.#output.overhead + this.#path.overhead - HIGH_MARK);
  }

  /**
   * Begins the closing handshake.
   *
   * @param {number} code
   * @param {string | Uint8Array} reason
   */
  close(code, reason) {
    this.#sendClose(() => native.streamClose(this.#slot, code, reason, now()));
    // The peer's close frame has to be read, whatever the app had paused; and if the peer has ended
    // meanwhile, ours leaves before that is looked at.
    this.pause(false);
  }

  /** JavaScript has seen all that came before the closing: the answer may leave. */
  releaseClosingAnswer() {
    this.#sendClose(() => native.streamReleaseClosingAnswer(this.#slot));
  }

  /** Writes a close frame; the session hears when it has left. @param {() => void} write */
  #sendClose(write) {
    this.#isClosing = true;
    this.#output.isWatched = true;
    write();
    // Nothing follows it in this tick; on leaving it is given to the stream with all that is before it.
    if (!this.#isLeaving) this.#output.flush();
    this.#output.settle();
  }

  /** Drops the connection. */
  terminate() {
    // Nothing of it is emitted any more: what came before, or an extension holds, need not be waited for.
    this.#detach();
    native.streamTerminate(this.#slot, now());
    nextTick(() => native.streamLose(this.#slot, now()));
    this.#output.destroy();
  }

  /** @param {boolean} on whether reading stops */
  pause(on) {
    const isPaused = native.streamPause(this.#slot, on, now());
    this.#alarm.set();
    this.#path.hold(isPaused);
    if (isPaused) {
      // What came before a reset is read then, and its end is heard of; it waits for the app until that is so.
      watch(this.#socket, () => this.#hangUp());
    } else {
      unwatch(this.#socket);
      nextTick(() => this.#goOn());
    }
  }

  /** @param {number} bytes the most that a message may have from now on */
  setMaxPayload(bytes) {
    native.streamSetMaxPayload(this.#slot, bytes);
  }

  /** The process ends: writes what is queued as far as it goes, then tries a close frame. */
  leave() {
    this.#isLeaving = true;
    this.close(statusCode.GOING_AWAY, '');
    this.#output.leave();
  }

  /** @returns {number} bytes that wait to be written */
  bufferedAmount() {
    return this.#output.queued() + this.#path.queued;
  }

  /** @returns {number} the same: whatever waits here has been counted when it was sent, so that `drain` follows */
  amountToDrain() {
    return this.bufferedAmount();
  }

  /** @returns {boolean} whether `drain` is still to come for what was sent */
  get awaitsDrain() {
    return this.#output.isWatched && !this.#isClosing;
  }

  /** @returns {boolean} whether there was no room for more: it is dropped */
  get isDropped() {
    return native.streamIsDropped(this.#slot);
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
    const { counters } = this.#group;
    counters.skipped += this.#skipped;
    counters.bytesReceived += this.bytesRead();
    counters.bytesSent += this.bytesWritten();
    this.#path.end();
    unwatch(this.#socket);
    unbind(this.#slot);
    this.#alarm.end();
    this.#handle.slot = NO_SLOT;
    this.#detach();
    this.#output.release();
  }

  /** Hears of the stream no more. */
  #detach() {
    for (const [event, listener] of Object.entries(this.#listeners)) {
      this.#socket.off?.(event, listener);
    }
    this.#socket.on('error', () => {});
  }
}

module.exports = { StreamTransport };
