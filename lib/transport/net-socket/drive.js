'use strict';

const net = require('node:net');

const { kInner } = require('../../connection/connection.js');
const hold = require('../../connection/hold.js');
const { close, terminate } = require('../../connection/lifecycle.js');
const { statusCode } = require('../../native/constants.js');
const { nextTick } = require('../../util/clock.js');
const { failure } = require('../../util/errors.js');
const { overlay } = require('./overlay.js');

/** The name of what Node's HTTP server does at a timeout. It leaves it there when it hands a socket over. */
const HTTP_TIMEOUT = 'socketOnTimeout';

/** Where a socket keeps whose it is. */
const kDriven = Symbol('websockets.driven');

/** @typedef {import('../../connection/connection.js').Connection} Connection */

/** @typedef {import('./node-socket').NodeSocket & { [kDriven]: Driven }} DrivenSocket */

/** Whose a socket is. */
class Driven {
  /** Whether its handle reports the end or an error at this moment. */
  isFailing = false;

  /** @param {Connection} connection */
  constructor(connection) {
    /** @type {Connection | null} `null` once the socket is let go of */
    this.connection = connection;
  }
}

/**
 * What a socket does from now on, each through its prototype: nothing of it is the socket's own.
 *
 * @type {ThisType<DrivenSocket>}
 */
const METHODS = {
  /** @param {unknown} _chunk @param {unknown} encoding @param {unknown} callback */
  write(_chunk, encoding, callback = encoding) {
    if (typeof callback === 'function') {
      const message = 'The socket carries a WebSocket: use send() of its Base';
      nextTick(/** @type {Function} */ (callback), failure('ERR_WS_SOCKET_TAKEN', message));
    }
    return false;
  },
  pause() {
    hold.pause(connectionOf(this));
    return this;
  },
  resume() {
    hold.resume(connectionOf(this));
    return this;
  },
  isPaused() {
    return hold.isPaused(connectionOf(this));
  },
  setEncoding() {
    return this;
  },
  // Node's throws for TLS.
  resetAndDestroy() {
    return this.destroy();
  },
  /** @param {unknown[]} rest */
  end(...rest) {
    const callback = rest.find((argument) => typeof argument === 'function');
    if (typeof callback === 'function') {
      this.once('close', () => callback());
    }
    close(connectionOf(this), statusCode.NORMAL, '');
    return this;
  },
  // Once the closing handshake is done, it is destroyed anyway.
  destroySoon() {
    this.end();
  },
  /** @param {Error} [error] */
  destroy(error) {
    if (!isLost(this)) {
      // At once: `close` of the socket comes when more messages of the batch may have been emitted.
      terminate(connectionOf(this));
    }
    return net.Socket.prototype.destroy.call(this, error);
  },
};

const driven = overlay(METHODS);

/**
 * From now on the socket object drives the WebSocket: what is done to it acts on the connection,
 * and nothing done to it can be an uncaught error.
 *
 * @param {net.Socket} given
 * @param {Connection} connection
 */
function drive(given, connection) {
  const socket = /** @type {DrivenSocket} */ (given);
  socket[kDriven] = new Driven(connection);
  followLoss(socket);
  socket.on('error', ignore);
  // At the peer's FIN the socket would call its own `end`.
  socket.allowHalfOpen = true;
  // The HTTP server's would end the connection: its timeout now, and what it hangs on each socket with a timeout of
  // the app's.
  if (socket.timeout) socket.setTimeout(0);
  for (const listener of socket.listeners('timeout')) {
    if (listener.name === HTTP_TIMEOUT) socket.off('timeout', /** @type {() => void} */ (listener));
  }
  driven.lay(socket);
}

/**
 * @param {object} socket
 * @returns {boolean} whether it is, or was, a connection's
 */
function isDriven(socket) {
  return /** @type {Partial<DrivenSocket>} */ (socket)[kDriven] !== undefined;
}

/**
 * The connection goes on without the socket object, which is destroyed: what is done to it is
 * nothing to the connection any more.
 *
 * @param {net.Socket} given its handle is gone
 */
function letGo(given) {
  const socket = /** @type {DrivenSocket} */ (given);
  connectionOf(socket)[kInner].socket = null;
  socket[kDriven].connection = null;
  driven.lift(socket);
  socket.destroy();
}

/** @param {DrivenSocket} socket that was not let go of @returns {Connection} whose it is */
function connectionOf(socket) {
  return /** @type {Connection} */ (socket[kDriven].connection);
}

/**
 * Hears of the end or an error while the handle reports it, and before Node destroys the socket.
 *
 * @param {DrivenSocket} socket
 */
function followLoss(socket) {
  if (socket.connecting) {
    // It gets its handle, or another one, on the way.
    socket.once('connect', () => followHandle(socket));
  } else {
    followHandle(socket);
  }
}

/** Hears of what the handle reports. @param {DrivenSocket} socket */
function followHandle(socket) {
  const handle = socket._handle;
  const read = handle?.onread;
  if (!handle || typeof read !== 'function') {
    return;
  }
  const owner = socket[kDriven];
  /** @param {unknown} bytes */
  handle.onread = function onread(bytes) {
    if (bytes !== undefined) {
      return read.call(handle, bytes);
    }
    // The end, or an error, which Node destroys the socket with; no listener is called meanwhile.
    owner.isFailing = true;
    try {
      return read.call(handle);
    } finally {
      owner.isFailing = false;
    }
  };
}

/**
 * Node calls `destroy` as the app does, when there is nothing left to read or write: that is a loss
 * of the connection, and no wish of the app's. An error says nothing about who passes it: an app may
 * pass on one that it got elsewhere.
 *
 * @param {DrivenSocket} socket
 * @returns {boolean} whether Node destroys it, or has every reason to
 */
function isLost(socket) {
  const hasEnded = socket.readableEnded && socket.writableFinished;
  return socket[kDriven].isFailing || Boolean(socket.errored) || hasEnded;
}

/** Hears of an error that is another's business. */
function ignore() {}

module.exports = { drive, isDriven, letGo };
