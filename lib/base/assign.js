'use strict';

const net = require('node:net');
const { Stream } = require('node:stream');

const { Connection, kInner } = require('../connection/connection.js');
const { opened } = require('../connection/diagnostics.js');
const { LOST } = require('../connection/end.js');
const { close, enterClosed, terminate } = require('../connection/lifecycle.js');
const { checkAssignOptions } = require('../connection/options.js');
const { upgraded } = require('../handshake/upgraded-streams.js');
const { PERMESSAGE_DEFLATE, statusCode } = require('../native/constants.js');
const native = require('../native/native.js');
const { drive, isDriven } = require('../transport/net-socket/drive.js');
const { whyNot } = require('../transport/net-socket/takeover.js');
const { entranceOf } = require('../transport/raw/entrance.js');
const { SocketTransport } = require('../transport/socket/socket-transport.js');
const { StreamTransport } = require('../transport/stream/stream-transport.js');
const { onAbort } = require('../util/abort.js');
const { nextTick } = require('../util/clock.js');
const { failure, invalidType } = require('../util/errors.js');
const { drop, isHttp2Stream, remoteAddressOf } = require('../util/http2-stream.js');
const { isTracing, trace } = require('../util/trace.js');

/** Every stream that is being assigned, or has been and is no `net.Socket`. If a `net.Socket` was assigned, what
 *  drives it says so. */
const taken = new WeakSet();

/**
 * @typedef {import('../connection/group.js').Group<Connection>} Group
 * @typedef {import('../connection/sink').Sink<Connection>} Sink
 * @typedef {import('node:stream').Duplex} Duplex
 * @typedef {ReturnType<typeof checkAssignOptions>} AssignOptions
 */

/**
 * Makes a socket a connection. What can fail comes before anything changes. The sink hears nothing before
 * `announce`.
 *
 * @param {Group} group
 * @param {unknown} socket
 * @param {unknown} options as `assignSocket` gets them
 * @param {Sink} sink
 * @param {() => void} [accept] ends the opening handshake: it is called once nothing can fail any more
 * @returns {Connection}
 * @throws {TypeError} if an argument is wrong
 * @throws {Error} `ERR_WS_SOCKET_TAKEN`, `ERR_WS_UNSUPPORTED_SOCKET`, or the system's code
 */
function take(group, socket, options, sink, accept = ignore) {
  if (!isWritable(socket)) {
    throw invalidType('The "socket" argument', 'a stream with write() and end()', socket);
  }
  const checked = checkAssignOptions(group.extensions, options);
  if (isDriven(socket) || taken.has(socket)) {
    throw failure('ERR_WS_SOCKET_TAKEN', 'The socket has already been assigned');
  }
  // At once: what is asked of the socket, and of those that have to make room, may assign it as well.
  taken.add(socket);
  try {
    return makeConnection(group, socket, checked, sink, accept);
  } catch (error) {
    taken.delete(socket);
    throw error;
  }
}

/**
 * Says that a connection is there.
 *
 * @param {Connection} connection
 * @param {...unknown} more what the sink gets with it
 */
function announce(connection, ...more) {
  const { group, sink } = connection[kInner];
  opened(group.base, connection);
  sink.opened(connection, ...more);
}

/**
 * @param {unknown} value
 * @returns {value is Duplex} an old-style stream lacks much of it
 */
function isWritable(value) {
  if (!(value instanceof Stream)) {
    return false;
  }
  const { write, end } = /** @type {Partial<Duplex>} */ (value);
  return typeof write === 'function' && typeof end === 'function';
}

/**
 * @param {Group} group
 * @param {Duplex} socket that is no connection yet
 * @param {AssignOptions} options
 * @param {Sink} sink
 * @param {() => void} accept
 * @returns {Connection}
 */
function makeConnection(group, socket, options, sink, accept) {
  options.signal?.throwIfAborted();
  const mask = options.mask ?? group.options.mask;
  const over = socket.destroyed || socket.writableEnded;
  const deflate = options.extensions.find(({ agreed }) => agreed !== undefined)?.agreed ?? '';
  const transport = over ? null : makeTransport(group, socket, { mask, deflate }, options);
  makeRoom(group);
  const connection = new Connection({
    sid: native.newSid(),
    group,
    sink,
    transport,
    socket,
    newcomer: null,
    protocol: options.protocol,
    extensions: options.extensions.map(({ name }) => name),
    mask,
    remoteAddress: remoteAddressOf(socket),
    windowBytes: native.deflateMemory(deflate, mask),
    data: options.data,
  });
  add(connection);
  follow(connection, options.signal);
  if (transport === null) {
    socket.on('error', ignore);
    nextTick(finishOver, connection);
    return connection;
  }
  accept();
  transport.bind(connection);
  if (socket instanceof net.Socket) {
    drive(socket, connection);
    taken.delete(socket);
  }
  transport.start(options.head, options.keepSocket);
  return connection;
}

