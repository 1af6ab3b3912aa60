'use strict';

const { AsyncResource } = require('node:async_hooks');
const { channel } = require('node:diagnostics_channel');
const http = require('node:http');

const { Arrival } = require('./arrival.js');
const { Part } = require('./part.js');
const { drop } = require('./drop.js');
const { kind, tls } = require('../../native/constants.js');
const native = require('../../native/native.js');
const shared = require('../../native/shared.js');
const commands = require('../../transport/socket/commands.js');
const { bindRaw, openDoor, unbind } = require('../../transport/socket/dispatch.js');
const { nextTick } = require('../../util/clock.js');
const { failure } = require('../../util/errors.js');
const { isTracing, trace } = require('../../util/trace.js');

/** Node says here that it has accepted a connection. */
const accepted = channel('net.server.socket');

/** On an `'upgrade'` listener of this copy of the module: it takes an `Arrival`. Those of others take sockets. */
const kArrives = Symbol('websockets.arrives');

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
/**
 * How connections come.
 *
 * @typedef {object} Coming
 * @property {() => string | null} whyHeard why the app, or Node, is to hear of each of them
 * @property {() => number | undefined} [context] what they are secured with, if they are
 */
/** @typedef {import('./part.js').HttpServer} HttpServer */

/**
 * What accepts the connections of an HTTP server, instead of its handle: a shard does, and reads what each connection says
 * first. A request that opens a WebSocket comes as an `Arrival`. Everything else is Node's, with all of its bytes.
 *
 * What `net.Server` asks of its handle it asks of this.
 */
class Door {
  #server;
  #whyHeard;
  #most;
  #name = {};
  #part;
  #resource;
  #isOpen = true;
  /** When it was closed, nobody was connected, nor has anybody come since. */
  #isIdle = false;
  /** Whoever is still heard of is dropped. */
  #drops = false;
  /** The shard accepts no more. */
  #isClosed = false;

