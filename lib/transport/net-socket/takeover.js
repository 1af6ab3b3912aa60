'use strict';

const net = require('node:net');

const { drive, letGo } = require('./drive.js');
const native = require('../../native/native.js');
const { overlay } = require('./overlay.js');

/** Handles of plain TCP and Unix-domain sockets. A TLS socket has a descriptor too, of the
 *  ciphertext: only the handle's class shows which is which. */
const PLAIN_HANDLES = new Set(['TCP', 'Pipe']);

/** How often it is looked at, in the time of an idle timer, whether bytes have come or gone. */
const LOOKS = 10;

/** Where a socket that Rust carries keeps what its handle knew. */
const kFacts = Symbol('websockets.facts');

/**
 * What carries a socket's bytes instead of its handle.
 *
 * @typedef {object} Carrier
 * @property {() => void} terminate
 * @property {(on: boolean) => void} setNoDelay
 * @property {(on: boolean, delay: number, interval: number, count: number) => void} setKeepAlive times in whole seconds;
 *   without a delay, the system's hold
 * @property {(on: boolean) => void} setRef
 * @property {() => number} bytesRead
 * @property {() => number} bytesWritten
 * @property {() => number} bufferedAmount
 */

/** One that takes a descriptor, with what was read from the socket already. @typedef {Carrier & { hand: (received: Buffer) => void }} Taker */
/** @typedef {import('./node-socket').NodeSocket} NodeSocket */
/** @typedef {NodeSocket & { [kFacts]: Facts }} CarriedSocket */

/** What a socket knows through its handle. */
class Facts {
  /** @type {number | null} what went through the handle; while there is one, that is asked */
  bytesRead = null;
  /** @type {number | null} */
  bytesWritten = null;
  /**
   * The idle timer: how many looks in a row have to find nothing, how many have, and the bytes at the last of them.
   *
   * @type {{ enough: number, quiet: number, bytes: number } | null}
   */
  idle = null;

  /**
   * @param {net.Socket} socket
   * @param {Carrier} transport
   */
  constructor(socket, transport) {
    this.transport = transport;
    this.address = /** @type {Partial<net.AddressInfo>} */ (socket.address());
  }
}

/**
 * What acts on the handle acts on the connection, and what the handle says is said without it.
 *
 * @type {ThisType<CarriedSocket>}
 */
const METHODS = {
  setNoDelay(on = true) {
    this[kFacts].transport.setNoDelay(Boolean(on));
    return this;
  },
  /** @param {unknown[]} given */
  setKeepAlive(...given) {
    const { on, delay, interval, count } = probesOf(given);
    this[kFacts].transport.setKeepAlive(on, delay, interval, count);
    return this;
  },
  setTimeout: setIdleTimeout,
  _onTimeout() {
    const idle = /** @type {NonNullable<Facts['idle']>} */ (this[kFacts].idle);
    const bytes = moved(this);
    idle.quiet = bytes === idle.bytes ? idle.quiet + 1 : 0;
    idle.bytes = bytes;
    // Bytes that come later have it run once more.
    this._unrefTimer?.();
    if (idle.quiet === idle.enough) {
      this.emit('timeout');
    }
  },
  ref() {
    this[kFacts].transport.setRef(true);
    return this;
  },
  unref() {
    this[kFacts].transport.setRef(false);
    return this;
  },
  address() {
    return { ...this[kFacts].address };
  },
  get localAddress() {
    return this[kFacts].address.address;
  },
  get localPort() {
    return this[kFacts].address.port;
  },
  get localFamily() {
    return this[kFacts].address.family;
  },
  get pending() {
    return this.destroyed;
  },
  get writableLength() {
    // What the app wrote before may still be on its way.
    return Reflect.get(net.Socket.prototype, 'writableLength', this) + this[kFacts].transport.bufferedAmount();
  },
  get bufferSize() {
    return this.destroyed ? undefined : this.writableLength;
  },
  get bytesRead() {
    return total(this, 'bytesRead');
  },
  get bytesWritten() {
    return total(this, 'bytesWritten');
  },
};

