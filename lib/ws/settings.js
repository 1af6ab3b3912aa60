'use strict';

const { Group } = require('../connection/group.js');
const { isAvailable } = require('../native/pool.js');
const { deflateOptions } = require('../options/deflate-of-ws.js');

/** @typedef {import('../connection/connection.js').Connection} Connection */

/**
 * The options of `ws` that say how a connection goes.
 *
 * @typedef {object} ConnectionOptions
 * @property {boolean} [allowSynchronousEvents]
 * @property {boolean} [autoPong]
 * @property {number} [closeTimeout] ms
 * @property {(key: Buffer) => void} [generateMask]
 * @property {number} [maxBufferedChunks] that the payload of a frame may come in
 * @property {number} [maxFragments]
 * @property {number} [maxPayload] bytes
 * @property {import('../options/deflate-of-ws.js').DeflateOptions | boolean} [perMessageDeflate]
 * @property {boolean} [skipUTF8Validation]
 */

/** What holds if an option is not given. */
const DEFAULTS = {
  allowSynchronousEvents: true,
  autoPong: true,
  closeTimeout: 30_000,
  maxBufferedChunks: 1024 * 1024,
  maxFragments: 128 * 1024,
  maxPayload: 100 * 1024 * 1024,
  skipUTF8Validation: false,
};

/** The most fragments that the engine counts. */
const MOST_PARTS = 2 ** 32 - 1;

/** Groups of WebSockets that have no server, by their settings. @type {Map<string, WeakRef<Group<Connection>>>} */
const groups = new Map();

/**
 * Options, each with its default.
 *
 * @template {ConnectionOptions} Given
 * @param {Given | undefined | null} given
 * @returns {Given & Required<Pick<ConnectionOptions, keyof typeof DEFAULTS>>}
 */
function withDefaults(given) {
  if (given && Object.keys(DEFAULTS).every((name) => Reflect.get(given, name) !== undefined)) {
    // Those of a server, which has many connections.
    return /** @type {any} */ (given);
  }
  const known = Object.entries(given ?? {}).filter(([, value]) => value !== undefined);
  return /** @type {any} */ ({ ...DEFAULTS, ...Object.fromEntries(known) });
}

/**
 * The state that connections with these options share.
 *
 * @param {object} owner what the diagnostics channels call `base`
 * @param {ReturnType<typeof withDefaults<ConnectionOptions>>} options
 * @param {boolean} mask whether they are a client's
 * @returns {Group<Connection>}
 */
function makeGroup(owner, options, mask) {
  const { autoPong, closeTimeout, maxBufferedChunks, maxFragments, maxPayload, skipUTF8Validation } = options;
  /** @type {Group<Connection>} */
  const group = new Group(owner, {
    mask,
    closeTimeout,
    maxFragments: limit(maxFragments, MOST_PARTS),
    perMessageDeflate: deflateOptions(options.perMessageDeflate),
    // As with `ws`, whose users bound these themselves.
    timeout: 0,
    maxBufferedAmount: Infinity,
    maxConnections: Infinity,
  });
  // Messages are bytes here: the length of V8's longest string bounds none.
  group.options.maxPayload = limit(maxPayload, Number.MAX_SAFE_INTEGER);
  group.bounds.maxChunks = limit(maxBufferedChunks, Infinity);
  // Those that are empty are fragments as others are.
  group.bounds.maxEmptyFragments = group.options.maxFragments;
  Object.assign(group.manner, {
    autoPong,
    explains: false,
    hearsWhileClosing: true,
    // What `ws` hands on are slices of what was read.
    sharesMemory: isAvailable,
    textAsBytes: true,
    validatesUtf8: !skipUTF8Validation,
  });
  return group;
}

/** A limit, as `ws` takes it. @param {number} value 0 is none @param {number} most */
function limit(value, most) {
  return value > 0 ? Math.min(Math.trunc(value), most) : most;
}

/**
 * The state that a connection without a server shares with others that have the same settings.
 *
 * @param {ReturnType<typeof withDefaults<ConnectionOptions>>} options
 * @param {boolean} mask whether it is a client's
 * @returns {Group<Connection>}
 */
function sharedGroup(options, mask) {
  const { autoPong, closeTimeout, maxBufferedChunks, maxFragments, maxPayload, skipUTF8Validation } = options;
  const limits = [maxBufferedChunks, maxFragments, maxPayload];
  const settings = [mask, autoPong, closeTimeout, ...limits, skipUTF8Validation];
  const key = JSON.stringify([...settings, deflateOptions(options.perMessageDeflate)]);
  const known = groups.get(key)?.deref();
  if (known !== undefined) {
    return known;
  }
  const group = makeGroup({}, options, mask);
  groups.set(key, new WeakRef(group));
  return group;
}

module.exports = { makeGroup, sharedGroup, withDefaults };
