'use strict';

const { EventEmitter } = require('node:events');
const { Stream } = require('node:stream');
const { inherits } = require('node:util');

const { assign } = require('./assign.js');
const { flushAfter } = require('../transport/socket/bridge.js');
const { boolean, object } = require('../options/check.js');
const { OPEN, kInner } = require('../connection/connection.js');
const { checkCloseCode, checkData, checkPingData, checkReason, opcodeOf } = require('../options/data.js');
const { leave, terminated } = require('../connection/deliver.js');
const { opened } = require('../connection/diagnostics.js');
const { allOver, disposable } = require('../util/dispose.js');
const { invalidType } = require('../util/errors.js');
const { factsOf, kInspect, show } = require('../util/inspect.js');
const { Messages } = require('../connection/messages.js');
const native = require('../native/native.js');
const { checkAssignOptions, checkOption } = require('../connection/options.js');
const pausing = require('../connection/hold.js');
const { SocketTransport } = require('../transport/socket/socket-transport.js');
const { State } = require('../connection/state.js');

const PING = 0x9;

const NORMAL_CLOSURE = 1000;
const GOING_AWAY = 1001;

/** Where a `Base` keeps what is not for its users. */
const kState = Symbol('websockets.state');

/**
 * Many WebSocket connections behind one EventEmitter.
 *
 * An ES5 function, so that `Base.call(this, options)` with `util.inherits` works as well as `new`
 * and `class extends`.
 *
 * @param {object} [options] see `docs/api.md`
 * @throws {TypeError | RangeError} naming the option that is wrong
 */
function Base(options) {
  if (!(this instanceof Base)) {
    return new Base(options);
  }
  const state = new State(this, options);
  EventEmitter.call(this);
  Object.defineProperty(this, kState, { value: state });
}
inherits(Base, EventEmitter);

/**
 * The state of a `Base`.
 *
 * @param {any} base
 * @returns {State}
 */
function stateOf(base) {
  const state = base?.[kState];
  if (state === undefined) {
    throw invalidType('"this"', 'a Base whose constructor has run', base);
  }
  return state;
}

/**
 * The open connections that a `sid` argument addresses.
 *
 * @param {State} state
 * @param {unknown} sid a sid, an array of sids, or `null` for all
 * @returns {import('../connection/connection.js').Connection[]}
 */
function addressed({ views }, sid) {
  if (sid === null) {
    return views.all();
  }
  // A copy first: what an accessor in it does comes before anything is looked up.
  const sids = Array.isArray(sid) ? [...sid] : [sid];
  const found = [];
  for (const one of sids) {
    if (typeof one !== 'string') {
      throw invalidType('The "sid" argument', 'a string, an array of strings, or null', sid);
    }
    const connection = views.get(one);
    if (connection !== undefined) {
      found.push(connection);
    }
  }
  return found;
}

/**
 * Sends one frame to those whom `sid` addresses.
 *
 * @param {State} state
 * @param {unknown} sid
 * @param {number} opcode
 * @param {string | ArrayBufferView} data
 * @param {boolean} compress whether permessage-deflate may compress it
 * @returns {number} how many that are
 */
function sendFrame(state, sid, opcode, data, compress) {
  if (sid === null) {
    const count = state.views.size;
    if (count > state.streams.size) {
      flushAfter(native.broadcast(state.id, opcode, data, compress));
    }
    sendOneByOne([...state.streams], opcode, data, compress);
    return count;
  }
  if (typeof sid === 'string') {
    // By far the most usual: no list is made for it.
    const connection = state.views.get(sid);
    connection?.[kInner].transport?.send(opcode, data, compress);
    return connection === undefined ? 0 : 1;
  }
  const connections = addressed(state, sid);
  const slots = [];
  const others = [];
  for (const connection of connections) {
    const { transport } = connection[kInner];
    if (connections.length > 1 && transport instanceof SocketTransport) {
      slots.push(transport.slot);
    } else {
      others.push(connection);
    }
  }
  if (slots.length > 0) {
    flushAfter(native.frames(slots, opcode, data, compress));
  }
  sendOneByOne(others, opcode, data, compress);
  return connections.length;
}

/**
 * Sends one frame to each of some connections. Extensions and old-style streams run meanwhile: they may
 * close those that have not had their turn, and nothing follows a close frame (RFC 6455 §5.5.1); and what
 * hears of them may reuse the caller's memory.
 */
function sendOneByOne(connections, opcode, given, compress) {
  let frame;
  // Unmasked, and many streams may keep it without a copy for each.
  const shared = () => (frame ??= native.encode(opcode, given, false));
  // The caller's bytes are copied once, into that frame.
  const data = connections.length > 1 && typeof given !== 'string' ? payloadOf(shared()) : given;
  for (const connection of connections) {
    const { readyState, transport } = connection[kInner];
    if (readyState === OPEN) {
      transport?.send(opcode, data, compress, shared);
    }
  }
}

