'use strict';

const { AsyncResource } = require('node:async_hooks');
const http = require('node:http');

const { Arrival } = require('./arrival.js');
const { Part, isHeardOfAccepted } = require('./part.js');
const { kind } = require('../../native/constants.js');
const native = require('../../native/native.js');
const shared = require('../../native/shared.js');
const commands = require('../../transport/socket/commands.js');
const { bindRaw, openDoor, unbind } = require('../../transport/socket/dispatch.js');
const { nextTick } = require('../../util/clock.js');
const { failure } = require('../../util/errors.js');

/** On an `'upgrade'` listener of ours: it takes an `Arrival`. Other copies of the module find it there. */
const kArrives = Symbol.for('websockets.arrives');

/** On a `'connection'` listener that has no use for a socket without a parser. Other copies of the module find it there. */
const kOnlyParsers = Symbol.for('websockets.onlyParsers');

/** Most bytes of a head that Rust reads. Longer ones are rare. */
const MOST = 16 * 1024;

/** The number of who has come by a door is below this bit. Above it is what its request asks for. */
const BITS = 24;

const { BINARY, CLOSE, HEAD } = kind;

/** From Node 21 on, `maxConnections = 0` drops everybody. Before, it was no bound. */
const ZERO_IS_A_BOUND = Number.parseInt(process.versions.node, 10) >= 21;

/** @typedef {import('node:net').Socket} Socket */
/** @typedef {import('./part.js').HttpServer} HttpServer */

/**
 * What accepts the connections of an HTTP server, instead of its handle: shards do, and read what each connection says
 * first. A request that opens a WebSocket comes as an `Arrival`. Everything else is Node's, with all of its bytes.
 *
 * What `net.Server` asks of its handle it asks of this.
 */
class Door {
  #server;
  #byNode;
  #name = {};
  /** By slot. @type {Map<number, Part>} */
  #parts = new Map();
  #resource = new AsyncResource('WEBSOCKETDOOR', { requireManualDestroy: true });
  #isOpen = true;
  /** When it was closed, nobody was connected, nor has anybody come since. */
  #isIdle = false;
  /** Whoever is still handed on is dropped. */
  #drops = false;

