'use strict';

const { Connection, kInner } = require('./connection.js');
const { finish } = require('./deliver.js');
const { failure } = require('./errors.js');
const native = require('./native.js');
const { SocketTransport } = require('./socket-transport.js');
const { drive, takeOver, whyNot } = require('./takeover.js');

const TRY_AGAIN_LATER = 1013;
const NORMAL_CLOSURE = 1000;
const ABNORMAL_CLOSURE = 1006;

/** Every socket that has been assigned. */
const taken = new WeakSet();

/**
 * Makes a socket a connection. What can fail comes before anything changes.
 *
 * @param {import('./state.js').State} state
 * @param {any} socket
 * @param {ReturnType<typeof import('./options.js').checkAssignOptions>} options
 * @param {object} actions how a connection is closed and terminated
 * @returns {Connection}
 */
function assign(state, socket, options, actions) {
  if (taken.has(socket)) {
    throw failure('ERR_WS_SOCKET_TAKEN', 'The socket has been assigned before');
  }
  options.signal?.throwIfAborted();
  const mask = options.mask ?? state.options.mask;
  const over = socket.destroyed || socket.writableEnded;
  const transport = over ? null : takeTransport(state, socket, mask, options.transport);
  taken.add(socket);
  makeRoom(state, actions);
  const connection = new Connection({
    sid: native.newSid(),
    owner: state,
    transport,
    socket,
    protocol: options.protocol,
    mask,
    remoteAddress: socket.remoteAddress,
  });
  state.views.add(connection);
  const terminate = () => actions.terminate(connection);
  follow(connection, options.signal, terminate);
  if (transport === null) {
    socket.on('error', () => {});
    process.nextTick(finishOver, connection);
  } else {
    transport.bind(connection);
    drive(socket, transport, {
      close: () => actions.close(connection, NORMAL_CLOSURE, ''),
      terminate,
    });
    takeOver(socket, transport, options.head);
  }
  return connection;
}

/**
 * @param {import('./state.js').State} state
 * @param {any} socket
 * @param {boolean} mask
 * @param {string | undefined} wanted
 * @returns {SocketTransport}
 */
function takeTransport(state, socket, mask, wanted) {
  const reason = wanted === 'stream' ? "there is no 'stream' transport yet" : whyNot(socket);
  if (reason !== null) {
    const message = `This socket cannot be carried: ${reason}`;
    throw failure('ERR_WS_UNSUPPORTED_SOCKET', message);
  }
  const enforceMasking = state.options.enforceMasking ?? true;
  return new SocketTransport(socket._handle.fd, state, { mask, enforceMasking });
}

/** Closes the oldest connections until one more may be open. */
function makeRoom({ options, views }, actions) {
  while (views.size >= options.maxConnections) {
    actions.close(views.oldest(), TRY_AGAIN_LATER, 'maxConnections reached.');
  }
}

/** Has an AbortSignal terminate the connection. */
function follow(connection, signal, terminate) {
  if (signal !== undefined) {
    signal.addEventListener('abort', terminate, { once: true });
    connection[kInner].release = () => signal.removeEventListener('abort', terminate);
  }
}

/** The socket was over before it was assigned. */
function finishOver(connection) {
  finish(connection, '', ABNORMAL_CLOSURE);
}

module.exports = { assign };
