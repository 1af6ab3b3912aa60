'use strict';

const { announce } = require('../base/assign.js');
const { kInner } = require('../connection/connection.js');
const { Base, groupOf, takeSocket } = require('../base/base.js');
const { reportError } = require('../base/base-sink.js');
const { integer, object } = require('../options/check.js');
const { checkNames } = require('../options/names.js');
const { OPTION_NAMES } = require('../connection/options.js');
const { OF_CLIENTS } = require('../handshake/foreign-names.js');
const { drop } = require('../util/http2-stream.js');
const { factsOf, kInspect, show } = require('../util/inspect.js');
const { Link } = require('./link.js');
const { checkReconnect } = require('./reconnect.js');
const { REQUEST_OPTIONS, checkRequestOptions } = require('../handshake/client/request-options.js');
const { Sessions } = require('../handshake/client/http2-sessions.js');
const { parseTarget } = require('../handshake/client/target.js');
const { originalOf } = require('../options/url.js');
const { fixed, ofThisTry } = require('./each-try.js');
const { providerOf } = require('./secure/request.js');
const { SendQueue, copyOf } = require('./send-queue.js');

/** @typedef {import('../../index').OpenOptions} OpenOptions */
/** @typedef {import('../../index').Sids} Sids */
/** @typedef {import('../handshake/client/target.js').Place} Place */

/** Who waits for the first connection of an `open`. @typedef {{ open(sid: string): void, over(reason: Error): void }} Waiter */

const queueLimit = integer(0, Number.MAX_SAFE_INTEGER, true);
const QUEUE_LIMIT = 1024 * 1024;

/** @type {Link[]} */
const NOBODY = [];
const NOTHING = { copy: '', bytes: 0 };

/** @type {(this: Client, ...args: unknown[]) => unknown} */
const sendOf = /** @type {any} */ (Base.prototype.send);

/** What `open` takes, and what the constructor does. */
const OPEN_OPTIONS = [...REQUEST_OPTIONS, 'maxQueuedBytes', 'reconnect'];
const CLIENT_OPTIONS = [...OPTION_NAMES, ...OPEN_OPTIONS];

/**
 * A `Base` that opens its connections itself.
 */
class Client extends Base {
  #request;
  #reconnect;
  #queueLimit;
  /** A function instead of a URL. @type {(() => unknown) | undefined} */
  #askUrl;
  /** The url where that is so. */
  #anyUrl;
  /** What its WebSockets over HTTP/2 share. */
  #sessions = new Sessions();
  /** @type {Set<Link>} */
  #links = new Set();

