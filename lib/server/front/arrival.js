'use strict';

const net = require('node:net');

const { begunOf } = require('./begun.js');
const { bytesOf, messageOf } = require('./request-message.js');
const { asks, tls } = require('../../native/constants.js');
const native = require('../../native/native.js');
const { carryAlone } = require('../../transport/net-socket/takeover.js');
const { GONE, secure, serverFactsOf } = require('../../transport/raw/secured.js');

/** Between what Rust brings of a head: none of that can have it within. */
const BETWEEN = '\0';

/** @typedef {net.Socket} Socket */
/** @typedef {import('../../connection/connection.js').Connection} Connection */
/** @typedef {import('../../transport/socket/socket-transport.js').SocketTransport} SocketTransport */

/**
 * One who asks for a WebSocket. There is no socket for it: if the request is accepted, Rust makes a connection of its
 * descriptor. If somebody asks for the socket before that, one is made, and Node carries it from then on.
 */
class Arrival {
  #part;
  #number;
  #asks;
  #head;
  /** @type {string[] | null} */
  #rawHeaders = null;
  /** @type {import('node:http').IncomingMessage | null} */
  #req = null;
  /** @type {Socket | null} */
  #socket = null;
  /** What it has become. @type {Connection | null} */
  #connection = null;
  /** @type {SocketTransport | null} */
  #transport = null;
  /** It is Node's, or Rust has been asked to open it, or it was dropped. */
  #isDecided = false;
  #isOver = false;

  /**
   * @param {import('./part.js').Part} part of the door that it has come by
   * @param {number} number that it has there
   * @param {number} asked a sum of `constants.asks`
   * @param {string} head the target of its request, and the names and values of its headers
   * @param {string | undefined} address the peer's IP address
   */
  constructor(part, number, asked, head, address) {
    this.#part = part;
    this.#number = number;
    this.#asks = asked;
    this.#head = head;
    this.remoteAddress = address;
  }

  /** The target of its request. */
  get url() {
    const end = this.#head.indexOf(BETWEEN);
    return this.#head.slice(0, end);
  }

  /** The names and values of its headers. @returns {string[]} */
  get rawHeaders() {
    this.#rawHeaders ??= this.#head.split(BETWEEN).slice(1);
    return this.#rawHeaders;
  }

  /** The bytes that it has sent. */
  get bytes() {
    return bytesOf(this);
  }

  /** Whether nobody has to look at the request again to see that it is in order. */
  get isInOrder() {
    return (this.#asks & asks.IN_ORDER) !== 0;
  }

  /** Whether it speaks TLS. */
  get encrypted() {
    return this.#part.isSecure;
  }

  /** Whether it has an origin, or offers subprotocols or extensions. */
  get offers() {
    return (this.#asks & asks.OFFERS) !== 0;
  }

  /** Its request. */
  get req() {
    this.#req ??= messageOf(this.#part.server, this);
    return this.#req;
  }

  /** Whether Node carries it. */
  get isNodes() {
    return this.#socket !== null && this.#connection === null;
  }

  /** The socket, if one was made. */
  get made() {
    return this.#socket;
  }

  /** @returns {Socket} */
  get socket() {
    const made = this.#socket ?? this.#make();
    this.#socket = made;
    return made;
  }

  /** @returns {Socket} */
  #make() {
    if (this.#connection !== null) return this.#shell(this.#connection);
    // Somebody else may have its number by now.
    const isGone = this.#isDecided;
    this.#isDecided = true;
    const socket = isGone
      ? new net.Socket().destroy()
      : this.#part.toNode(this.#number, this.encrypted ? tls.BEGUN | tls.SECURED : 0);
    if (!this.encrypted) return socket;
    const begun = begunOf(socket);
    // It is gone.
    if (begun === undefined) secure(socket, GONE);
    else begun.goOn();
    return socket;
  }

  /** A socket without a handle, for the connection that it has become. @param {Connection} connection */
  #shell(connection) {
    const transport = /** @type {SocketTransport} */ (this.#transport);
    const [address, port, remotePort, read = 0, written = 0] = native.socketFacts(transport.slot) ?? [];
    const { remoteAddress } = this;
    const socket = carryAlone(transport, connection, {
      local: { address, port, family: familyOf(address) },
      remote: { address: remoteAddress, port: remotePort, family: familyOf(remoteAddress) },
      before: { read, written },
      isOver: this.#isOver,
    });
    if (this.encrypted) secure(socket, serverFactsOf(transport.slot));
    // From now on it counts for itself.
    if (!this.#isOver) Object.assign(socket, { server: this.#part.server, _server: this.#part.server });
    return socket;
  }

  /**
   * Accepts the request.
   *
   * @param {number} group
   * @param {import('../../native/functions').Settings} settings
   * @param {string} deflate
   * @param {string} lines of the response, beside the usual ones
   * @returns {number} the slot of the connection
   * @throws {Error} `ERR_WS_TOO_MANY_CONNECTIONS`
   */
  open(group, settings, deflate, lines) {
    this.#isDecided = true;
    return this.#part.open(this.#number, group, settings, deflate, lines);
  }

  /**
   * It has become a connection.
   *
   * @param {Connection} connection
   * @param {SocketTransport} transport
   */
  opened(connection, transport) {
    this.#connection = connection;
    this.#transport = transport;
    // It stays for as long as the connection does. The request has what it needs, and is the app's to keep.
    this.#req = null;
    this.#rawHeaders = null;
    this.#head = '';
    const { keepAlive, keepAliveInitialDelay = 0 } = this.#part.server;
    if (keepAlive) transport.setKeepAlive(true, keepAliveInitialDelay, 1, 10);
  }

  /** It is Node's to drop. @returns {Socket} of which nothing was read */
  toDrop() {
    this.#isDecided = true;
    return this.#part.toNode(this.#number, 0);
  }

  /** Whoever was to decide on it has not: it is dropped. */
  dropUndecided() {
    if (this.#isDecided) return;
    this.#isDecided = true;
    this.#part.drop(this.#number);
    this.over();
  }

  /** The connection is over, or goes on without it. */
  over() {
    if (this.#isOver) return;
    this.#isOver = true;
    if (this.#socket === null) this.#part.leave();
  }
}

/** @param {string | undefined} address */
function familyOf(address) {
  if (address === undefined) return undefined;
  return address.includes(':') ? 'IPv6' : 'IPv4';
}

module.exports = { Arrival };
