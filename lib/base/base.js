'use strict';

const { EventEmitter } = require('node:events');
const { inherits } = require('node:util');

const { addressed, addressedOne } = require('./addressed.js');
const { announce, take, takeNewcomer } = require('./assign.js');
const { NO_BACKPLANE, exchangeBy } = require('./backplane.js');
const { BaseSink } = require('./base-sink.js');
const { kInner } = require('../connection/connection.js');
const { Group } = require('../connection/group.js');
const holds = require('../connection/hold.js');
const lifecycle = require('../connection/lifecycle.js');
const { checkOption } = require('../connection/options.js');
const { opcode, statusCode } = require('../native/constants.js');
const { boolean, object } = require('../options/check.js');
const { checkCloseCode, checkData, checkPingData, checkReason, isShort, opcodeOf } = require('../options/data.js');
const { checkTopic, checkTopics } = require('../options/topic.js');
const { disposable } = require('../util/dispose.js');
const { invalidType } = require('../util/errors.js');
const { factsOf, kInspect, show } = require('../util/inspect.js');
const { ioThreads } = require('../transport/socket/dispatch.js');
const { leaderStats } = require('../transport/socket/leader.js');
const { Messages } = require('./messages.js');
const { checkExcept, checkPublishOptions, deliver, usual } = require('./publish.js');
const { sendFrame } = require('./send.js');

/** Where a `Base` keeps what is not for its users: its connections, and their sink. */
const kGroup = Symbol('websockets.group');
const kSink = Symbol('websockets.sink');
/** What goes to other processes and comes from them; `null` without a backplane. */
const kExchange = Symbol('websockets.exchange');

/** @typedef {import('../connection/connection.js').Connection} Connection */
/** @typedef {import('../../index').Sids} Sids */

/**
 * A `Base`, with what is not for its users.
 *
 * @typedef {import('../../index').Base & { [kGroup]: Group<Connection>, [kSink]: BaseSink,
 *   [kExchange]: import('../backplane/exchange.js').Exchange | null }} Self
 */

/**
 * Many WebSocket connections in one EventEmitter.
 *
 * An ES5 function, so that `Base.call(this, options)` with `util.inherits` works as well as `new`
 * and `class extends`.
 *
 * @param {object} [options] see `docs/api/base.md`
 * @throws {TypeError | RangeError} naming the option that is wrong
 */
function Base(options) {
  if (!(this instanceof Base)) {
    return new Base(options);
  }
  const self = whole(this);
  const group = new Group(self, options);
  EventEmitter.call(self);
  Object.defineProperty(self, kGroup, { value: group });
  Object.defineProperty(self, kSink, { value: new BaseSink(self) });
  const { backplane } = group.options;
  Object.defineProperty(self, kExchange, {
    value: backplane === null ? null : exchangeBy(self, groupOf(self), backplane),
  });
}
inherits(Base, EventEmitter);

/** @param {unknown} base @returns {Self} the same */
function whole(base) {
  return /** @type {Self} */ (base);
}

/**
 * The connections of a `Base`.
 *
 * @param {unknown} base
 * @returns {Group<Connection>}
 */
function groupOf(base) {
  const group = /** @type {Partial<Self> | null | undefined} */ (base)?.[kGroup];
  if (group === undefined) {
    throw invalidType('"this"', 'a Base whose constructor has run', base);
  }
  return group;
}

/**
 * Sends a message: a string as text, binary data as it is.
 *
 * Forms: `send(data)` and `send(null, data[, options])` to all, `send(sid, data[, options])` to one
 * or, with an array of sids, to several. Sids that are unknown or closed are skipped. With
 * `{ compress: false }` the message is not compressed. With `{ fragment }` it is sent in frames of at most that many bytes.
 * With `{ except }` it is not sent to these sids.
 *
 * @param {unknown} sid
 * @param {unknown} data
 * @param {unknown} options
 * @returns {this}
 * @throws {TypeError} where data or sid is of another type; nothing is sent then
 */
Base.prototype.send = function send(sid, data, options) {
  const group = groupOf(this);
  // biome-ignore lint/complexity/noArguments: a message that is `undefined` is given, and `send.length` is 3.
  const given = arguments.length;
  const [to, message] = given < 2 ? [null, sid] : [sid, data];
  const checked = checkData(message);
  let compress = true;
  let except;
  let { fragment } = group.options;
  if (given > 2) {
    ({ compress, fragment, except } = checkSendOptions(options, fragment));
  }
  if (fragment !== Infinity && isShort(checked, fragment)) {
    fragment = Infinity;
  }
  group.counters.messagesSent += sendFrame(group, 'send', to, opcodeOf(checked), checked, compress, fragment, except);
  return this;
};

