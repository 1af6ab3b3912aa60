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
      // At once: `close` of the socket comes when more messages of the batch may have been emitted.
      connection.terminate();
      return net.Socket.prototype.destroy.call(socket, error);
    },
  });
}

module.exports = { drive };
