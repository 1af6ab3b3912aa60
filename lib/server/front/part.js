'use strict';

const { closeSync } = require('node:fs');
const net = require('node:net');

const { begun } = require('./begun.js');
const { tls } = require('../../native/constants.js');
const native = require('../../native/native.js');
const commands = require('../../transport/socket/commands.js');
const { openArrivedRaw } = require('../../transport/socket/dispatch.js');

/**
 * A server, with what Node does not document.
 *
 * @typedef {import('node:http').Server & { _connections: number, _emitCloseIfDrained(): void, _handle: any,
 *   _unref?: boolean, highWaterMark?: number, allowHalfOpen?: boolean, noDelay?: boolean, pauseOnConnect?: boolean,
 *   keepAlive?: boolean, keepAliveInitialDelay?: number, maxHeaderSize?: number, blockList?: unknown,
 *   shouldUpgradeCallback?: (req: import('node:http').IncomingMessage) => boolean }} HttpServer
 */

/** The shard's part of a door: what becomes of those who have come by it. */
class Part {
  #number;
  #isClosed = false;

  /**
   * @param {HttpServer} server
   * @param {number} slot
   * @param {number} number of the door in Rust
   * @param {boolean} isSecure whether its connections speak TLS
   */
  constructor(server, slot, number, isSecure) {
    this.server = server;
    this.slot = slot;
    this.#number = number;
    this.isSecure = isSecure;
  }

  /** Heads of this many bytes are read. With 0, whoever comes is Node's. @param {number} most */
  readHeads(most) {
    if (!this.#isClosed) native.readHeads(this.#number, most);
  }

  /** Whoever comes is secured with another context. @param {number} context */
  secure(context) {
    if (!this.#isClosed) native.secureDoor(this.#number, context);
  }

  /** It is closed, and there is nobody left to decide on. */
  close() {
    this.#isClosed = true;
    native.forgetDoor(this.#number);
  }

  /**
   * One of them is Node's from now on. It is to count as a connection of the server already. If the process has no descriptor
   * left for it, it is destroyed.
   *
   * @param {number} number
   * @param {number} stage of its TLS, if somebody is to go on with that: a sum of `constants.tls`
   * @returns {net.Socket}
   * @throws what `net.Socket` throws; the connection is gone then
   */
  toNode(number, stage) {
    const { server } = this;
    const { keepAlive, keepAliveInitialDelay = 0, noDelay } = server;
    const fd = this.#lend(number);
    const socket = this.#socketOf(number, fd, fd === undefined ? 0 : stage);
    if (fd === undefined) return Object.assign(socket, { server, _server: server }).destroy();
    if (noDelay === false) socket.setNoDelay(false);
    if (keepAlive) socket.setKeepAlive(true, keepAliveInitialDelay * 1000);
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

  /** @param {number} number @param {number | undefined} fd that was lent @param {number} stage */
  #socketOf(number, fd, stage) {
    const { allowHalfOpen, highWaterMark } = this.server;
    const marks = { readableHighWaterMark: highWaterMark, writableHighWaterMark: highWaterMark };
    let isSettled = false;
    try {
      // What was accepted has no delay, from the listening socket: Node is to know it.
      const options = { fd, allowHalfOpen, noDelay: true, ...marks };
      const socket = new net.Socket(/** @type {net.SocketConstructorOpts} */ (options));
      if (stage !== 0) {
        begun(socket, this, number, (stage & tls.SECURED) !== 0);
        isSettled = true;
      }
      return socket;
    } catch (error) {
      if (fd !== undefined) closeSync(fd);
      this.leave();
      throw error;
    } finally {
      if (!isSettled) native.settleArrived(this.#number, number);
    }
  }

  /** One of them is dropped. @param {number} number */
  drop(number) {
    if (!this.#isClosed) native.settleArrived(this.#number, number);
  }

  /**
   * Makes a raw connection of one whose TLS has begun.
   *
   * @param {number} number
   * @returns {number} its slot
   * @throws {Error} `ERR_WS_TOO_MANY_CONNECTIONS` or `ECONNRESET`; the connection is gone then
   */
  openRaw(number) {
    if (this.#isClosed) throw Object.assign(new Error('the connection is over'), { code: 'ECONNRESET' });
    return openArrivedRaw(this.#number, number);
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
   * @throws {Error} `ERR_WS_TOO_MANY_CONNECTIONS`; the connection is gone then
   */
  open(number, group, settings, deflate, lines) {
    return commands.openArrived(this.#number, number, group, settings, deflate, lines);
  }

  /** One that has counted as a connection of the server does so no more. */
  leave() {
    const { server } = this;
    server._connections--;
    if (server._handle === null) server._emitCloseIfDrained();
  }
}

module.exports = { Part };