  /**
   * @param {HttpServer} server that listens
   * @param {(socket: Socket) => void} byNode its own `'connection'` listener
   * @throws {Error} with the system's code; nothing has changed then
   */
  constructor(server, byNode) {
    this.#server = server;
    this.#byNode = byNode;
    const { _handle: handle, _unref: isUnref } = server;
    handle.getsockname(this.#name);
    this.#open(handle.fd);
    handle.close();
    server._handle = this;
    if (isUnref) this.unref();
  }

  /** @param {number} fd */
  #open(fd) {
    // A longer one is Node's to refuse.
    const most = Math.min(MOST, this.#server.maxHeaderSize || http.maxHeaderSize);
    let shard = 0;
    try {
      do {
        const [slot, number] = openDoor(fd, most, shard);
        bindRaw(slot, this, /** @type {any} */ (deliver));
        this.#parts.set(slot, new Part(this.#server, slot, number));
        shard++;
      } while (shard < native.ioThreads());
    } catch (error) {
      // The server's own handle goes on.
      this.#end(false);
      throw error;
    }
  }

  /** @param {object} name */
  getsockname(name) {
    Object.assign(name, this.#name);
    return 0;
  }

  ref() {
    for (const slot of this.#parts.keys()) native.setRef(slot, true);
  }

  unref() {
    for (const slot of this.#parts.keys()) native.setRef(slot, false);
  }

  getAsyncId() {
    return this.#resource.asyncId();
  }

  /** @param {() => void} [callback] */
  close(callback) {
    if (this.#isOpen) this.#end(true);
    if (callback !== undefined) nextTick(callback);
  }

  /** @param {boolean} ends whether the listening socket ends, and its port is free */
  #end(ends) {
    this.#isOpen = false;
    this.#isIdle = ends && this.#server._connections === 0;
    // Who has said nothing yet is a connection of the server's.
    this.#server._connections += this.#parts.size;
    for (const slot of this.#parts.keys()) commands.closeDoor(slot, ends);
    this.#resource.emitDestroy();
  }

  /** Whoever has said nothing yet is dropped. */
  dropSilent() {
    // Those of a door that is closed are on their way.
    this.#drops = !this.#isOpen;
    for (const slot of this.#parts.keys()) commands.dropSilent(slot);
  }

  /**
   * Takes a record.
   *
   * @param {number} slot
   * @param {number} what
   * @param {any} payload
   * @param {number} code
   * @param {string | undefined} address
   */
  take(slot, what, payload, code, address) {
    const part = /** @type {Part} */ (this.#parts.get(slot));
    if (what === CLOSE) {
      this.#closed(part);
      return;
    }
    this.#isIdle = false;
    const number = code & ((1 << BITS) - 1);
    // What the app enters for one is not the others'; they all have what it has entered to listen.
    const scope = this.#resource.runInAsyncScope(newScope);
    if (what === HEAD) {
      const arrival = new Arrival(part, number, code >>> BITS, payload, address);
      try {
        scope.runInAsyncScope(this.#hear, this, arrival);
      } finally {
        // A function of the app's may have thrown, or the system has refused what was asked of it.
        arrival.dropUndecided();
      }
    } else if (what === BINARY) {
      scope.runInAsyncScope(this.#handOn, this, part, number, payload);
    }
  }

  /**
   * Somebody asks for a WebSocket.
   *
   * @param {Arrival} arrival
   */
  #hear(arrival) {
    const server = this.#server;
    const isFull = this.#isFull;
    server._connections++;
    const [listener, ...others] = server.listeners('upgrade');
    const take = others.length === 0 && listener !== undefined && Reflect.get(listener, kArrives);
    if (take && !isFull && !this.#hasListeners() && upgrades(server, arrival)) take(arrival);
    else this.#emit(arrival.socket, arrival.bytes, isFull);
  }

  /** Whether the app is to hear of each connection. */
  #hasListeners() {
    const isOurs = (/** @type {Function} */ one) => one === this.#byNode || kOnlyParsers in one;
    if (this.#server.listeners('connection').every(isOurs) && !isHeardOfAccepted()) return false;
    for (const part of this.#parts.values()) part.handOnAll();
    return true;
  }

  /** Whether there are as many connections as there may be. */
  get #isFull() {
    const { _connections, maxConnections } = this.#server;
    const isBounded = typeof maxConnections === 'number' && (maxConnections > 0 || ZERO_IS_A_BOUND);
    return isBounded && _connections >= maxConnections;
  }

  /**
   * One is Node's, with what it has sent.
   *
   * @param {Part} part
   * @param {number} number
   * @param {Uint8Array} bytes
   */
  #handOn(part, number, bytes) {
    const isFull = this.#isFull;
    this.#server._connections++;
    this.#emit(part.toNode(number), bytes, isFull);
  }

  /**
   * The server hears of a connection, unless it has too many.
   *
   * @param {Socket} socket
   * @param {Uint8Array} bytes what has come of it
   * @param {boolean} isFull
   */
  #emit(socket, bytes, isFull) {
    const server = this.#server;
    if (this.#drops) socket.destroy();
    if (socket.destroyed) return;
    if (!isFull) {
      if (bytes.length > 0) socket.unshift(bytes);
      server.emit('connection', socket);
      return;
    }
    const { localAddress, localPort, localFamily, remoteAddress, remotePort, remoteFamily } = socket;
    socket.destroy();
    server.emit('drop', { localAddress, localPort, localFamily, remoteAddress, remotePort, remoteFamily });
  }

  /** A shard accepts no more. @param {Part} part */
  #closed(part) {
    unbind(part.slot);
    this.#parts.delete(part.slot);
    part.close();
    const isLast = this.#parts.size === 0;
    if (this.#isOpen) {
      if (isLast) this.#failed();
      return;
    }
    part.leave();
    // A server that listens again by now has heard of no end: Node's would have at once.
    if (this.#isIdle && isLast && this.#server._handle !== null) this.#server.emit('close');
  }

  /** No shard could accept: nobody would ever hear of a connection. */
  #failed() {
    const server = this.#server;
    server.close();
    server.emit('error', failure('ERR_WS_TAKEOVER', 'The I/O threads cannot accept connections: the server is closed'));
  }
}

/** The asynchronous context of one who has come. */
function newScope() {
  return new AsyncResource('WEBSOCKETARRIVAL');
}

/** Whether the server upgrades a request, as newer versions of Node ask. @param {HttpServer} server @param {Arrival} arrival */
function upgrades(server, arrival) {
  return typeof server.shouldUpgradeCallback !== 'function' || server.shouldUpgradeCallback(arrival.req);
}

/**
 * Delivers what comes next of a shard's part of a door.
 *
 * @param {Door} door
 * @param {number} slot
 * @param {any[]} records
 */
function deliver(door, slot, records) {
  while (shared.next < records.length && records[shared.next] >>> 4 === slot) {
    const at = shared.next;
    shared.next += 4;
    door.take(slot, records[at] & 15, records[at + 1], records[at + 2], records[at + 3]);
  }
}

module.exports = { Door, kArrives, kOnlyParsers };