/**
 * @param {unknown} options
 * @param {number} standing most bytes of payload of a frame, if the options say nothing of that
 * @returns {{ compress: boolean, fragment: number, except: readonly string[] }} whether the message may be compressed, how it is
 *   cut, and who does not get it
 */
function checkSendOptions(options = {}, standing = Infinity) {
  const { compress = true, fragment = standing, except } = object('The "options" argument', options);
  return {
    compress: boolean('The "compress" option', compress),
    fragment: checkOption('fragment', fragment),
    except: checkExcept(except),
  };
}

/**
 * Has connections get what is published to topics.
 *
 * @param {unknown} sid a sid, an array of sids, or `null` for all that are open
 * @param {unknown} topic the name of one, or an array of them
 * @returns {this}
 * @throws {TypeError} where either is of another type; nothing has changed then
 */
Base.prototype.subscribe = function subscribe(sid, topic) {
  const group = groupOf(this);
  const names = checkTopics(topic);
  for (const connection of addressed(group, 'subscribe', sid)) {
    const { transport } = connection[kInner];
    for (const name of names) group.topics.subscribe(connection, transport, name);
  }
  return this;
};

/**
 * Has them get that no more: `unsubscribe(sid)` is out of all topics.
 *
 * @param {unknown[]} args a sid, an array of sids, or `null`, and the name of a topic, or an array of them
 * @returns {this}
 * @throws {TypeError} where either is of another type; nothing has changed then
 */
Base.prototype.unsubscribe = function unsubscribe(...args) {
  const group = groupOf(this);
  const names = args.length > 1 ? checkTopics(args[1]) : null;
  const sid = args.length > 1 ? args[0] : onlyArgument(args);
  for (const connection of addressed(group, 'unsubscribe', sid)) {
    group.topics.unsubscribe(connection, names);
  }
  return this;
};

/**
 * Sends a message to all who subscribe to a topic.
 *
 * @param {unknown} topic its name
 * @param {unknown} data
 * @param {unknown} options see `docs/api/base.md`
 * @returns {number} how many of the connections here that are
 * @throws {TypeError | RangeError} where an argument is wrong; nothing is sent then
 */
Base.prototype.publish = function publish(topic, data, options) {
  const group = groupOf(this);
  const { counters, topics } = group;
  // One that has subscribers has been checked.
  const name = typeof topic === 'string' && topics.get(topic) !== undefined ? topic : checkTopic(topic);
  const checked = checkData(data);
  const { fragment } = group.options;
  const how = options === undefined ? usual(fragment) : checkPublishOptions(options, fragment);
  if (how.fragment !== Infinity && isShort(checked, how.fragment)) {
    how.fragment = Infinity;
  }
  const opcode = opcodeOf(checked);
  counters.publishes++;
  // It copies the message and calls nothing of the app's; delivery may call extensions and streams, which may write to the
  // bytes, or publish themselves.
  if (!how.local) topics.follower?.publish(name, opcode, checked, how);
  return deliver(group, name, opcode, checked, how);
};

/**
 * Who subscribes to a topic.
 *
 * @param {unknown} topic its name
 * @returns {string[]} their sids, in the order in which they did
 * @throws {TypeError} where it is no name of a topic
 */
Base.prototype.subscribers = function subscribers(topic) {
  const { topics } = groupOf(this);
  const found = topics.get(checkTopic(topic))?.subscribers ?? [];
  return [...found].map(({ sid }) => sid);
};

/**
 * The topics that have subscribers, or with a sid those of one connection.
 *
 * @param {unknown[]} args a sid; nothing, or `null`, for all
 * @returns {string[]} their names
 * @throws {TypeError} where the sid is of another type
 */
Base.prototype.topics = function topicsOf(...args) {
  const group = groupOf(this);
  const [sid] = args;
  if (args.length === 0 || sid === null) {
    return group.topics.names();
  }
  if (sid !== undefined && typeof sid !== 'string') {
    throw invalidType('The "sid" argument', 'a string, or null', sid);
  }
  const connection = addressedOne(group, 'topics', sid);
  return connection === undefined ? [] : group.topics.namesOf(connection);
};