/** @param {Uint8Array} frame a whole one, unmasked */
function payloadOf(frame) {
  const [header] = native.parseHeader(frame);
  return frame.subarray(header);
}

/**
 * Sends a message whose opcode is given: text may be bytes that are known to be UTF-8.
 *
 * @param {any} base
 * @param {string | string[] | null} sid
 * @param {number} opcode
 * @param {string | ArrayBufferView} data
 */
function sendAs(base, sid, opcode, data) {
  const state = stateOf(base);
  state.counters.messagesSent += sendFrame(state, sid, opcode, data, true);
}

/**
 * Sends a message: a string as text, binary data as it is.
 *
 * Forms: `send(data)` and `send(null, data[, options])` to all, `send(sid, data[, options])` to one
 * or, with an array of sids, to several. Sids that are unknown or closed are skipped. With
 * `{ compress: false }` the message is sent as it is where permessage-deflate is on.
 *
 * @returns {this}
 * @throws {TypeError} where data or sid is of another type; nothing is sent then
 */
Base.prototype.send = function send(sid, data, options) {
  const state = stateOf(this);
  // biome-ignore lint/complexity/noArguments: a message that is `undefined` is given, and `send.length` is 3.
  const given = arguments.length;
  const [to, message] = given < 2 ? [null, sid] : [sid, data];
  const checked = checkData(message);
  const compress = given < 3 || checkSendOptions(options);
  state.counters.messagesSent += sendFrame(state, to, opcodeOf(checked), checked, compress);
  return this;
};

/**
 * @param {unknown} options
 * @returns {boolean} whether the message may be compressed
 */
function checkSendOptions(options = {}) {
  const { compress = true } = object('The "options" argument', options);
  return boolean('The "compress" option', compress);
}

/**
 * Sends a ping; the answer comes as `pong`.
 *
 * Forms: `ping()`, `ping(data)` and `ping(null[, data])` to all, `ping([sid…])` and
 * `ping(sid | [sid…], data)` to some.
 *
 * @returns {this}
 * @throws {TypeError | RangeError} where data is of another type, or over 125 bytes
 */
Base.prototype.ping = function ping(...args) {
  const state = stateOf(this);
  let [sid, data] = [null, ''];
  if (args.length > 1) {
    [sid, data] = args;
  } else if (args.length === 1 && (args[0] === null || Array.isArray(args[0]))) {
    [sid] = args;
  } else if (args.length === 1) {
    [data] = args;
  }
  const checked = checkPingData(data);
  state.counters.pingsSent += sendFrame(state, sid, PING, checked, false);
  return this;
};

/**
 * Begins the closing handshake.
 *
 * Forms: `close()` closes all with 1001, `close(sid[, reason])` with 1000,
 * `close(sid, code[, reason])` with another code. `sid` may be an array, or `null` for all.
 *
 * @returns {this}
 * @throws {TypeError | RangeError} where code or reason is not allowed; nothing is closed then
 */
Base.prototype.close = function close(...args) {
  const state = stateOf(this);
  let [sid, code, reason] = [null, GOING_AWAY, ''];
  if (args.length > 0) {
    [sid, code, reason] = [args[0], NORMAL_CLOSURE, args[1]];
  }
  if (args.length > 2 || typeof args[1] === 'number') {
    [, code, reason] = args;
  }
  checkCloseCode(code);
  const checked = checkReason(reason);
  for (const connection of addressed(state, sid)) {
    closeOne(connection, code, checked);
  }
  return this;
};

function closeOne(connection, code, reason) {
  const { readyState, transport } = connection[kInner];
  if (readyState === OPEN) {
    leave(connection);
    transport?.close(code, reason);
  }
}

/**
 * Drops connections without a closing handshake; `close` follows with 1006.
 *
 * @param {string | string[] | null} sid
 * @returns {this}
 * @throws {TypeError} where it is anything else
 */
Base.prototype.terminate = function terminate(sid) {
  for (const connection of addressed(stateOf(this), sid)) {
    terminateOne(connection);
  }
  return this;
};

function terminateOne(connection) {
  if (connection[kInner].readyState === OPEN) {
    terminated.add(connection);
  }
  leave(connection);
  connection[kInner].transport?.terminate();
}

/** How a connection is closed and terminated, for what brings that about by itself. */
const ACTIONS = { close: closeOne, terminate: terminateOne };

/**
 * Makes a socket, whose opening handshake is done, a connection.
 *
 * @param {import('node:stream').Duplex} socket
 * @param {object} [options] see `docs/api.md`
 * @returns {string} its sid
 * @throws {TypeError} where an argument is wrong
 * @throws {Error} `ERR_WS_SOCKET_TAKEN`, `ERR_WS_UNSUPPORTED_SOCKET`, or the system's code; nothing
 *   has changed then
 */
