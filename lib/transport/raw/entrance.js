'use strict';

const { AsyncResource } = require('node:async_hooks');
const net = require('node:net');

const commands = require('../socket/commands.js');
const { bindRaw, unbind } = require('../socket/dispatch.js');
const { carry, count } = require('../net-socket/takeover.js');
const { overlay } = require('../net-socket/overlay.js');
const { kind, limit } = require('../../native/constants.js');
const native = require('../../native/native.js');
const shared = require('../../native/shared.js');
const { nextTick } = require('../../util/clock.js');

const { BINARY, CLOSE, DRAIN, END, ERROR, LOST, SECURE, STOP, TEXT } = kind;

/** Nothing is waited for. */
const resolved = Promise.resolve();

/** Where a socket keeps its entrance. */
const kEntrance = Symbol('websockets.entrance');

/** @typedef {net.Socket & { [kEntrance]: Entrance }} EnteredSocket */
/** @typedef {import('../net-socket/takeover.js').Carrier} Carrier */

/**
 * Who hears of what is not bytes.
 *
 * @typedef {object} Hears
 * @property {(name: string) => void} hello which name the peer asks for: `secure` is waited for
 * @property {() => void} secured
 * @property {(error: Error & { code?: string }) => void} failed TLS has failed, and the connection is over
 */

/**
 * What carries a socket before a WebSocket begins on it: a shard has its descriptor and does the TLS, and the bytes of
 * the peer are handed on by records, as many as the socket has room for.
 *
 * @implements {Carrier}
 */
class Entrance {
  #slot;
  #socket;
  /** Its events are of no other connection's asynchronous context. */
  #resource = new AsyncResource('WEBSOCKETSOCKET', { requireManualDestroy: true });
  #hears;
  #isPaused = false;
  /** The stream has no room. */
  #isFull = false;
  /** So much waits for its turn that no more is to come. */
  #isBehind = false;
  /** The peer is gone: all that it has sent is there. */
  #isLost = false;
  #hasEnded = false;
  /** What the stream waits for: until its bytes have left. @type {((error?: Error | null) => void) | null} */
  #written = null;
  /** What is done once the shard reads no more. @type {((isOver: boolean) => void) | null} */
  #stopped = null;
  /** Records that have come and wait for their turn. @type {[number, any, string?][]} */
  #records = [];
  /** Bytes in them. */
  #waiting = 0;
  #isTaking = false;
  /** Bytes read and written, once it is over. @type {{ read: number, written: number } | null} */
  #total = null;