/**
 * Sends a ping; the answer comes as `pong`.
 *
 * Forms: `ping()`, `ping(data)` and `ping(null[, data])` to all, `ping([sid…])` and
 * `ping(sid | [sid…], data)` to some.
 *
 * @param {unknown[]} args
 * @returns {this}
 * @throws {TypeError | RangeError} where data is of another type, or over 125 bytes
 */
Base.prototype.ping = function ping(...args) {
  const group = groupOf(this);
  /** @type {unknown[]} */
  let [sid, data] = [null, ''];
  if (args.length > 1) {
    [sid, data] = args;
  } else if (args.length === 1 && (args[0] === null || Array.isArray(args[0]))) {
    [sid] = args;
  } else if (args.length === 1) {
    [data] = args;
  }
  const checked = checkPingData(data);
  group.counters.pingsSent += sendFrame(group, 'ping', sid, opcode.PING, checked, false);
  return this;
};

/**
 * Begins the closing handshake.
 *
 * Forms: `close()` closes all with 1001, `close(sid[, reason])` with 1000,
 * `close(sid, code[, reason])` with another code. `sid` may be an array, or `null` for all.
 *
 * @param {unknown[]} args
 * @returns {this}
 * @throws {TypeError | RangeError} where code or reason is not allowed; nothing is closed then
 */
Base.prototype.close = function close(...args) {
  const group = groupOf(this);
  /** @type {unknown[]} */
  let [sid, code, reason] = [null, statusCode.GOING_AWAY, ''];
  if (args.length > 0) {
    [sid, code, reason] = [args[0], statusCode.NORMAL, args[1]];
  }
  if (args.length > 2 || typeof args[1] === 'number') {
    [, code, reason] = args;
  }
  const checkedCode = checkCloseCode(code);
  const checked = checkReason(reason);
  for (const connection of addressed(group, 'close', sid)) {
    lifecycle.close(connection, checkedCode, checked);
  }
  return this;
};

/**
 * Drops connections without a closing handshake; `close` follows with 1006.
 *
 * @param {unknown[]} args a sid, an array of sids, or `null` for all
 * @returns {this}
 * @throws {TypeError} where it is anything else
 */
Base.prototype.terminate = function terminate(...args) {
  for (const connection of addressed(groupOf(this), 'terminate', onlyArgument(args))) {
    lifecycle.terminate(connection);
  }
  return this;
};

/**
 * What was given to a method that has one form. One that is missing is no look-up that failed.
 *
 * @param {unknown[]} args
 * @returns {unknown}
 */
function onlyArgument(args) {
  if (args.length === 0) {
    throw invalidType('The "sid" argument', 'a string, an array of strings, or null', undefined);
  }
  return args[0];
}

/**
 * Makes a socket, whose opening handshake is done, a connection.
 *
 * @param {import('node:stream').Duplex} socket
 * @param {object} [options] see `docs/api/base.md`
 * @returns {string} its sid
 * @throws {TypeError} where an argument is wrong
 * @throws {Error} `ERR_WS_SOCKET_TAKEN`, `ERR_WS_UNSUPPORTED_SOCKET`, or the system's code; nothing
 *   has changed then
 */
Base.prototype.assignSocket = function assignSocket(socket, options) {
  const connection = takeSocket(this, socket, options);
  announce(connection);
  return connection.sid;
};

/**
 * Makes a socket a connection. Nobody hears of it before `announce`.
 *
 * @param {unknown} base
 * @param {unknown} socket
 * @param {unknown} options as `assignSocket` gets them
 * @param {() => void} [accept] ends the opening handshake, if that is still to be done
 * @returns {Connection}
 */
function takeSocket(base, socket, options, accept) {
  return take(groupOf(base), socket, options, whole(base)[kSink], accept);
}

/**
 * The same with one that Rust has accepted, whose request is accepted by this.
 *
 * @param {unknown} base
 * @param {Parameters<typeof takeNewcomer>[1]} newcomer
 * @param {Parameters<typeof takeNewcomer>[2]} options
 * @returns {Connection}
 */
function takeAccepted(base, newcomer, options) {
  return takeNewcomer(groupOf(base), newcomer, options, whole(base)[kSink]);
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
  return groupOf(this).views.get(sid)?.bufferedAmount ?? 0;
};