  /**
   * @param {HttpServer} server that listens
   * @param {Coming} coming
   * @throws {Error} with the system's code; nothing has changed then
   */
  constructor(server, { whyHeard, context }) {
    this.#server = server;
    this.#whyHeard = whyHeard;
    const { _handle: handle, _unref: isUnref } = server;
    handle.getsockname(this.#name);
    // A longer one is Node's to refuse.
    this.#most = Math.min(MOST, server.maxHeaderSize || http.maxHeaderSize);
    const secure = context?.();
    const [slot, number] = openDoor(handle.fd, this.#most, secure);
    this.#part = new Part(server, slot, number, secure !== undefined);
    this.#resource = new AsyncResource('WEBSOCKETDOOR', { requireManualDestroy: true });
    bindRaw(slot, this, /** @type {any} */ (deliver));
    handle.close();
    server._handle = this;
    if (isUnref) this.unref();
  }

  /** @param {object} name */
  getsockname(name) {
    Object.assign(name, this.#name);
    return 0;
  }

  ref() {
    native.setRef(this.#part.slot, true);
  }

  unref() {
    native.setRef(this.#part.slot, false);
  }

  getAsyncId() {
    return this.#resource.asyncId();
  }

  /** @param {() => void} [callback] */
  close(callback) {
    if (this.#isOpen) this.#end();
    if (callback !== undefined) nextTick(callback);
  }

  #end() {
    const server = this.#server;
    const { slot } = this.#part;
    this.#isOpen = false;
    this.#isIdle = server._connections === 0;
    // Who has said nothing yet is a connection of the server's.
    server._connections++;
    // The process does not end before the server has.
    native.setRef(slot, true);
    commands.closeDoor(slot);
  }

  /** Whoever comes is secured with another context. @param {number} context */
  secure(context) {
    this.#part.secure(context);
    this.readHeads();
  }

  /** Whoever comes is Node's. @param {string} reason */
  handOnAll(reason) {
    if (isTracing) trace('Node.js reads the requests of a server: %s', reason);
    this.#part.readHeads(0);
  }

  /** Rust reads what each says, if nothing is against that any more. */
  readHeads() {
    if (this.#whyHeard() === null && !accepted.hasSubscribers) this.#part.readHeads(this.#most);
  }

  /** Whoever has said nothing yet is dropped. */
  dropSilent() {
    // Those of a door that is closed are on their way.
    this.#drops = !this.#isOpen;
    if (!this.#isClosed) commands.dropSilent(this.#part.slot);
  }

  /**
   * Takes a record.
   *
   * @param {number} what
   * @param {any} payload
   * @param {number} code
   * @param {string | undefined} address
   */
  take(what, payload, code, address) {
    if (what === CLOSE) {
      this.#closed();
      return;
    }
    this.#isIdle = false;
    const number = code & ((1 << BITS) - 1);
    // What the app enters for one is not the others'; they all have what it has entered to listen.
    const scope = this.#resource.runInAsyncScope(newScope);
    if (what === HEAD) {
      const arrival = new Arrival(this.#part, number, code >>> BITS, payload, address);
      try {
        scope.runInAsyncScope(this.#hear, this, arrival);
      } finally {
        // A function of the app's may have thrown, or the system has refused what was asked of it.
        arrival.dropUndecided();
      }
    } else if (what === BINARY) {
      scope.runInAsyncScope(this.#handOn, this, number, payload, code >>> BITS);
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
    // Those that are not decided on are dropped.
    if (this.#drops) return;
    if (isFull) {
      drop(server, arrival.toDrop());
      return;
    }
    const [listener, ...others] = server.listeners('upgrade');
    const take = others.length === 0 && listener !== undefined && Reflect.get(listener, kArrives);
    // Until the listeners are others: it would be decrypted for two sockets, and read twice.
    if (!take && this.#part.isSecure) this.handOnAll('no Server alone has its upgrades');
    const isNodes = this.#isHeard() || hasTooManyHeaders(server, arrival);
    if (take && !isNodes && upgrades(server, arrival)) take(arrival);
    else this.#emit(arrival.socket, arrival.bytes);
  }

  /** Whether somebody is to hear of each connection. */
  #isHeard() {
    const reason = accepted.hasSubscribers ? 'net.server.socket has subscribers' : this.#whyHeard();
    if (reason === null) return false;
    this.handOnAll(reason);
    return true;
  }

  /** Whether there are as many connections as there may be. */
  get #isFull() {
    const { _connections, maxConnections } = this.#server;
    // As Node has it, whatever the app has set.
    const isBounded = ZERO_IS_A_BOUND ? maxConnections !== undefined && maxConnections !== null : maxConnections;
    return Boolean(isBounded) && _connections >= maxConnections;
  }

  /**
   * One is Node's, with what it has sent.
   *
   * @param {number} number
   * @param {Uint8Array} bytes
   * @param {number} stage of its TLS: a sum of `constants.tls`
   */
  #handOn(number, bytes, stage) {
    const server = this.#server;
    const isFull = this.#isFull;
    // Node drops none whose handshake is not done.
    const isDropped = this.#drops && (!this.#part.isSecure || (stage & tls.SECURED) !== 0);
    server._connections++;
    const socket = this.#part.toNode(number, isFull || isDropped ? 0 : stage);
    if (isDropped) {
      socket.destroy();
    } else if (isFull) {
      drop(server, socket);
    } else {
      // Whoever comes next must not be begun.
      if (this.#part.isSecure) this.#isHeard();
      this.#emit(socket, bytes);
    }
  }

  /**
   * The server hears of a connection.
   *
   * @param {Socket} socket
   * @param {Uint8Array} bytes what has come of it
   */
  #emit(socket, bytes) {
    if (socket.destroyed) return;
    if (bytes.length > 0) socket.unshift(bytes);
    this.#server.emit('connection', socket);
    if (accepted.hasSubscribers) accepted.publish({ socket });
  }

  /** The shard accepts no more. */
  #closed() {
    const part = this.#part;
    this.#isClosed = true;
    unbind(part.slot);
    part.close();
    this.#resource.emitDestroy();
    if (this.#isOpen) {
      this.#failed();
      return;
    }
    part.leave();
    // A server that listens again by now has heard of no end: Node's would have at once.
    if (this.#isIdle && this.#server._handle !== null) this.#server.emit('close');
  }

  /** The shard could not accept: nobody would ever hear of a connection. */
  #failed() {
    const server = this.#server;
    this.#isOpen = false;
    server.close();
    server.emit('error', failure('ERR_WS_TAKEOVER', 'The I/O threads cannot accept connections: the server is closed'));
  }
}

/** The asynchronous context of one who has come. */
function newScope() {
  return new AsyncResource('WEBSOCKETARRIVAL');
}

/**
 * Whether a request has more headers than Node is to read. Newer versions refuse it, older ones leave the rest out.
 *
 * @param {HttpServer} server
 * @param {Arrival} arrival
 */
function hasTooManyHeaders({ maxHeadersCount }, arrival) {
  // By default it is more than a head has that Rust reads.
  return Boolean(maxHeadersCount) && arrival.rawHeaders.length > 2 * Number(maxHeadersCount);
}

/**
 * Whether the server upgrades a request, as newer versions of Node ask.
 *
 * @param {HttpServer} server
 * @param {Arrival} arrival
 * @throws what the app does; nobody is connected then
 */
function upgrades(server, arrival) {
  try {
    return typeof server.shouldUpgradeCallback !== 'function' || server.shouldUpgradeCallback(arrival.req);
  } catch (error) {
    // It has no parser that would see to it.
    arrival.made?.destroy();
    throw error;
  }
}

/**
 * Delivers what comes next of a door.
 *
 * @param {Door} door
 * @param {number} slot
 * @param {any[]} records
 */
function deliver(door, slot, records) {
  while (shared.next < records.length && records[shared.next] >>> 4 === slot) {
    const at = shared.next;
    shared.next += 4;
    door.take(records[at] & 15, records[at + 1], records[at + 2], records[at + 3]);
  }
}

module.exports = { Door, kArrives, kOnlyParsers };
