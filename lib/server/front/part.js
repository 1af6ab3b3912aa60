'use strict';

const { channel } = require('node:diagnostics_channel');
const net = require('node:net');

const native = require('../../native/native.js');
const commands = require('../../transport/socket/commands.js');

/** Node says here that it has accepted a connection. */
const accepted = channel('net.server.socket');

/**
 * A server, with what Node does not document.
 *
 * @typedef {import('node:http').Server & { _connections: number, _emitCloseIfDrained(): void, _handle: any,
 *   _unref?: boolean, highWaterMark?: number, allowHalfOpen?: boolean, noDelay?: boolean, pauseOnConnect?: boolean,
 *   keepAlive?: boolean, keepAliveInitialDelay?: number, maxHeaderSize?: number, blockList?: unknown,
 *   shouldUpgradeCallback?: (req: import('node:http').IncomingMessage) => boolean }} HttpServer
 */

/** The part of a door that is one shard's: what becomes of those who have come by it. */
class Part {
  #number;
  /** How many JavaScript has not decided on. */
  #undecided = 0;
  #isClosed = false;

  /**
   * @param {HttpServer} server
   * @param {number} slot
   * @param {number} number of the shard's door
   */
  constructor(server, slot, number) {
    this.server = server;
    this.slot = slot;
    this.#number = number;
  }

  /** One more has come by it. */
  add() {
    this.#undecided++;
  }

  /** Heads are read no more: whoever comes is Node's. */
  handOnAll() {
    native.handOnAll(this.#number);
  }

  /** The shard has closed it. */
  close() {
    this.#isClosed = true;
    this.#forget();
  }

  #decided() {
    this.#undecided--;
    this.#forget();
  }

  #forget() {
    if (this.#isClosed && this.#undecided === 0) native.forgetDoor(this.#number);
  }

  /**
   * One of them is Node's from now on. It is to count as a connection of the server already. If the process has no descriptor
   * left for it, it is destroyed.
   *
   * @param {number} number
   * @returns {net.Socket}
   */
  toNode(number) {
    const { server } = this;
    const { allowHalfOpen, highWaterMark, keepAlive, keepAliveInitialDelay = 0, noDelay } = server;
    const marks = { readableHighWaterMark: highWaterMark, writableHighWaterMark: highWaterMark };
    const fd = this.#lend(number);
    const socket = new net.Socket(/** @type {net.SocketConstructorOpts} */ ({ fd, allowHalfOpen, ...marks }));
    native.settleArrived(this.#number, number);
    this.#decided();
    if (fd === undefined) return Object.assign(socket, { server, _server: server }).destroy();
    // What was accepted has it from the listening socket.
    if (noDelay === false) socket.setNoDelay(false);
    if (keepAlive) socket.setKeepAlive(true, keepAliveInitialDelay * 1000);
    if (accepted.hasSubscribers) accepted.publish({ socket });
    return Object.assign(socket, { server, _server: server });
  }

  /** @param {number} number @returns {number | undefined} nothing if the process has no descriptor left */
  #lend(number) {
    try {
      return native.lendArrived(this.#number, number);
    } catch {
      return undefined;
    }
  }

  /**
   * Accepts the request of one of them.
   *
   * @param {number} number
   * @param {number} group
   * @param {import('../../native/functions').Settings} settings
   * @param {string} deflate
   * @param {string} lines
   * @returns {number} the slot of the connection
   */
  open(number, group, settings, deflate, lines) {
    this.#decided();
    return commands.openArrived(this.#number, number, group, settings, deflate, lines);
  }

  /** One that has counted as a connection of the server does so no more. */
  leave() {
    const { server } = this;
    server._connections--;
    if (server._handle === null) server._emitCloseIfDrained();
  }
}

/** Whether somebody hears of each connection that Node accepts. */
function isHeardOfAccepted() {
  return accepted.hasSubscribers;
}

module.exports = { Part, isHeardOfAccepted };
