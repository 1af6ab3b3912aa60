'use strict';

const net = require('node:net');

const { kInner } = require('../../connection/connection.js');
const { close, terminate } = require('../../connection/lifecycle.js');
const { failure } = require('../../util/errors.js');
const { overlay } = require('./overlay.js');

const NORMAL_CLOSURE = 1000;

/** Where a socket keeps whose it is. */
const kDriven = Symbol('websockets.driven');

/** @typedef {import('../../connection/connection.js').Connection} Connection */

/** Whose a socket is. */
class Driven {
  /** Whether its handle reports the end or an error at this moment. */
  isFailing = false;

  /** @param {Connection} connection */
  constructor(connection) {
    this.connection = connection;
  }
}

/** What a socket does from now on, each through its prototype: nothing of it is the socket's own. */
const METHODS = {
  write(_chunk, encoding, callback = encoding) {
    if (typeof callback === 'function') {
      const message = 'The socket carries a WebSocket: use send() of its Base';
      process.nextTick(callback, failure('ERR_WS_SOCKET_TAKEN', message));
    }
    return false;
  },
  pause() {
    return this;
  },
  resume() {
    return this;
  },
  setEncoding() {
    return this;
  },
  // Node's throws for TLS.
  resetAndDestroy() {
    return this.destroy();
  },
  end(...rest) {
    const callback = rest.find((argument) => typeof argument === 'function');
    if (callback !== undefined) {
      this.once('close', () => callback());
    }
    close(this[kDriven].connection, NORMAL_CLOSURE, '');
    return this;
  },
  destroy(error) {
    if (!isLost(this)) {
      // At once: `close` of the socket comes when more messages of the batch may have been emitted.
      terminate(this[kDriven].connection);
    }
    return net.Socket.prototype.destroy.call(this, error);
  },
};

const driven = overlay(METHODS);

/**
 * From now on the socket object drives the WebSocket: what is done to it acts on the connection,
 * and nothing done to it can be an uncaught error.
 *
 * @param {net.Socket} socket
 * @param {Connection} connection
 */
function drive(socket, connection) {
  socket[kDriven] = new Driven(connection);
  followLoss(socket);
  socket.on('error', ignore);
  // At the peer's FIN the socket would call its own `end`.
  socket.allowHalfOpen = true;
  // The HTTP server's timeout would end the connection.
  socket.setTimeout(0);
  driven.lay(socket);
}

/**
 * @param {any} socket
 * @returns {boolean} whether it is, or was, a connection's
 */
function isDriven(socket) {
  return socket[kDriven] !== undefined;
}

/**
 * The connection goes on without the socket object, which is destroyed: what is done to it is
 * nothing to the connection any more.
 *
 * @param {any} socket its handle is gone
 */
function letGo(socket) {
  const { connection } = socket[kDriven];
  connection[kInner].socket = null;
  socket[kDriven].connection = null;
  driven.lift(socket);
  socket.destroy();
}

/** Hears of the end or an error while the handle reports it, and before Node destroys the socket. */
function followLoss(socket) {
  if (socket.connecting) {
    // It gets its handle, or another one, on the way.
    socket.once('connect', () => followHandle(socket));
  } else {
    followHandle(socket);
  }
}

function followHandle(socket) {
  const handle = socket._handle;
  const read = handle?.onread;
  if (typeof read !== 'function') {
    return;
  }
  const owner = socket[kDriven];
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
 * of the connection, and no wish of the app's. An error tells nothing of who passes it: an app may
 * hand on one that it got elsewhere.
 *
 * @param {any} socket
 * @returns {boolean} whether Node destroys it, or has every reason to
 */
function isLost(socket) {
  const hasEnded = socket.readableEnded && socket.writableFinished;
  return socket[kDriven].isFailing || Boolean(socket.errored) || hasEnded;
}

function ignore() {}

module.exports = { drive, isDriven, letGo };
