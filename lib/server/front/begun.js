'use strict';

const { Entrance } = require('../../transport/raw/entrance.js');
const { GONE, secure, serverFactsOf } = require('../../transport/raw/secured.js');

/** @typedef {import('node:net').Socket} Socket */
/** The shard's part of its door. @typedef {{ openRaw(number: number): number, drop(number: number): void }} Part */

/** The sockets of those whose TLS has begun. @type {WeakMap<Socket, Begun>} */
const all = new WeakMap();

/** One that has come by a door, and whose TLS has begun: whoever goes on with it goes on with its records. */
class Begun {
  #socket;
  #part;
  #number;
  /** The handshake is done. */
  isDone = false;
  /** And the first request was read: `'secureConnection'` comes next. */
  isSecured = false;

  /**
   * @param {Socket} socket whose descriptor was lent
   * @param {Part} part of the door that it has come by
   * @param {number} number that it has there
   */
  constructor(socket, part, number) {
    this.#socket = socket;
    this.#part = part;
    this.#number = number;
    socket.once('close', this.#drop);
  }

  /** Makes a raw connection of it. @returns {number} its slot @throws {Error} the connection is gone then */
  open() {
    this.#socket.off('close', this.#drop);
    return this.#part.openRaw(this.#number);
  }

  /** Goes on with it where the handshake is done. Its errors are nobody's until the server hears of it. */
  goOn() {
    const socket = this.#socket;
    this.isSecured = true;
    // It may be lost before `'secureConnection'`.
    socket.on('error', ignore);
    try {
      const entrance = new Entrance(socket, () => this.open(), {
        hello() {},
        secured() {},
        failed: (error) => socket.destroy(error),
      });
      secure(socket, serverFactsOf(entrance.slot));
    } catch {
      secure(socket, GONE).destroy();
    }
  }

  /** The server is about to hear of it: from now on errors are for its listeners. */
  heard() {
    this.#socket.off('error', ignore);
  }

  /** Nobody has gone on with it. */
  #drop = () => this.#part.drop(this.#number);
}

function ignore() {}

/**
 * TLS has begun on a socket.
 *
 * @param {Socket} socket whose descriptor was lent
 * @param {Part} part
 * @param {number} number
 * @param {boolean} isDone whether its handshake is done
 */
function begun(socket, part, number, isDone) {
  const one = new Begun(socket, part, number);
  one.isDone = isDone;
  all.set(socket, one);
}

/**
 * @param {object} socket
 * @returns {Begun | undefined} nothing if its TLS has not begun, or is Node's
 */
function begunOf(socket) {
  return all.get(/** @type {Socket} */ (socket));
}

module.exports = { begun, begunOf };