/**
 * Stops reading from a peer: nothing of it is emitted until `resume`, and its idle time stands
 * still. TCP then stops the peer.
 *
 * @param {unknown[]} args a sid, an array of sids, or `null` for all
 * @returns {this}
 * @throws {TypeError} where it is anything else
 */
Base.prototype.pause = function pause(...args) {
  for (const connection of addressed(groupOf(this), 'pause', onlyArgument(args))) {
    holds.pause(connection);
  }
  return this;
};

/**
 * Goes on reading after `pause`.
 *
 * @param {unknown[]} args a sid, an array of sids, or `null` for all
 * @returns {this}
 * @throws {TypeError} where it is anything else
 */
Base.prototype.resume = function resume(...args) {
  for (const connection of addressed(groupOf(this), 'resume', onlyArgument(args))) {
    holds.resume(connection);
  }
  return this;
};

/**
 * Counters for a metrics page: all but `connections`, `streams`, `closing`, `topics`, `subscriptions`, `backplaneUp`,
 * `queuedBytes`, `ioThreads` and `ioThreadsLed` only grow.
 *
 * @returns {Record<string, number>}
 */
Base.prototype.stats = function stats() {
  const { closing, counters, dropped, streams, topics, views } = groupOf(this);
  let { bytesReceived, bytesSent, skipped } = counters;
  let queuedBytes = 0;
  for (const connection of [...views.all(), ...closing, ...dropped]) {
    const { transport } = connection[kInner];
    if (transport !== null) {
      bytesReceived += transport.bytesRead();
      bytesSent += transport.bytesWritten();
      skipped += transport.skipped();
      queuedBytes += transport.bufferedAmount();
    }
  }
  return {
    connections: views.size,
    streams: streams.size,
    closing: closing.size + dropped.size,
    topics: topics.size,
    subscriptions: topics.subscriptions,
    ...counters,
    skipped,
    ...(whole(this)[kExchange]?.stats() ?? NO_BACKPLANE),
    bytesReceived,
    bytesSent,
    queuedBytes,
    ioThreads: ioThreads(),
    ...leaderStats(),
  };
};

/**
 * The messages from now on, as an async iterator: `for await (const [text, sid] of base.messages())`.
 *
 * @param {object} [options] see `docs/api/base.md`
 * @returns {Messages}
 * @throws {TypeError | RangeError} where an option is wrong
 */
Base.prototype.messages = function messages(options) {
  return new Messages(groupOf(this), whole(this)[kSink].readers, options);
};

/** Closes all, as `close()` does, and waits for their end. */
disposable(Base, function dispose() {
  this.close();
  return groupOf(this).allClosed();
});

/** @param {import('../util/inspect.js').How} how */
Base.prototype[kInspect] = function inspectBase(...how) {
  const self = whole(this);
  return self[kGroup] === undefined ? self : show(self, factsOf(self), ...how);
};

/**
 * Properties of a `Base` that look like plain ones.
 *
 * @type {Record<string, { get: (group: Group<Connection>) => unknown,
 *   set?: (group: Group<Connection>, value: unknown) => void }>}
 */
const PROPERTIES = {
  connections: { get: ({ views }) => views.size },
  sockets: { get: ({ views }) => views.sockets },
  socketsHistory: { get: ({ views }) => views.history },
  extensions: {
    get: (group) => group.extensions,
    set(group, value) {
      const extensions = object('The "extensions" property', value);
      group.extensions = /** @type {Record<string, import('../../index').Extension>} */ (extensions);
    },
  },
};
for (const name of /** @type {const} */ (['mask', 'url', 'timeout', 'maxConnections'])) {
  PROPERTIES[name] = {
    get: ({ options }) => options[name],
    set({ options }, value) {
      Object.assign(options, { [name]: checkOption(name, value) });
    },
  };
}
for (const [name, { get, set }] of Object.entries(PROPERTIES)) {
  Object.defineProperty(Base.prototype, name, {
    enumerable: true,
    configurable: true,
    get() {
      return get(groupOf(this));
    },
    set:
      set &&
      /** @this {unknown} @param {unknown} value */
      function setProperty(value) {
        set(groupOf(this), value);
      },
  });
}

/** What `index.d.ts` says of it: TypeScript does not see through `inherits`. */
const Typed = /** @type {import('../../index').BaseConstructor} */ (/** @type {unknown} */ (Base));

module.exports = { Base: Typed, groupOf, takeAccepted, takeSocket };
