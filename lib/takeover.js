'use strict';

const net = require('node:net');

const native = require('./native.js');

/** Handles of plain TCP and Unix-domain sockets. A TLS socket has a descriptor too, of the
 *  ciphertext: only the handle's class tells them apart. */
const PLAIN_HANDLES = new Set(['TCP', 'Pipe']);

/**
 * Why Rust cannot carry this socket, or `null` where it can.
 *
 * @param {any} socket
 * @returns {string | null}
 */
function whyNot(socket) {
  if (native.open === undefined) {
    return 'this system has no socket transport';
  }
  if (socket.encrypted) {
    return 'it is a TLS socket';
  }
  if (socket instanceof net.Socket && socket.connecting) {
    return 'it is not connected yet';
  }
  const handle = socket._handle;
  if (!(socket instanceof net.Socket) || !handle) {
    return 'it is no net.Socket with a handle';
  }
  if (!PLAIN_HANDLES.has(handle.constructor.name) || !(handle.fd >= 0)) {
    return 'its handle is no plain TCP or Unix-domain socket';
  }
  return null;
}

/**
 * Hands the socket over to its transport: what the app has written before leaves first, and what
 * has been read already is taken along.
 *
 * @param {net.Socket} socket
 * @param {import('./socket-transport.js').SocketTransport} transport
 * @param {Uint8Array} [head] bytes read before all others
 */
function takeOver(socket, transport, head) {
  redirect(socket, transport);
  net.Socket.prototype.pause.call(socket);
  const handle = socket._handle;
  if (socket.writableLength === 0 && handle.writeQueueSize === 0) {
    handOver(socket, transport, head);
    return;
  }
  while (socket.writableCorked > 0) {
    socket.uncork();
  }
  // The prototype's: the socket's own refuses by now.
  net.Socket.prototype.write.call(socket, '', (error) => {
    if (error || socket._handle !== handle) {
      transport.terminate();
    } else {
      handOver(socket, transport, head);
    }
  });
}

/**
 * All in one tick, so that neither side reads or writes what is the other's.
 *
 * @param {any} socket
 * @param {import('./socket-transport.js').SocketTransport} transport
 * @param {Uint8Array} [head]
 */
function handOver(socket, transport, head) {
  const handle = socket._handle;
  keepFacts(socket, transport);
  // `read` arms the handle anew: it is stopped only when nothing is left to read.
  const received = head === undefined ? [] : [head];
  for (let chunk = socket.read(); chunk !== null; chunk = socket.read()) {
    received.push(typeof chunk === 'string' ? Buffer.from(chunk, socket.readableEncoding) : chunk);
  }
  handle.readStop();
  transport.hand(Buffer.concat(received));
  socket._handle = null;
  handle.close();
}

/**
 * What the socket knows through its handle becomes its own.
 *
 * @param {any} socket
 * @param {import('./socket-transport.js').SocketTransport} transport
 */
function keepFacts(socket, transport) {
  // Reading it once makes the socket remember the peer.
  void socket.remoteAddress;
  const address = socket.address();
  const { bytesRead, bytesWritten } = socket;
  const getters = {
    localAddress: () => address.address,
    localPort: () => address.port,
    localFamily: () => address.family,
    bytesRead: () => bytesRead + transport.bytesRead(),
    bytesWritten: () => bytesWritten + transport.bytesWritten(),
  };
  for (const [name, get] of Object.entries(getters)) {
    Object.defineProperty(socket, name, { get, configurable: true, enumerable: true });
  }
  socket.address = () => ({ ...address });
}

/**
 * What acts on the handle acts on the connection from now on.
 *
 * @param {any} socket
 * @param {import('./socket-transport.js').SocketTransport} transport
 */
function redirect(socket, transport) {
  Object.assign(socket, {
    setNoDelay(on = true) {
      transport.setNoDelay(Boolean(on));
      return socket;
    },
    setKeepAlive(on = false, delay = 0) {
      transport.setKeepAlive(Boolean(on), delay);
      return socket;
    },
    ref() {
      transport.setRef(true);
      return socket;
    },
    unref() {
      transport.setRef(false);
      return socket;
    },
  });
}

module.exports = { redirect, takeOver, whyNot };
