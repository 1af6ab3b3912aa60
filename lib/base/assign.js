'use strict';

const net = require('node:net');

const { onAbort } = require('../util/abort.js');
const { Connection, kInner } = require('../connection/connection.js');
const { finish } = require('../connection/deliver.js');
const { drive, isDriven } = require('../transport/drive.js');
const { failure } = require('../util/errors.js');
const native = require('../native/native.js');
const { SocketTransport } = require('../transport/socket/socket-transport.js');
const { StreamTransport } = require('../transport/stream/stream-transport.js');
const { isTracing, trace } = require('../util/trace.js');
const { whyNot } = require('../transport/takeover.js');
const { upgraded } = require('../handshake/upgraded.js');

const TRY_AGAIN_LATER = 1013;
const ABNORMAL_CLOSURE = 1006;

/** Every stream that is being assigned, or has been and is no `net.Socket`: what drives one of these
 *  tells. */
const taken = new WeakSet();

/**
 * Makes a socket a connection. What can fail comes before anything changes.
 *
 * @param {import('../connection/state.js').State} state
 * @param {any} socket
 * @param {ReturnType<typeof import('../connection/options.js').checkAssignOptions>} options
 * @param {import('../transport/drive.js').Actions} actions
 * @returns {Connection}
 */
function assign(state, socket, options, actions) {
  if (isDriven(socket) || taken.has(socket)) {
    throw failure('ERR_WS_SOCKET_TAKEN', 'The socket has been assigned before');
  }
  // At once: what is asked of the socket, and of those that have to make room, may assign it as well.
  taken.add(socket);
  try {
    return makeConnection(state, socket, options, actions);
  } catch (error) {
    taken.delete(socket);
    throw error;
  }
}

/** Makes a socket, which is no connection yet, one. */
function makeConnection(state, socket, options, actions) {
  options.signal?.throwIfAborted();
  const mask = options.mask ?? state.options.mask;
  const over = socket.destroyed || socket.writableEnded;
  const deflate = options.extensions.find(({ agreed }) => agreed !== undefined)?.agreed ?? '';
  const transport = over ? null : makeTransport(state, socket, { mask, deflate }, options);
  makeRoom(state, actions);
  const connection = new Connection({
    sid: native.newSid(),
    owner: state,
    transport,
    socket,
    protocol: options.protocol,
    extensions: options.extensions.map(({ name }) => name),
    mask,
    remoteAddress: socket.remoteAddress,
    windowBytes: native.deflateMemory(deflate, mask),
  });
  state.views.add(connection);
  state.windowBytes += connection[kInner].windowBytes;
  follow(connection, options.signal, actions);
  if (transport === null) {
    socket.on('error', ignore);
    process.nextTick(finishOver, connection);
    return connection;
  }
  transport.bind(connection);
  if (socket instanceof net.Socket) {
    drive(socket, connection, actions);
    taken.delete(socket);
  }
  transport.start(options.head, options.keepSocket);
  return connection;
}

/**
 * @param {import('../connection/state.js').State} state
 * @param {any} socket
 * @param {{ mask: boolean, deflate: string }} role
 * @param {{ extensions: { agreed?: string }[], transport?: string }} options
 * @returns {SocketTransport | StreamTransport}
 */
function makeTransport(state, socket, { mask, deflate }, { extensions, transport }) {
  const isSocket = socket instanceof net.Socket;
  const isStrict = isSocket || upgraded.has(socket);
  const role = { mask, enforceMasking: state.options.enforceMasking ?? isStrict, deflate };
  const isChained = extensions.some(({ agreed }) => agreed === undefined);
  const reason = isChained ? 'its extensions are JavaScript' : whyNot(socket);
  if (transport === 'stream' || (transport === undefined && reason !== null)) {
    if (isTracing) {
      trace('a socket goes by the stream transport: %s', transport ? 'it was asked for' : reason);
    }
    const chained = isChained ? extensions : [];
    return new StreamTransport(socket, methodsOf(socket), state, role, chained);
  }
  if (reason !== null) {
    const message = `This socket cannot be carried by the 'socket' transport: ${reason}`;
    throw failure('ERR_WS_UNSUPPORTED_SOCKET', message);
  }
  return new SocketTransport(socket, state, role);
}

/**
 * How to drive a stream; an old-style one has no more than `write` and `end`. A `net.Socket` gets methods that drive the WebSocket in place of its
 * own; of any other stream, what is called is what it has at the time.
 */
function methodsOf(stream) {
  if (stream instanceof net.Socket) {
    const { write, end, destroy, pause, resume } = stream;
    return { write, end, destroy, pause, resume };
  }
  const names = ['write', 'end', 'destroy', 'pause', 'resume'];
  const has = names.filter((name) => typeof stream[name] === 'function');
  return Object.fromEntries(has.map((name) => [name, (...rest) => stream[name](...rest)]));
}

/** Closes the oldest connections until one more may be open. */
function makeRoom({ evicted, options, views }, actions) {
  while (views.size >= options.maxConnections) {
    const oldest = views.oldest();
    actions.close(oldest, TRY_AGAIN_LATER, 'maxConnections reached.');
    evicted(oldest.sid);
  }
}

/** Has an AbortSignal terminate the connection. */
function follow(connection, signal, actions) {
  if (signal !== undefined) {
    connection[kInner].release = onAbort(signal, () => actions.terminate(connection));
  }
}

function ignore() {}

/** The socket was over before it was assigned. */
function finishOver(connection) {
  finish(connection, '', ABNORMAL_CLOSURE);
}

module.exports = { assign };
