'use strict';

const { announce } = require('../base/assign.js');
const { Base, groupOf, takeSocket } = require('../base/base.js');
const { reportError } = require('../base/base-sink.js');
const { object } = require('../options/check.js');
const { checkNames } = require('../options/names.js');
const { OPTION_NAMES } = require('../connection/options.js');
const { OF_CLIENTS } = require('../handshake/foreign-names.js');
const { factsOf, kInspect, show } = require('../util/inspect.js');
const { Link } = require('./link.js');
const { checkReconnect } = require('./reconnect.js');
const { REQUEST_OPTIONS, checkRequestOptions } = require('../handshake/client/request-options.js');
const { parseTarget } = require('../handshake/client/target.js');
const { originalOf } = require('../options/url.js');

/** @typedef {import('../../index').OpenOptions} OpenOptions */
/** @typedef {import('../../index').Sids} Sids */

/** What `open` takes, and what the constructor does. */
const OPEN_OPTIONS = [...REQUEST_OPTIONS, 'reconnect'];
const CLIENT_OPTIONS = [...OPTION_NAMES, ...OPEN_OPTIONS];

/**
 * A `Base` that opens its connections itself.
 */
class Client extends Base {
  #request;
  #reconnect;
  /** @type {Set<Link>} */
  #links = new Set();

  /**
   * @param {import('../../index').ClientOptions} [options] see `docs/api.md`
   * @throws {TypeError | RangeError} naming the option that is wrong
   */
  constructor(options) {
    super(options);
    checkNames('a Client', options ?? {}, CLIENT_OPTIONS, OF_CLIENTS);
    const { mask, maxConnections, reconnect } = options ?? {};
    if (mask === undefined) this.mask = true;
    if (maxConnections === undefined) this.maxConnections = Infinity;
    this.#request = pick(options ?? {});
    this.#reconnect = checkReconnect(reconnect);
    // Two that take each other's place would go on for ever.
    groupOf(this).evicted = (sid) => this.#stop(sid);
    checkRequestOptions(this.#request);
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
    const [first] = args;
    const place = /** @type {{ href?: unknown } | null | undefined} */ (first);
    const isOptions = args.length === 1 && typeof first === 'object' && place?.href === undefined;
    const [given, more = {}] = args.length === 0 || isOptions ? [originalOf(this.url), first] : args;
    const options = object('The "options" argument', more);
    checkNames('client.open', options, OPEN_OPTIONS, OF_CLIENTS);
    const url = /** @type {import('../handshake/client/target.js').Place} */ (given);
    const { href } = parseTarget(url);
    const { reconnect: asked } = options;
    const reconnect = asked === undefined ? this.#reconnect : checkReconnect(asked);
    const { signal, ...rest } = /** @type {OpenOptions} */ ({ ...this.#request, ...pick(options) });
    checkRequestOptions({ signal });
    const request = () => ({
      ...rest,
      extensions: this.extensions,
      perMessageDeflate: this.#deflatePolicy(),
    });
    const link = new Link(url, request, signal, reconnect, {
      open: (...opened) => this.#opened(...opened),
      error: (error) => reportError(this, Object.assign(error, { url: href })),
      over: () => this.#links.delete(link),
    });
    link.start();
    this.#links.add(link);
    return this;
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
   * @param {Link} link
   * @param {import('node:stream').Duplex} socket
   * @param {import('../../index').UpgradeResult} options
   * @param {import('node:http').IncomingMessage} res
   */
  #opened(link, socket, options, res) {
    let connection;
    try {
      connection = takeSocket(this, socket, { ...options, mask: this.mask });
    } catch (error) {
      socket.destroy();
      reportError(this, /** @type {Error} */ (error));
      return;
    }
    // First: who hears of it may close it.
    link.sid = connection.sid;
    announce(connection, res);
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
    const opening = [...this.#links].filter(({ sid }) => sid === null).length;
    return show(this, { ...factsOf(this), opening }, ...how);
  }
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