Base.prototype.assignSocket = function assignSocket(socket, options) {
  const connection = take(this, socket, options);
  announce(this, connection);
  return connection.sid;
};

/**
 * Makes a socket a connection. Nobody hears of it before `announce`.
 *
 * @param {any} base
 * @param {unknown} socket
 * @param {unknown} options as `assignSocket` gets them
 * @returns {import('../connection/connection.js').Connection}
 */
function take(base, socket, options) {
  const state = stateOf(base);
  if (!(socket instanceof Stream) || !hasFunctions(socket, ['write', 'end'])) {
    throw invalidType('The "socket" argument', 'a stream with write() and end()', socket);
  }
  return assign(state, socket, checkAssignOptions(state.extensions, options), ACTIONS);
}

/**
 * Says that a connection is there.
 *
 * @param {any} base
 * @param {import('../connection/connection.js').Connection} connection
 * @param {...any} more what `open` has behind the sid
 */
function announce(base, connection, ...more) {
  opened(base, connection);
  base.emit('open', connection.sid, ...more);
}

function hasFunctions(object, names) {
  return names.every((name) => typeof object[name] === 'function');
}

/**
 * Bytes that wait to be written to a peer; 0 where the sid is unknown or closed.
 *
 * @param {string} sid
 * @returns {number}
 */
Base.prototype.bufferedAmount = function bufferedAmount(sid) {
  if (typeof sid !== 'string') {
    throw invalidType('The "sid" argument', 'a string', sid);
  }
  return stateOf(this).views.get(sid)?.bufferedAmount ?? 0;
};

/**
 * Stops reading from a peer: nothing of it is emitted until `resume`, and its idle time stands
 * still. TCP then stops the peer.
 *
 * @param {string | string[] | null} sid
 * @returns {this}
 */
Base.prototype.pause = function pause(sid) {
  for (const connection of addressed(stateOf(this), sid)) {
    pausing.pause(connection);
  }
  return this;
};

/**
 * Goes on reading after `pause`.
 *
 * @param {string | string[] | null} sid
 * @returns {this}
 */
Base.prototype.resume = function resume(sid) {
  for (const connection of addressed(stateOf(this), sid)) {
    pausing.resume(connection);
  }
  return this;
};

/**
 * Counters for a metrics page: all but `connections`, `streams`, `closing`, `queuedBytes` and
 * `ioThreads` only grow.
 *
 * @returns {Record<string, number>}
 */
Base.prototype.stats = function stats() {
  const { closing, counters, dropped, streams, views } = stateOf(this);
  let { bytesReceived, bytesSent } = counters;
  let queuedBytes = 0;
  for (const connection of [...views.all(), ...closing, ...dropped]) {
    const { transport } = connection[kInner];
    if (transport !== null) {
      bytesReceived += transport.bytesRead();
      bytesSent += transport.bytesWritten();
      queuedBytes += transport.bufferedAmount();
    }
  }
  return {
    connections: views.size,
    streams: streams.size,
    closing: closing.size + dropped.size,
    ...counters,
    bytesReceived,
    bytesSent,
    queuedBytes,
    ioThreads: native.ioThreads?.() ?? 0,
  };
};

/**
 * The messages from now on, as an async iterator: `for await (const [text, sid] of base.messages())`.
 *
 * @param {object} [options] see `docs/api.md`
 * @returns {Messages}
 * @throws {TypeError | RangeError} where an option is wrong
 */
Base.prototype.messages = function messages(options) {
  return new Messages(stateOf(this), options);
};

/** Closes all, as `close()` does, and waits for their end. */
disposable(Base, function dispose() {
  this.close();
  return allOver(stateOf(this));
});

Base.prototype[kInspect] = function inspectBase(...how) {
  return this[kState] === undefined ? this : show(this, factsOf(this), ...how);
};

/** Properties of a `Base` that look like plain ones. */
const PROPERTIES = {
  connections: { get: ({ views }) => views.size },
  sockets: { get: ({ views }) => views.sockets },
  socketsHistory: { get: ({ views }) => views.history },
  extensions: {
    get: (state) => state.extensions,
    set(state, value) {
      state.extensions = object('The "extensions" property', value);
    },
  },
};
for (const name of ['mask', 'url', 'timeout', 'maxConnections']) {
  PROPERTIES[name] = {
    get: ({ options }) => options[name],
    set({ options }, value) {
      options[name] = checkOption(name, value);
    },
  };
}
for (const [name, { get, set }] of Object.entries(PROPERTIES)) {
  Object.defineProperty(Base.prototype, name, {
    enumerable: true,
    configurable: true,
    get() {
      return get(stateOf(this));
    },
    set:
      set &&
      function setProperty(value) {
        set(stateOf(this), value);
      },
  });
}

module.exports = { Base, announce, sendAs, stateOf, take };