/**
 * Makes one that Rust has accepted a connection, and accepts its request. The sink hears nothing before `announce`.
 *
 * @param {Group} group
 * @param {import('../transport/socket/socket-transport.js').Newcomer
 *   & import('../connection/connection.js').Newcomer & { remoteAddress: string | undefined }} newcomer
 * @param {{ protocol: string, extension: string, lines: string, data: unknown, keepSocket: boolean }} options
 *   `extension`: the element of permessage-deflate that was agreed on; `lines`: of the response, beside the usual ones
 * @param {Sink} sink
 * @returns {Connection}
 * @throws {Error} `ERR_WS_TOO_MANY_CONNECTIONS`
 */
function takeNewcomer(group, newcomer, { protocol, extension, lines, data, keepSocket }, sink) {
  const { enforceMasking, mask } = group.options;
  const role = { mask, enforceMasking: enforceMasking ?? true, deflate: extension };
  const transport = new SocketTransport(group, role, { newcomer, lines });
  makeRoom(group);
  const connection = new Connection({
    sid: native.newSid(),
    group,
    sink,
    transport,
    socket: null,
    newcomer: keepSocket ? newcomer : null,
    protocol,
    extensions: extension === '' ? [] : [PERMESSAGE_DEFLATE],
    mask,
    remoteAddress: newcomer.remoteAddress,
    windowBytes: extension === '' ? 0 : native.deflateMemory(extension, mask),
    data,
  });
  add(connection);
  transport.bind(connection);
  transport.start(undefined, keepSocket);
  return connection;
}

/** Puts a connection into the views. @param {Connection} connection */
function add(connection) {
  const { group, windowBytes } = connection[kInner];
  group.views.add(connection);
  group.windowBytes += windowBytes;
}

/**
 * @param {Group} group
 * @param {Duplex} socket
 * @param {{ mask: boolean, deflate: string }} role
 * @param {AssignOptions} options
 * @returns {SocketTransport | StreamTransport | null} nothing if a shard knows that the socket is over
 */
function makeTransport(group, socket, { mask, deflate }, { extensions, transport }) {
  const isSocket = socket instanceof net.Socket;
  const isStrict = isSocket || upgraded.has(socket) || isHttp2Stream(socket);
  const role = { mask, enforceMasking: group.options.enforceMasking ?? isStrict, deflate };
  const isChained = extensions.some(({ agreed }) => agreed === undefined);
  const entrance = entranceOf(socket);
  const reason = isChained ? 'its extensions are JavaScript' : entrance === null ? whyNot(socket) : null;
  if (transport === 'stream' || (transport === undefined && reason !== null)) {
    if (isTracing) {
      trace('a socket goes by the stream transport: %s', transport ? 'it was asked for' : reason);
    }
    const chained = isChained ? extensions : [];
    return new StreamTransport(socket, methodsOf(socket), group, role, chained);
  }
  if (reason !== null) {
    const message = `This socket cannot be carried by the 'socket' transport: ${reason}`;
    throw failure('ERR_WS_UNSUPPORTED_SOCKET', message);
  }
  try {
    return new SocketTransport(group, role, { socket: /** @type {net.Socket} */ (socket), entrance });
  } catch (error) {
    if (entrance !== null && /** @type {NodeJS.ErrnoException} */ (error).code === 'ECONNRESET') return null;
    throw error;
  }
}

/**
 * How to drive a stream; an old-style one has no more than `write` and `end`. A `net.Socket` gets methods that drive
 * the WebSocket in place of its own; of any other stream, what is called is what it has at the time.
 *
 * @param {Duplex} stream
 * @returns {import('../transport/stream/stream-output.js').Methods}
 */
function methodsOf(stream) {
  if (stream instanceof net.Socket) {
    const { write, end, destroy, pause, resume } = stream;
    return { write, end, destroy, pause, resume };
  }
  const own = /** @type {Record<string, Function>} */ (/** @type {unknown} */ (stream));
  const names = ['write', 'end', 'destroy', 'pause', 'resume'];
  const has = names.filter((name) => typeof own[name] === 'function');
  const methods = has.map((name) => [name, (/** @type {unknown[]} */ ...rest) => own[name](...rest)]);
  if (isHttp2Stream(stream)) methods.push(['destroy', () => drop(stream)]);
  return /** @type {import('../transport/stream/stream-output.js').Methods} */ (Object.fromEntries(methods));
}

/** Closes the oldest connections until one more may be open. @param {Group} group */
function makeRoom({ evicted, options, views }) {
  while (views.size >= options.maxConnections) {
    const oldest = /** @type {Connection} */ (views.oldest());
    close(oldest, statusCode.TRY_AGAIN_LATER, 'maxConnections reached.');
    evicted(oldest.sid);
  }
}

/**
 * Has an AbortSignal terminate the connection.
 *
 * @param {Connection} connection
 * @param {AbortSignal} [signal]
 */
function follow(connection, signal) {
  if (signal !== undefined) {
    connection[kInner].release = onAbort(signal, () => terminate(connection));
  }
}

/** Hears of an error that is another's business. */
function ignore() {}

/** The socket was over before it was assigned. @param {Connection} connection */
function finishOver(connection) {
  enterClosed(connection, LOST);
}

module.exports = { announce, take, takeNewcomer };