  /**
   * Duplicates the descriptor; on failure nothing has changed.
   *
   * @param {net.Socket} socket that nothing was read from, with a handle
   * @param {(fd: number) => number} open makes a connection of a descriptor, which that duplicates
   * @param {Hears} hears
   * @throws {Error} with the system's code, such as `EMFILE`
   */
  constructor(socket, open, hears) {
    const { fd } = /** @type {{ fd: number }} */ (
      /** @type {import('../net-socket/node-socket').NodeSocket} */ (socket)._handle
    );
    this.#slot = open(fd);
    this.#socket = socket;
    this.#hears = hears;
    bindRaw(this.#slot, this, /** @type {any} */ (deliver));
    carry(socket, this);
    /** @type {EnteredSocket} */ (socket)[kEntrance] = this;
    entered.lay(socket);
    commands.start(this.#slot, Buffer.alloc(0));
  }

  /** The number that Rust knows it by; none that is any connection's once it is over. */
  get slot() {
    return this.#slot;
  }

  /** What the TLS handshake has come to. */
  get facts() {
    return native.secureFacts(this.#slot);
  }

  /** The certificates that a server has shown, its own first. */
  get peerCertificates() {
    return native.peerCertificates(this.#slot);
  }

  /** @param {number | null} context what was waited for since `hello`; `null` if the bytes are to be handed on */
  secure(context) {
    commands.secure(this.#slot, context);
  }

  /**
   * Takes a record. Whatever an app awaits of its event runs before the next one is taken, as with a socket that Node.js
   * reads: one that pauses at the first bytes gets no others before.
   *
   * @param {number} what
   * @param {any} payload
   * @param {string} [code]
   */
  take(what, payload, code) {
    if (what === CLOSE) this.#release();
    if (this.#isTaking) {
      this.#records.push([what, payload, code]);
      if (what === BINARY) {
        this.#waiting += payload.length;
        this.#isBehind ||= this.#waiting > limit.HIGH_MARK;
        this.#pause();
      }
      return;
    }
    this.#isTaking = true;
    // Ticks come before microtasks, and those queued meanwhile after all of these.
    resolved.then(() => nextTick(this.#takeNext));
    this.#resource.runInAsyncScope(this.#deliver, this, what, payload, code);
  }

  #takeNext = () => {
    this.#isTaking = false;
    const next = this.#records.shift();
    if (next !== undefined) {
      if (next[0] === BINARY) this.#waiting -= next[1].length;
      this.take(...next);
    } else if (this.#isBehind) {
      this.#isBehind = false;
      this.#pause();
    }
  };

  /**
   * @param {number} what
   * @param {any} payload
   * @param {string} [code]
   */
  #deliver(what, payload, code) {
    const socket = this.#socket;
    if (what === BINARY) {
      if (!socket.destroyed && !socket.push(payload)) this.#isFull = true;
      this.#pause();
    } else if (what === DRAIN) {
      this.#wrote(null);
    } else if (what === END) {
      this.#hasEnded = true;
      socket.push(null);
      socket.read(0);
    } else if (what === SECURE) {
      this.#hears.secured();
    } else if (what === TEXT) {
      this.#hears.hello(payload);
    } else if (what === LOST) {
      // What came before the end is brought, whatever there is room for: that is bounded.
      this.#isLost = true;
      this.#pause();
    } else if (what === STOP) {
      this.#stopped?.(false);
    } else if (what === ERROR) {
      this.#hears.failed(Object.assign(new Error(payload), { code }));
    } else if (what === CLOSE) {
      this.#over();
    }
  }

  /** At once: from now on its number may be another's. */
  #release() {
    if (this.#slot === limit.NO_SLOT) return;
    this.#total = { read: this.bytesRead(), written: this.bytesWritten() };
    unbind(this.#slot);
    this.#slot = limit.NO_SLOT;
  }

  /** The shard has let go of it. */
  #over() {
    const stopped = this.#stopped;
    if (stopped !== null) {
      // The other's own bytes come on top of these.
      count(this.#socket, { read: this.bytesRead(), written: this.bytesWritten() });
      this.#wrote(null);
      stopped(true);
    } else if (!this.#socket.destroyed) {
      const isReset = !(this.#hasEnded && this.#socket.writableFinished);
      this.#socket.destroy(isReset ? connectionReset() : undefined);
      this.#wrote(null);
    }
  }

  /** Whatever was written has left, or never will. @param {Error | null} error */
  #wrote(error) {
    const written = this.#written;
    this.#written = null;
    written?.(error);
  }

  /** The stream has room again. */
  readOn() {
    this.#isFull = false;
    this.#pause();
  }

  /**
   * Has no more come while there is no room for it, unless all that there is has to come, up to the end: that of a socket
   * which was destroyed is for nobody.
   */
  #pause() {
    const isAwaited = this.#stopped !== null || this.#isLost || this.#socket.destroyed;
    const on = !isAwaited && (this.#isFull || this.#isBehind);
    if (this.#isPaused !== on && this.#slot !== limit.NO_SLOT) {
      this.#isPaused = on;
      commands.pause(this.#slot, on);
    }
  }

  /** @param {Uint8Array} bytes @param {(error?: Error | null) => void} callback once there is room for more */
  write(bytes, callback) {
    commands.sendEncoded(this.#slot, bytes);
    if (native.buffered(this.#slot) > limit.HIGH_MARK && native.awaitDrain(this.#slot)) {
      this.#written = callback;
    } else {
      callback();
    }
  }

  /** Ends the write side. @param {(error?: Error | null) => void} callback once all before that has left */
  end(callback) {
    // Asked first: the peer may have ended, and nothing is recorded of a connection after its own end.
    const waits = native.awaitDrain(this.#slot);
    if (waits) this.#written = callback;
    commands.endWrites(this.#slot);
    if (!waits) callback();
  }

  /**
   * A connection goes on with the socket. The stream is to be read by nobody else from here on.
   *
   * @param {{ slot: number, terminate(): void }} transport of that connection, opened over this
   * @param {Uint8Array | undefined} head bytes that came before all others
   * @param {() => void} done once it has started
   */
  handOver(transport, head, done) {
    const socket = this.#socket;
    net.Socket.prototype.pause.call(socket);
    while (socket.writableCorked > 0) socket.uncork();
    if (socket.writableLength === 0) {
      this.#stop(transport, head, done);
      return;
    }
    // What the app has written waits for room. The prototype's: the socket's own refuses by now.
    /** @param {Error | null} [error] */
    const written = (error) => (error ? transport.terminate() : this.#stop(transport, head, done));
    /** @type {Function} */ (net.Socket.prototype.write).call(socket, '', written);
  }

  /**
   * @param {{ slot: number, terminate(): void }} transport
   * @param {Uint8Array | undefined} head
   * @param {() => void} done
   */
  #stop(transport, head, done) {
    const socket = this.#socket;
    if (this.#slot === limit.NO_SLOT) {
      transport.terminate();
      return;
    }
    this.#stopped = (isOver) => {
      if (isOver) {
        transport.terminate();
        return;
      }
      const received = head === undefined ? [] : [head];
      for (let chunk = socket.read(); chunk !== null; chunk = socket.read()) {
        received.push(typeof chunk === 'string' ? Buffer.from(chunk, socket.readableEncoding ?? undefined) : chunk);
      }
      commands.change(this.#slot, transport.slot, Buffer.concat(received));
      this.#stopped = ignore;
      done();
    };
    this.#pause();
    commands.stop(this.#slot);
  }

  /** The app has given up the socket: nothing that it waits for comes. @param {Error | null} error */
  abandon(error) {
    this.terminate();
    this.#pause();
    this.#wrote(error);
  }

  terminate() {
    if (this.#stopped !== ignore) commands.terminate(this.#slot);
  }

  /** @param {boolean} on */
  setNoDelay(on) {
    native.setNoDelay(this.#slot, on);
  }

  /** @param {boolean} on @param {number} delay @param {number} interval @param {number} count */
  setKeepAlive(on, delay, interval, count) {
    native.setKeepAlive(this.#slot, on, delay, interval, count);
  }

  /** @param {boolean} on */
  setRef(on) {
    native.setRef(this.#slot, on);
  }

  /** @returns {number} */
  bytesRead() {
    return this.#total === null ? native.bytesRead(this.#slot) : this.#total.read;
  }

  /** @returns {number} */
  bytesWritten() {
    return this.#total === null ? native.bytesWritten(this.#slot) : this.#total.written;
  }

  /** @returns {number} */
  bufferedAmount() {
    return native.buffered(this.#slot);
  }
}

/** A connection has gone on with the socket. */
function ignore() {}

/**
 * Delivers what comes next of one connection.
 *
 * @param {Entrance} entrance
 * @param {number} slot
 * @param {any[]} records
 */
function deliver(entrance, slot, records) {
  while (shared.next < records.length && records[shared.next] >>> 4 === slot) {
    const at = shared.next;
    shared.next += 4;
    entrance.take(records[at] & 15, records[at + 1], records[at + 3]);
  }
}

/** What Node makes of a connection that is gone. */
function connectionReset() {
  return Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET', errno: -104, syscall: 'read' });
}

/**
 * What the stream asks of its handle is asked of the entrance.
 *
 * @type {ThisType<EnteredSocket>}
 */
const METHODS = {
  _read() {
    this[kEntrance].readOn();
  },
  /** @param {string | Uint8Array} chunk @param {BufferEncoding} encoding @param {() => void} callback */
  _write(chunk, encoding, callback) {
    this[kEntrance].write(bytesOf(chunk, encoding), callback);
  },
  /** @param {{ chunk: string | Uint8Array, encoding: BufferEncoding }[]} chunks @param {() => void} callback */
  _writev(chunks, callback) {
    const all = chunks.map(({ chunk, encoding }) => bytesOf(chunk, encoding));
    this[kEntrance].write(Buffer.concat(all), callback);
  },
  /** @param {() => void} callback */
  _final(callback) {
    this[kEntrance].end(callback);
  },
  /** @param {Error | null} error @param {(error?: Error | null) => void} callback */
  _destroy(error, callback) {
    this[kEntrance].abandon(error);
    net.Socket.prototype._destroy.call(this, error, callback);
  },
};

const entered = overlay(METHODS);

/** @param {string | Uint8Array} chunk @param {BufferEncoding} encoding @returns {Uint8Array} */
function bytesOf(chunk, encoding) {
  return typeof chunk === 'string' ? Buffer.from(chunk, encoding) : chunk;
}

/**
 * @param {object} socket
 * @returns {Entrance | null} what carries it, if a WebSocket may begin on it
 */
function entranceOf(socket) {
  const entrance = /** @type {Partial<EnteredSocket>} */ (socket)[kEntrance];
  return entrance !== undefined && entrance.slot !== limit.NO_SLOT ? entrance : null;
}

module.exports = { Entrance, entranceOf };
