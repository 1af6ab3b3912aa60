'use strict';

const net = require('node:net');

const { failure } = require('./errors.js');

/**
 * From now on the socket object drives the WebSocket: what is done to it acts on the connection,
 * and nothing done to it can be an uncaught error.
 *
 * @param {net.Socket} socket
 * @param {{ close(): void, terminate(): void }} connection
 */
function drive(socket, connection) {
  const isOver = lossOf(socket);
  socket.on('error', () => {});
  // At the peer's FIN the socket would call its own `end`.
  socket.allowHalfOpen = true;
  // The HTTP server's timeout would end the connection.
  socket.setTimeout(0);
  Object.assign(socket, {
    write(_chunk, encoding, callback = encoding) {
      if (typeof callback === 'function') {
        const message = 'The socket carries a WebSocket: use send() of its Base';
        process.nextTick(callback, failure('ERR_WS_SOCKET_TAKEN', message));
      }
      return false;
    },
    pause: () => socket,
    resume: () => socket,
    setEncoding: () => socket,
    // Node's throws for TLS.
    resetAndDestroy: () => socket.destroy(),
    end(...rest) {
      const callback = rest.find((argument) => typeof argument === 'function');
      if (callback !== undefined) {
        socket.once('close', () => callback());
      }
      connection.close();
      return socket;
    },
    destroy(error) {
      if (!isOver()) {
        // At once: `close` of the socket comes when more messages of the batch may have been emitted.
        connection.terminate();
      }
      return net.Socket.prototype.destroy.call(socket, error);
    },
  });
}

/**
 * Node calls `destroy` as the app does, when there is nothing left to read or write: that is a loss
 * of the connection, and no wish of the app's. An error tells nothing of who passes it: an app may
 * hand on one that it got elsewhere.
 *
 * @param {any} socket
 * @returns {() => boolean} whether Node destroys it, or has every reason to
 */
function lossOf(socket) {
  let failing = false;
  const follow = () => {
    const handle = socket._handle;
    const read = handle?.onread;
    if (typeof read !== 'function') {
      return;
    }
    handle.onread = function onread(bytes) {
      if (bytes !== undefined) {
        return read.call(handle, bytes);
      }
      // The end, or an error, which Node destroys the socket with; no listener is called meanwhile.
      failing = true;
      try {
        return read.call(handle);
      } finally {
        failing = false;
      }
    };
  };
  if (socket.connecting) {
    // It gets its handle, or another one, on the way.
    socket.once('connect', follow);
  } else {
    follow();
  }
  const writeFailed = () => Boolean(socket.errored);
  const hasEnded = () => socket.readableEnded && socket.writableFinished;
  return () => failing || writeFailed() || hasEnded();
}

module.exports = { drive };