const carried = overlay(METHODS);

/**
 * Bytes that went through the handle and, since then, through Rust.
 *
 * @param {CarriedSocket} socket
 * @param {'bytesRead' | 'bytesWritten'} name
 * @returns {number}
 */
function total(socket, name) {
  const facts = socket[kFacts];
  const own = facts[name] ?? Reflect.get(net.Socket.prototype, name, socket);
  return own + facts.transport[name]();
}

/**
 * The arguments of `setKeepAlive`, which Node's newer versions take as one object too. An interval of one second, and 10
 * probes, are what older ones always set.
 *
 * @param {unknown[]} given times in ms
 */
function probesOf(given) {
  const [first, initialDelay, interval, count] = given;
  const asked = /** @type {Record<string, unknown>} */ (
    typeof first === 'object' && first !== null ? first : { enable: first, initialDelay, interval, count }
  );
  return {
    on: Boolean(asked.enable),
    delay: whole(Number(asked.initialDelay) / 1000),
    interval: whole(Number(asked.interval ?? 1000) / 1000),
    count: whole(Number(asked.count ?? 10)),
  };
}

/** @param {number} number @returns {number} what of it is whole, as Node rounds it */
function whole(number) {
  return Math.trunc(number) || 0;
}

/**
 * Sets Node's own timer, which calls `_onTimeout`. It is not restarted by what Rust reads and writes, so it comes more
 * often, and that is looked at.
 *
 * @this {CarriedSocket}
 * @param {number} ms
 * @param {() => void} [callback]
 */
function setIdleTimeout(ms, callback) {
  const looksAfter = typeof ms === 'number' && ms > 0 ? Math.max(1, ms / LOOKS) : ms;
  net.Socket.prototype.setTimeout.call(this, looksAfter, callback);
  if (!this.destroyed) {
    this.timeout = ms;
    this[kFacts].idle = { enough: Math.ceil(ms / looksAfter), quiet: 0, bytes: moved(this) };
  }
  return this;
}

/** @param {CarriedSocket} socket @returns {number} bytes that came or went by Rust */
function moved(socket) {
  const { transport } = socket[kFacts];
  return transport.bytesRead() + transport.bytesWritten();
}

/**
 * Why Rust cannot carry this socket, or `null` where it can.
 *
 * @param {object} given
 * @returns {string | null}
 */
function whyNot(given) {
  const socket = /** @type {NodeSocket} */ (given);
  if (socket.encrypted) {
    return 'it is a TLS socket';
  }
  if (socket instanceof net.Socket && socket.connecting) {
    return 'it is not connected yet';
  }
  const handle = socket._handle;
  if (!(socket instanceof net.Socket) || !handle) {
    return 'it is no net.Socket with a handle';
  }
  // After what holds of this socket on every system.
  if (native.open === undefined) {
    return 'this system has no socket transport';
  }
  const { fd = -1 } = handle;
  if (!PLAIN_HANDLES.has(handle.constructor.name) || !(fd >= 0)) {
    return 'its handle is no plain TCP or Unix-domain socket';
  }
  return null;
}

/**
 * Has the socket remember what it knows through its handle. Properties added once something lies over
 * its own would cost each socket a hidden class: this comes before.
 *
 * @param {net.Socket} socket
 * @param {Carrier} transport
 */
function remember(socket, transport) {
  // Reading it once makes the socket remember the peer.
  void socket.remoteAddress;
  const carried = /** @type {CarriedSocket} */ (socket);
  // Of one that was carried by another until now.
  const soFar = carried[kFacts] && { bytesRead: socket.bytesRead, bytesWritten: socket.bytesWritten };
  carried[kFacts] = Object.assign(new Facts(socket, transport), soFar);
}

/**
 * Says how many bytes came and went before the transport that carries the socket now.
 *
 * @param {net.Socket} socket
 * @param {{ read: number, written: number }} before
 */
function count(socket, { read, written }) {
  Object.assign(/** @type {CarriedSocket} */ (socket)[kFacts], { bytesRead: read, bytesWritten: written });
}