  /**
   * @param {import('../../index').ClientOptions} [options] see `docs/api/client.md`
   * @throws {TypeError | RangeError} naming the option that is wrong
   */
  constructor(options) {
    // First: a Base has its backplane connected.
    const { most, reconnect, request } = checkOwnOptions(options);
    const { url, ...rest } = options ?? {};
    super(/** @type {any} */ (typeof url === 'function' ? rest : options));
    const { mask, maxConnections } = options ?? {};
    if (mask === undefined) this.mask = true;
    if (maxConnections === undefined) this.maxConnections = Infinity;
    if (typeof url === 'function') {
      this.#askUrl = url;
      this.#anyUrl = this.url;
    }
    this.#request = request;
    this.#reconnect = reconnect;
    this.#queueLimit = most;
    const group = groupOf(this);
    // Two that take each other's place would go on for ever.
    group.evicted = (sid) => this.#stop(sid);
    group.ends.add(({ sid }, code, reason) => {
      for (const link of this.#links) if (link.sid === sid) link.closed(code, reason);
    });
  }

  /**
   * Opens a connection. `open` follows, or `error`.
   *
   * @param {unknown[]} args the URL, by default that of the Client, and options that take the place of
   *   the Client's
   * @returns {this}
   * @throws {TypeError | RangeError} where an argument is wrong
   */
  open(...args) {
    this.#begin(args);
    return this;
  }

  /**
   * The same, for who waits for it.
   *
   * @param {unknown[]} args
   * @returns {Promise<string>} the sid of the first connection that comes of it
   */
  openAsync(...args) {
    return new Promise((resolve, reject) => {
      this.#begin(args, { open: resolve, over: reject });
    });
  }

  /** @param {unknown[]} args as `open` gets them @param {Waiter} [waiter] */
  #begin(args, waiter) {
    const [first] = args;
    const target = /** @type {{ href?: unknown } | null | undefined} */ (first);
    const isOptions = args.length === 1 && typeof first === 'object' && target?.href === undefined;
    const [place, more = {}] = args.length === 0 || isOptions ? [this.#defaultUrl, first] : args;
    const options = object('The "options" argument', more);
    checkNames('client.open', options, OPEN_OPTIONS, OF_CLIENTS);
    if (typeof place !== 'function') {
      parseTarget(/** @type {Place} */ (place));
    }
    const { maxQueuedBytes = this.#queueLimit, reconnect: asked } = options;
    const reconnect = asked === undefined ? this.#reconnect : checkReconnect(asked);
    const { signal, ...given } = /** @type {OpenOptions} */ ({ ...this.#request, ...pick(options) });
    checkRequestOptions({ ...fixed(given), signal });
    const queue = new SendQueue(queueLimit('The "maxQueuedBytes" option', maxQueuedBytes));
    const link = new Link((trying) => this.#ask(place, given, trying), signal, reconnect, queue, {
      open: (...opened) => this.#opened(waiter, ...opened),
      error: (error) => reportError(this, error),
      reconnecting: (...what) => this.#say('reconnecting', ...what),
      giveUp: (error) => this.#say('giveup', error),
      over: (over, reason) => {
        this.#links.delete(over);
        waiter?.over(reason);
      },
    });
    this.#links.add(link);
    link.start();
  }

  /** Who does the TLS of what `open` opens without options, and why not Rust. */
  get tls() {
    return providerOf(checkRequestOptions(fixed(this.#request)));
  }

  /** What `open` opens without a URL. */
  get #defaultUrl() {
    return this.#askUrl !== undefined && this.url === this.#anyUrl ? this.#askUrl : originalOf(this.url);
  }

  /**
   * What one try asks for. The app's functions say what has changed since the last, such as a token.
   *
   * @param {unknown} place
   * @param {object} given
   * @param {AbortSignal} signal ends the wait for them
   * @returns {import('./link.js').Ask | Promise<import('./link.js').Ask>}
   */
  #ask(place, given, signal) {
    const ours = { extensions: this.extensions, perMessageDeflate: this.#deflatePolicy() };
    const options = ofThisTry({ ...given, url: place }, signal);
    const askOf = (/** @type {{ url: unknown, http2?: unknown }} */ { url, http2, ...rest }) => ({
      url: /** @type {Place} */ (url),
      options: { ...rest, http2: http2 === true ? this.#sessions : http2, ...ours },
    });
    return options instanceof Promise ? options.then(askOf) : askOf(options);
  }

  /** Emits an event of its own. @param {string} name @param {unknown[]} args */
  #say(name, ...args) {
    /** @type {import('node:events').EventEmitter} */ (this).emit(name, ...args);
  }

  /**
   * As that of `Base`. A message to all goes also to connections that are not open yet, or not again: it is kept
   * until they are.
   *
   * @param {any} sid
   * @param {any} [data]
   * @param {any} [options]
   * @returns {this}
   * @throws {Error} `ERR_WS_NOT_OPEN` if there is no room for it; nothing is sent then
   */
  send(sid, data, options) {
    // biome-ignore lint/complexity/noArguments: forms are told apart by their number.
    const given = arguments.length;
    const isToAll = given < 2 || sid === null;
    const absent = isToAll && this.#links.size > 0 ? this.#absent() : NOBODY;
    const { copy, bytes } = absent.length > 0 ? copyOf(given < 2 ? sid : data) : NOTHING;
    for (const { queue } of absent) queue.check(bytes);
    if (given < 2) sendOf.call(this, sid);
    else if (given < 3) sendOf.call(this, sid, data);
    else sendOf.call(this, sid, data, options);
    for (const { queue } of absent) queue.push(copy, bytes, options);
    return this;
  }

  /** Those of which a connection is to come. */
  #absent() {
    const { views } = groupOf(this);
    const absent = [];
    for (const link of this.#links) {
      if (link.isAwaited && (link.sid === null || views.get(link.sid) === undefined)) absent.push(link);
    }
    return absent;
  }

  /**
   * What it offers. Once the windows take as much as they may, that is nothing: whether they are
   * kept is not a client's to say alone, and servers may refuse to do without.
   *
   * @returns {import('../options/per-message-deflate.js').DeflateSettings | false} as the option
   */
  #deflatePolicy() {
    const group = groupOf(this);
    return (group.hasWindowMemory() && group.options.perMessageDeflate) || false;
  }

  /**
   * An opening handshake is done.
   *
   * @param {Waiter | undefined} waiter
   * @param {Link} link
   * @param {import('node:stream').Duplex} socket
   * @param {import('../../index').UpgradeResult} options
   * @param {import('node:http').IncomingMessage} res
   */
  #opened(waiter, link, socket, options, res) {
    let connection;
    try {
      connection = takeSocket(this, socket, { ...options, mask: this.mask });
    } catch (error) {
      drop(socket);
      reportError(this, /** @type {Error} */ (error));
      return;
    }
    // First: who hears of it may close it.
    const { sid } = connection;
    link.sid = sid;
    connection[kInner].url = link.href;
    try {
      announce(connection, res);
    } finally {
      waiter?.open(sid);
      // After what `open` listeners have sent, who may have to introduce the client first.
      for (const [data, how] of link.queue.take()) sendOf.call(this, sid, data, how);
    }
  }

  /**
   * As that of `Base`; what it closes is not opened again. Without a sid, nor are handshakes that are
   * under way finished.
   *
   * @param {unknown[]} args
   * @returns {this}
   */
  close(...args) {
    super.close(.../** @type {Parameters<InstanceType<typeof Base>['close']>} */ (args));
    this.#stop(args.length === 0 ? null : /** @type {Sids} */ (args[0]));
    return this;
  }

  /**
   * As that of `Base`, and the same holds.
   *
   * @param {Sids} sid
   * @returns {this}
   */
  terminate(sid) {
    super.terminate(sid);
    this.#stop(sid);
    return this;
  }

  /** Opens nothing any more for these. @param {Sids} sid */
  #stop(sid) {
    const sids = sid === null ? null : [sid].flat();
    for (const link of [...this.#links]) {
      if (sids === null || (link.sid !== null && sids.includes(link.sid))) link.stop();
    }
  }

  /** @param {import('../util/inspect.js').How} how */
  [kInspect](...how) {
    if (!(#links in this)) {
      return this;
    }
    const { views } = groupOf(this);
    const opening = [...this.#links].filter(({ sid }) => sid === null || views.get(sid) === undefined).length;
    return show(this, { ...factsOf(this), opening }, ...how);
  }
}

/**
 * Checks the options that are a Client's own.
 *
 * @param {import('../../index').ClientOptions} [options]
 * @throws {TypeError | RangeError} naming the option that is wrong
 */
function checkOwnOptions(options = {}) {
  const given = /** @type {import('../../index').ClientOptions} */ (object('The "options" argument', options));
  checkNames('a Client', given, CLIENT_OPTIONS, OF_CLIENTS);
  const { maxQueuedBytes, reconnect } = given;
  const request = pick(given);
  checkRequestOptions(fixed(request));
  return {
    most: queueLimit('The "maxQueuedBytes" option', maxQueuedBytes ?? QUEUE_LIMIT),
    reconnect: checkReconnect(reconnect),
    request,
  };
}

/**
 * The options of the opening handshake that are given.
 *
 * @param {object} options
 * @returns {Record<string, unknown>}
 */
function pick(options) {
  const all = /** @type {Record<string, unknown>} */ (options);
  const given = REQUEST_OPTIONS.filter((name) => all[name] !== undefined);
  return Object.fromEntries(given.map((name) => [name, all[name]]));
}

module.exports = { Client };
