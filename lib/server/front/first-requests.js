'use strict';

const http = require('node:http');

const { bytesOf, messageClassOf, messageOf } = require('./request-message.js');
const { whyNot } = require('../../transport/net-socket/takeover.js');
const { clearInterval, setInterval } = require('../../util/clock.js');

/** Most bytes of a head that Rust reads. Longer ones are rare. */
const MOST = 16 * 1024;

/**
 * ms after which a connection that has said nothing is Node's, at most twice as many: from then on Node measures the time
 * that its request takes.
 */
const PATIENCE = 1_000;

/** On a `'secureConnection'` listener that has no use for a socket before its parser is there. Other copies of the module
 *  find it there. */
const kOnlyParsers = Symbol.for('websockets.onlyParsers');

/** The event of a server: Node's parser has a socket. Other copies of the module hear of it as well. */
const kParsed = Symbol.for('websockets.parsed');

/** @typedef {import('../../transport/raw/entrance.js').Entrance} Entrance */
/** @typedef {import('node:net').Socket} Socket */
/**
 * What Node does not document.
 *
 * @typedef {http.Server & { shouldUpgradeCallback?: (req: http.IncomingMessage) => boolean }} HttpServer
 */

/**
 * Has Rust read the first request of each connection of an HTTP server. If that opens a WebSocket, the server's `'upgrade'`
 * listeners get it, and Node's parser never sees the connection. Whatever else a connection does first, Node's parser has it
 * from the first byte on.
 */
class FirstRequests {
  #server;
  #toNode;
  #isBusy;
  #Class;
  /** Those that have said nothing. @type {Set<Entrance>} */
  #waiting = new Set();
  /** Those of them that had said nothing when it was looked last. @type {Set<Entrance>} */
  #patient = new Set();
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #timer;

  /**
   * @param {HttpServer} server
   * @param {(socket: Socket) => void} toNode has Node's parser take a socket
   * @param {() => boolean} isBusy whether the app wants the connections before their requests
   */
  constructor(server, toNode, isBusy) {
    this.#server = server;
    this.#toNode = toNode;
    this.#isBusy = isBusy;
    this.#Class = messageClassOf(server);
    const { closeAllConnections } = server;
    if (closeAllConnections === undefined) return;
    server.closeAllConnections = () => {
      for (const entrance of [...this.#patient, ...this.#waiting]) this.#pass(entrance);
      closeAllConnections.call(server);
    };
  }

  /** Most bytes of a head that Rust is to read of a connection that comes now; 0 if Node is to read it. */
  get most() {
    const { headersTimeout, maxHeaderSize, requestTimeout, timeout } =
      /** @type {HttpServer & { maxHeaderSize?: number }} */ (this.#server);
    const isExact = timeout > 0 || isShort(headersTimeout) || isShort(requestTimeout);
    if (isExact || this.#server.listenerCount('upgrade') === 0 || this.#isBusy()) return 0;
    return Math.min(maxHeaderSize ?? http.maxHeaderSize, MOST);
  }

  /** @param {Entrance} entrance one that looks for a head */
  wait(entrance) {
    const { socket } = entrance;
    // As Node's parser does.
    /** @type {{ server?: unknown }} */ (socket).server = this.#server;
    socket.on('error', this.#failed);
    this.#waiting.add(entrance);
    this.#timer ??= setInterval(this.#look, PATIENCE).unref();
  }

  /** Those that have waited long enough are Node's. */
  #look = () => {
    for (const entrance of this.#patient) this.#pass(entrance);
    [this.#patient, this.#waiting] = [this.#waiting, this.#patient];
    if (this.#patient.size === 0) {
      clearInterval(this.#timer);
      this.#timer = undefined;
    }
  };

  /** @param {Entrance} entrance @returns {boolean} whether it was waited for */
  #end(entrance) {
    const isWaiting = this.#waiting.delete(entrance) || this.#patient.delete(entrance);
    if (isWaiting) entrance.socket.off('error', this.#failed);
    return isWaiting;
  }

  /**
   * A connection whose first bytes are the head of a request that opens a WebSocket.
   *
   * @param {Entrance} entrance
   * @param {string} head
   * @returns {Buffer | null} its bytes, if they are for Node
   */
  open(entrance, head) {
    const { socket } = entrance;
    const server = this.#server;
    if (!this.#end(entrance)) return bytesOf(head);
    if (socket.destroyed || entrance.isTaken) return null;
    const req = messageOf(server, this.#Class, socket, head);
    if (!this.#upgrades(req, socket)) {
      this.#toNode(socket);
      return bytesOf(head);
    }
    server.emit('upgrade', req, socket, Buffer.alloc(0));
    return null;
  }

  /**
   * As Node decides.
   *
   * @param {http.IncomingMessage} req
   * @param {Socket} socket
   */
  #upgrades(req, socket) {
    const server = this.#server;
    // If the app reads it by itself, or holds it back, that comes first.
    if (server.listenerCount('upgrade') === 0 || socket.readableFlowing !== null) return false;
    return typeof server.shouldUpgradeCallback !== 'function' || server.shouldUpgradeCallback(req);
  }

  /** A connection that begins with something else. @param {Entrance} entrance */
  pass(entrance) {
    const { isTaken, socket } = entrance;
    if (this.#end(entrance) && !socket.destroyed && !isTaken) this.#toNode(socket);
  }

  /** The same in its own asynchronous context. @param {Entrance} entrance */
  #pass(entrance) {
    entrance.run(() => this.pass(entrance));
  }

  /** What fails before there is a request is an error of the client. */
  #failed = (() => {
    const failed = this;
    /** @this {Socket} @param {Error} error */
    return function onError(error) {
      failed.#server.emit('clientError', error, this);
    };
  })();
}

/** @param {number | undefined} ms of a timeout of Node's; 0 is none */
function isShort(ms) {
  return ms !== undefined && ms > 0 && ms < 4 * PATIENCE;
}

/**
 * @param {Socket} socket
 * @returns {string | null} why its bytes cannot be handed over any more
 */
function whyNotFresh(socket) {
  const hasRead = socket.bytesRead > 0 || socket.readableLength > 0 || socket.writableLength > 0;
  return hasRead ? 'something was read from it, or written to it' : whyNot(socket);
}

module.exports = { FirstRequests, kOnlyParsers, kParsed, whyNotFresh };
