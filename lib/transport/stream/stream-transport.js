'use strict';

const net = require('node:net');

const { kInner } = require('../../connection/connection.js');
const { DeflateStep } = require('../../extensions/deflate-step.js');
const { deliver, emitError } = require('../../connection/deliver.js');
const { Framing } = require('../../extensions/framing.js');
const { watch, unwatch } = require('./hang-up.js');
const native = require('../../native/native.js');
const { Alarm, NO_SLOT, bind, deflateOf, now, open, unbind } = require('./bridge.js');
const { keepBytes, toBytes } = require('./stream-bytes.js');
const { HIGH_MARK, StreamOutput } = require('./stream-output.js');

/** Kinds that are a transport's own, or that it has to know; see `Kind` in `src/engine/batch.rs`. */
const CLOSING_BEGAN = 5;
const ERROR = 6;
const WRITE = 8;
const END = 9;
const STOP = 10;
const GO = 11;

const PING = 9;
const GOING_AWAY = 1001;

/**
 * A connection over any stream: it moves bytes between the stream and the session in Rust
 * (`src/engine/session.rs`), with the extensions in between if there are any.
 */
class StreamTransport {
  #slot;
  #owner;
  /** @type {import('../../connection/connection.js').Connection} */
  #connection;
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
  /** The extensions, if there are any. @type {Framing | null} */
  #framing = null;
  /** How long extensions may hold what came before the end. */
  #patience;
  #read = 0;
  /** With fewer bytes than this waiting, a message is added without asking the session. */
  #room;
  #listeners = {};

  /**
   * @param {import('node:stream').Duplex} socket
   * @param {Record<string, Function>} methods its own, whatever is put in their place later
   * @param {import('../../connection/state.js').State} owner
   * @param {{ mask: boolean, enforceMasking: boolean, deflate: string }} role
   * @param {{ name: string, read?: Function, write?: Function, agreed?: string }[]} extensions in
   *   header order, if there are any in JavaScript
   */
  constructor(socket, methods, owner, role, extensions) {
    const isChained = extensions.length > 0;
    this.#deflates = role.deflate !== '' && !isChained;
    this.#slot = open(isChained, owner, role);
    this.#alarm = new Alarm(this.#slot);
    this.#owner = owner;
    this.#room = owner.options.maxBufferedAmount;
    this.#socket = socket;
    this.#methods = methods;
    this.#output = new StreamOutput(socket, methods, () => this.#written());
    this.#mask = role.mask;
    this.#sharesFrames = !role.mask && !isChained && socket instanceof net.Socket;
    this.#extensions = extensions;
  }

  /** What the connection shows of it. */
  get name() {
    return 'stream';
  }

  /** The number that Rust knows the connection by. */
  get slot() {
    return this.#slot;
  }