/**
 * Has another carry the bytes of a socket that goes on as it is. Nothing was read from it, or written to it.
 *
 * @param {net.Socket} socket
 * @param {Carrier} transport
 */
function carry(socket, transport) {
  remember(socket, transport);
  const facts = /** @type {CarriedSocket} */ (socket)[kFacts];
  facts.bytesRead = 0;
  facts.bytesWritten = 0;
  carried.lay(socket);
  const handle = /** @type {import('./node-socket').Handle} */ (/** @type {NodeSocket} */ (socket)._handle);
  handle.readStop();
  /** @type {NodeSocket} */ (socket)._handle = null;
  handle.close();
}

/**
 * A socket without a handle, for a connection that a transport carries already.
 *
 * @param {Carrier} transport
 * @param {import('../../connection/connection.js').Connection} connection
 * @param {{ local: Partial<net.AddressInfo>, remote: Partial<net.AddressInfo>, before: { read: number, written: number },
 *   isOver: boolean }} facts what it is to know; `before`: bytes that came and went before the transport; `isOver`: the
 *   connection has ended, or goes on without it
 * @returns {net.Socket}
 */
function carryAlone(transport, connection, { local, remote, before, isOver }) {
  const socket = /** @type {CarriedSocket} */ (new net.Socket({ allowHalfOpen: true }));
  // Where Node keeps them.
  Object.assign(socket, { _peername: remote, _sockname: local });
  drive(socket, connection);
  if (isOver) {
    letGo(socket);
    return socket;
  }
  const facts = new Facts(socket, transport);
  facts.address = local;
  socket[kFacts] = facts;
  count(socket, before);
  carried.lay(socket);
  net.Socket.prototype.pause.call(socket);
  return socket;
}

/**
 * Hands the socket over to its transport: what the app has written before leaves first, and what
 * has been read already is taken along.
 *
 * @param {NodeSocket} socket
 * @param {Taker} transport
 * @param {Uint8Array | undefined} head bytes read before all others
 * @param {boolean} keepSocket whether the socket object goes on as the connection's
 */
function takeOver(socket, transport, head, keepSocket) {
  const { writableLength } = socket;
  carried.lay(socket);
  net.Socket.prototype.pause.call(socket);
  const handle = socket._handle;
  if (!handle) {
    // Those that have made room for it have destroyed it.
    transport.terminate();
    return;
  }
  if (writableLength === 0 && handle.writeQueueSize === 0) {
    handOver(socket, transport, head, keepSocket);
    return;
  }
  while (socket.writableCorked > 0) {
    socket.uncork();
  }
  // The prototype's: the socket's own refuses by now.
  /** @param {Error | null} [error] */
  const written = (error) => {
    if (error || socket._handle !== handle) {
      transport.terminate();
    } else {
      handOver(socket, transport, head, keepSocket);
    }
  };
  /** @type {Function} */ (net.Socket.prototype.write).call(socket, '', written);
}

/**
 * All in one tick, so that neither side reads or writes what is the other's.
 *
 * @param {NodeSocket} socket
 * @param {Taker} transport
 * @param {Uint8Array | undefined} head
 * @param {boolean} keepSocket
 */
function handOver(socket, transport, head, keepSocket) {
  const handle = /** @type {import('./node-socket').Handle} */ (socket._handle);
  const facts = /** @type {CarriedSocket} */ (socket)[kFacts];
  const { bytesRead, bytesWritten } = socket;
  Object.assign(facts, { bytesRead, bytesWritten });
  // `read` arms the handle anew: it is stopped only when nothing is left to read.
  const received = head === undefined ? [] : [head];
  for (let chunk = socket.read(); chunk !== null; chunk = socket.read()) {
    received.push(typeof chunk === 'string' ? Buffer.from(chunk, socket.readableEncoding ?? undefined) : chunk);
  }
  handle.readStop();
  transport.hand(Buffer.concat(received));
  socket._handle = null;
  handle.close();
  if (!keepSocket) {
    carried.lift(socket);
    letGo(socket);
  }
}

module.exports = { carry, carryAlone, count, remember, takeOver, whyNot };
