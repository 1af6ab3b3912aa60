'use strict';

const { AsyncResource } = require('node:async_hooks');

const { checkTopics } = require('../options/topic.js');
const { kInspect, show } = require('../util/inspect.js');

/** The numbers of `ws` and of the browsers' WebSocket. */
const OPEN = 1;
const CLOSING = 2;
const CLOSED = 3;

/** Where a connection keeps what is not for its users. */
const kInner = Symbol('websockets.connection');

/** The extensions of a connection that has none. @type {readonly string[]} */
const NONE = Object.freeze([]);

/**
 * @typedef {{ readonly socket: import('node:stream').Duplex, readonly made: import('node:stream').Duplex | null }} Newcomer
 *   `made`: the socket, if one was made
 */

/**
 * What a connection is made of.
 *
 * @typedef {object} Facts
 * @property {string} sid
 * @property {import('./group.js').Group<Connection>} group
 * @property {import('./sink').Sink<Connection>} sink
 * @property {import('./transport').Transport<Connection> | null} transport `null` if the socket is gone already
 * @property {import('node:stream').Duplex | null} socket
 * @property {Newcomer | null} newcomer who has a socket made if it is asked for one
 * @property {string} protocol
 * @property {string[]} extensions
 * @property {boolean} mask
 * @property {string | undefined} remoteAddress
 * @property {number} windowBytes what permessage-deflate may keep for it
 * @property {unknown} data the app's own
 */

/** Its end is known: no garbage collector has to tell. */
const RESOURCE = { requireManualDestroy: true };

/**
 * What is not for the users of a connection. Each field counts: there may be very many of them, idle.
 *
 * It is the connection's asynchronous resource: its sink hears of it in the context of the call that made it.
 */
class Inner extends AsyncResource {
  /** @type {1 | 2 | 3} */
  readyState = OPEN;
  /** Who stops reading from it: see `hold.js`. Nothing of it is delivered while this is not 0. */
  pauses = 0;
  /** @type {import('../util/fifo.js').Fifo<() => void> | null} delivers each record that came while paused */
  held = null;
  /** Whether those are about to be delivered. */
  scheduled = false;
  /** Whether nothing more comes of it than what is on its way: no pause holds that back. */
  isLost = false;
  /** What a `Client` has opened. @type {string | undefined} */
  url = undefined;
  /** Undoes what the assignment hung on others, such as an AbortSignal. @type {(() => void) | undefined} */
  release = undefined;

  /** @param {Facts} facts */
  constructor(facts) {
    super('WEBSOCKET', RESOURCE);
    const { sid, group, sink, transport, socket, newcomer, protocol } = facts;
    const { extensions, mask, remoteAddress, windowBytes, data } = facts;
    this.sid = sid;
    this.group = group;
    this.sink = sink;
    this.transport = transport;
    this.transportName = transport?.name ?? 'stream';
    this.socket = socket;
    this.newcomer = newcomer;
    this.protocol = protocol;
    this.extensions = extensions.length > 0 ? extensions : NONE;
    this.mask = mask;
    this.remoteAddress = remoteAddress;
    this.windowBytes = windowBytes;
    this.data = data;
  }
}

/**
 * What `base.sockets[sid]` holds. All of it but `data` is read-only.
 */
class Connection {
  /** @param {Facts} facts */
  constructor(facts) {
    Object.defineProperty(this, kInner, { writable: true });
    /** @type {Inner} */
    this[kInner] = new Inner(facts);
  }

  /** The connection's id: unique in the process and unguessable. */
  get sid() {
    return this[kInner].sid;
  }

  /** 1 open, 2 closing, 3 closed. */
  get readyState() {
    return this[kInner].readyState;
  }

  /** `'socket'`: a thread in Rust reads and writes; `'stream'`: this one does. */
  get transport() {
    return this[kInner].transportName;
  }

  /** The subprotocol that `assignSocket` was given, or `''`. */
  get protocol() {
    return this[kInner].protocol;
  }

  /** Names of the extensions that are on. */
  get extensions() {
    return [...this[kInner].extensions];
  }

  /** Whether outgoing frames are masked: the client role. */
  get mask() {
    return this[kInner].mask;
  }

  /** The URL that a `Client` has opened, without credentials; `undefined` for what was assigned. */
  get url() {
    return this[kInner].url;
  }

  /** The peer's IP address; `undefined` on a Unix-domain socket. */
  get remoteAddress() {
    return this[kInner].remoteAddress;
  }

  /** The socket that was assigned; `null` once it is released. */
  get socket() {
    const { newcomer, socket } = this[kInner];
    return socket ?? newcomer?.socket ?? null;
  }

  /** Whatever the app keeps with the connection; nothing here looks at it. */
  get data() {
    return this[kInner].data;
  }

  set data(value) {
    this[kInner].data = value;
  }

  /** The names of the topics that it subscribes to. */
  get topics() {
    return this[kInner].group.topics.namesOf(this);
  }

  /**
   * Gets what is published to topics, if it is open.
   *
   * @param {unknown} topic the name of one, or an array of them
   * @returns {this}
   * @throws {TypeError} where it is of another type; nothing has changed then
   */
  subscribe(topic) {
    const names = checkTopics(topic);
    const { group, readyState, transport } = this[kInner];
    if (readyState === OPEN) {
      for (const name of names) group.topics.subscribe(this, transport, name);
    }
    return this;
  }

  /**
   * Gets that no more: without an argument, it is out of all topics.
   *
   * @param {unknown[]} args the name of a topic, or an array of them
   * @returns {this}
   * @throws {TypeError} where it is of another type; nothing has changed then
   */
  unsubscribe(...args) {
    const { group } = this[kInner];
    group.topics.unsubscribe(this, args.length > 0 ? checkTopics(args[0]) : null);
    return this;
  }

  /** Bytes that wait to be written to the peer; above 64 KiB `drain` follows. */
  get bufferedAmount() {
    const { transport } = this[kInner];
    return transport === null ? 0 : transport.amountToDrain();
  }

  /** @param {import('../util/inspect.js').How} how */
  [kInspect](...how) {
    if (this[kInner] === undefined) {
      return this;
    }
    const { sid, readyState, transport, protocol, remoteAddress } = this;
    // Looking at it asks for no event.
    const bufferedAmount = this[kInner].transport?.bufferedAmount() ?? 0;
    return show(this, { sid, readyState, transport, protocol, remoteAddress, bufferedAmount }, ...how);
  }
}

module.exports = { CLOSED, CLOSING, Connection, OPEN, kInner };