  /** @param {import('../../connection/connection.js').Connection} connection */
  bind(connection) {
    this.#connection = connection;
    bind(this.#slot, this);
    this.#owner.streams.add(connection);
    if (this.#extensions.length > 0) {
      const withDeflate = (one) => (one.agreed === undefined ? one : new DeflateStep(deflateOf(this)));
      this.#framing = new Framing(this.#extensions.map(withDeflate), connection, {
        maxPayload: this.#owner.options.maxPayload,
        receive: (bytes) => native.streamReceive(this.#slot, bytes, now()),
        write: (bytes) => this.#output.write(bytes),
        onError: (error) => report(connection, error),
        onRead: () => native.streamHold(this.#slot, this.#framing.isFull),
        onWritten: () => this.#output.settle(),
      });
      // Until it begins.
      this.#framing.hold(true);
    }
  }

  /**
   * Starts reading.
   *
   * @param {Uint8Array} [head] bytes read before all others
   */
  start(head) {
    const socket = this.#socket;
    const lose = () => this.#lose();
    this.#listeners = {
      data: (chunk) => this.#receive(toBytes(socket, chunk)),
      end: () => this.#end(),
      finish: () => native.streamWritten(this.#slot),
      close: lose,
      error: lose,
    };
    if (head !== undefined && head.length > 0) {
      // It has been counted where it was read.
      this.#push(head);
    }
    for (const [event, listener] of Object.entries(this.#listeners)) {
      socket.on(event, listener);
    }
    keepBytes(socket);
    // The app may have held either back.
    while (socket.writableCorked > 0) {
      socket.uncork();
    }
    this.#methods.resume?.call(socket);
    if (socket.readableEnded) {
      process.nextTick(() => this.#listeners.end());
    }
    if (native.streamBegin(this.#slot) || !(this.#framing?.isIdle ?? true)) {
      // After `open`, and before what the stream brings; an old-style one may have brought something just now.
      process.nextTick(() => this.#goOn());
    } else {
      this.#framing?.hold(false);
    }
    this.#alarm.set();
  }

  #receive(chunk) {
    this.#read += chunk.length;
    this.#push(chunk);
  }

  /** Bytes for the extensions, or else for the session. */
  #push(chunk) {
    if (this.#framing === null) {
      native.streamReceive(this.#slot, chunk, now());
      return;
    }
    this.#framing.push(chunk);
    const { maxBufferedAmount, maxPayload } = this.#owner.options;
    if (this.#framing.reading > maxBufferedAmount + maxPayload) {
      // It cannot be paused, and an extension holds what it brings.
      native.streamOverflow(this.#slot);
      this.#drop();
    } else {
      native.streamHold(this.#slot, this.#framing.isFull);
    }
  }

  /** After a pause: what has come, in order, and the end if that has come. */
  #goOn() {
    this.#framing?.hold(native.streamIsPaused(this.#slot));
    native.streamTake(this.#slot, this.bufferedAmount(), now());
    this.#framing?.goOn();
  }

  /** The peer's FIN; Node reports it although the stream is paused. */
  #end() {
    if (this.#framing === null || this.#framing.isIdle || native.streamIsPaused(this.#slot)) {
      this.#afterReads(() => native.streamEnd(this.#slot, this.bufferedAmount(), now()));
    } else {
      // An extension holds what came before: no reply of ours is to come behind that.
      this.#lose();
    }
  }

  /** Nothing more comes; what has come is delivered first. */
  #lose() {
    this.#room = 0;
    native.streamBreak(this.#slot, now());
    this.#takeRest();
    this.#framing?.hold(false);
    this.#framing?.goOn();
    this.#afterReads(() => native.streamLose(this.#slot, now()));
  }

  /** A stream that was destroyed still has what it had read ahead. */
  #takeRest() {
    const socket = this.#socket;
    const { readableLength } = socket;
    if (readableLength > 0 && this.#slot !== NO_SLOT) {
      // Until it has told of its end, `read` emits what it returns.
      socket.off('data', this.#listeners.data);
      this.#receive(toBytes(socket, socket.read(readableLength)));
    }
  }

  /** Does what follows all that came; an extension may hold that for `closeTimeout`, but for a pause. */
  #afterReads(act) {
    if (this.#framing === null) {
      act();
      return;
    }
    this.#framing.afterReads(act);
    const lose = () => {
      if (native.streamIsPaused(this.#slot)) {
        this.#patience.refresh();
      } else {
        native.streamLose(this.#slot, now());
      }
    };
    if (this.#slot !== NO_SLOT) {
      this.#patience ??= setTimeout(lose, this.#owner.options.closeTimeout);
    }
  }

  /** There is no room for more: the connection is over, behind what has come. */
  #drop() {
    this.#room = 0;
    process.nextTick(() => {
      this.#framing?.hold(false);
      this.#framing?.goOn();
      native.streamLose(this.#slot, now());
    });
  }

  /**
   * What follows from what Rust was told.
   *
   * @param {number} kind
   * @param {any} payload
   * @param {number | undefined} code
   * @param {string | undefined} errorCode
   */
  take(kind, payload, code, errorCode) {
    switch (kind) {
      case WRITE:
        this.#write(payload);
        break;
      case END:
        this.#endWrites();
        break;
      case STOP:
        this.#methods.pause?.call(this.#socket);
        break;
      case GO:
        this.#methods.resume?.call(this.#socket);
        break;
      default:
        if (kind === CLOSING_BEGAN || kind === ERROR) this.#alarm.set();
        deliver(this.#connection, kind, payload, code, errorCode);
    }
  }

  #endWrites() {
    const end = () => this.#output.end(() => native.streamLose(this.#slot, now()));
    this.#framing === null ? end() : this.#framing.afterWrites(end);
  }

  /** Sends whole frames. */
  #write(bytes, compress = false) {
    if (this.#framing === null) {
      this.#output.write(bytes);
    } else {
      this.#framing.send(bytes, compress);
    }
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
   * @param {() => Uint8Array} [shared] the frame, if others get it too
   */
  send(opcode, data, compress, shared) {
    if (this.#kept() >= this.#room && !this.#maySend()) {
      return;
    }
    if (opcode === PING) {
      native.streamPinged(this.#slot);
    }
    this.#write(this.#encode(opcode, data, compress, shared), compress);
  }

  #encode(opcode, data, compress, shared) {
    if (this.#deflates && compress) {
      return native.streamMessage(this.#slot, opcode, data, true);
    }
    return shared !== undefined && this.#sharesFrames ? shared() : native.encode(opcode, data, this.#mask);
  }

  /** Whether a message may be added to what waits. If there is no room, the connection is dropped. */
  #maySend() {
    // What is left after a write was tried counts.
    this.#output.flush();
    const maySend = native.streamMaySend(this.#slot, this.#kept());
    if (!maySend && this.#room > 0) {
      this.#drop();
    }
    return maySend;
  }

  /** @returns {number} bytes that wait, and what many small frames cost beside theirs */
  #kept() {
    const overhead = this.#output.overhead + (this.#framing?.overhead ?? 0);
    return this.bufferedAmount() + Math.max(0, overhead - HIGH_MARK);
  }

  /**
   * Begins the closing handshake.
   *
   * @param {number} code
   * @param {string | Uint8Array} reason
   */
  close(code, reason) {
    native.streamClose(this.#slot, code, reason, now());
    // The peer's close frame has to be read, whatever the app had paused; and if the peer has ended
    // meanwhile, ours leaves before that is looked at.
    this.pause(false);
  }

  /** JavaScript has seen all that came before the closing: the answer may leave. */
  part() {
    native.streamAnswer(this.#slot);
  }

  /** Drops the connection. */
  terminate() {
    // Nothing of it is emitted any more: what came before, or an extension holds, need not be waited for.
    this.#detach();
    process.nextTick(() => native.streamLose(this.#slot, now()));
    this.#output.destroy();
  }

  /** @param {boolean} on whether reading stops */
  pause(on) {
    const isPaused = native.streamPause(this.#slot, on, now());
    this.#alarm.set();
    this.#framing?.hold(isPaused);
    if (isPaused) {
      // What came before a reset is read then; the app's pause holds it back until the end is known.
      watch(this.#socket, () => this.pause(false));
    } else {
      unwatch(this.#socket);
      process.nextTick(() => this.#goOn());
    }
  }

  /** The process ends: what is queued is written as far as it goes, then a close frame is tried. */
  leave() {
    this.close(GOING_AWAY, '');
    this.#output.leave();
  }

  /** @returns {number} bytes that wait to be written */
  bufferedAmount() {
    return this.#output.queued() + (this.#framing?.writing ?? 0);
  }

  /** @returns {boolean} whether `drain` is still to come for what was sent */
  get awaitsDrain() {
    return this.#output.isWatched;
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
    const { counters } = this.#owner;
    counters.bytesReceived += this.bytesRead();
    counters.bytesSent += this.bytesWritten();
    this.#framing?.end();
    clearTimeout(this.#patience);
    unwatch(this.#socket);
    unbind(this.#slot);
    this.#alarm.end();
    this.#slot = NO_SLOT;
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

/** An extension reports something, or did something wrong; the connection goes on. */
function report(connection, error) {
  const { emitter, counters } = connection[kInner].owner;
  counters.errors++;
  try {
    emitError(emitter, Object.assign(error, { sid: connection.sid }), connection);
  } catch (thrown) {
    // Within a call of the extension's, or of `send`: what a listener throws is none of theirs.
    process.nextTick(() => {
      throw thrown;
    });
  }
}

module.exports = { StreamTransport };
