'use strict';

const { closeSync } = require('node:fs');
const net = require('node:net');

const native = require('../../native/native.js');
const commands = require('../../transport/socket/commands.js');

/**
 * A server, with what Node does not document.
 *
 * @typedef {import('node:http').Server & { _connections: number, _emitCloseIfDrained(): void, _handle: any,
 *   _unref?: boolean, highWaterMark?: number, allowHalfOpen?: boolean, noDelay?: boolean, pauseOnConnect?: boolean,
 *   keepAlive?: boolean, keepAliveInitialDelay?: number, maxHeaderSize?: number, blockList?: unknown,
 *   shouldUpgradeCallback?: (req: import('node:http').IncomingMessage) => boolean }} HttpServer
 */

/** The shard's part of a door: what becomes of those who have come by it. Each is decided on as it is heard of. */
class Part {
  #number;

  /**
   * @param {HttpServer} server
   * @param {number} slot
   * @param {number} number of the door in Rust
   */
  constructor(server, slot, number) {
    this.server = server;
    this.slot = slot;
    this.#number = number;
  }

  /** Heads are read no more: whoever comes is Node's. */
  handOnAll() {
    native.handOnAll(this.#number);
  }

  /** It is closed, and there is nobody left to decide on. */
  close() {
    native.forgetDoor(this.#number);
  }

  /**
   * One of them is Node's from now on. It is to count as a connection of the server already. If the process has no descriptor
   * left for it, it is destroyed.
   *
   * @param {number} number
   * @returns {net.Socket}
   * @throws what `net.Socket` throws; the connection is gone then
   */
  toNode(number) {
    const { server } = this;
    const { keepAlive, keepAliveInitialDelay = 0, noDelay } = server;
    const fd = this.#lend(number);
    const socket = this.#socketOf(number, fd);
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

  /** @param {number} number @param {number | undefined} fd that was lent */
  #socketOf(number, fd) {
    const { allowHalfOpen, highWaterMark } = this.server;
    const marks = { readableHighWaterMark: highWaterMark, writableHighWaterMark: highWaterMark };
    try {
      // What was accepted has no delay, from the listening socket: Node is to know it.
      const options = { fd, allowHalfOpen, noDelay: true, ...marks };
      return new net.Socket(/** @type {net.SocketConstructorOpts} */ (options));
    } catch (error) {
      if (fd !== undefined) closeSync(fd);
      this.leave();
      throw error;
    } finally {
      native.settleArrived(this.#number, number);
    }
  }

  /** One of them is dropped. @param {number} number */
  drop(number) {
    native.settleArrived(this.#number, number);
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
