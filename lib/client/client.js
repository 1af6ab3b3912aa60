'use strict';

const { announce } = require('../base/assign.js');
const { Base, groupOf, takeSocket } = require('../base/base.js');
const { reportError } = require('../base/base-sink.js');
const { object } = require('../options/check.js');
const { factsOf, kInspect, show } = require('../util/inspect.js');
const { Link } = require('./link.js');
const { checkReconnect } = require('./reconnect.js');
const { REQUEST_OPTIONS, checkRequestOptions } = require('../handshake/client/request-options.js');
const { parseTarget } = require('../handshake/client/target.js');
const { originalOf } = require('../options/url.js');

/**
 * A `Base` that opens its connections itself.
 */
class Client extends Base {
  #request;
  #reconnect;
  /** @type {Set<Link>} */
  #links = new Set();

  /**
   * @param {object} [options] see `docs/api.md`
   * @throws {TypeError | RangeError} naming the option that is wrong
   */
  constructor(options) {
    super(options);
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
   * @param {...any} args the URL, by default that of the Client, and options that take the place of
   *   the Client's
   * @returns {this}
   * @throws {TypeError | RangeError} where an argument is wrong
   */
  open(...args) {
    const [first] = args;
    const isOptions = args.length === 1 && typeof first === 'object' && first?.href === undefined;
    const [url, options = {}] = args.length === 0 || isOptions ? [originalOf(this.url), first] : args;
    object('The "options" argument', options);
    const { href } = parseTarget(url);
    const { reconnect: asked } = options;
    const reconnect = asked === undefined ? this.#reconnect : checkReconnect(asked);
    const { signal, ...given } = { ...this.#request, ...pick(options) };
    checkRequestOptions({ signal });
    const request = () => ({
      ...given,
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
   * @returns {object | false} as the option
   */
  #deflatePolicy() {
    const group = groupOf(this);
    return (group.hasWindowMemory() && group.options.perMessageDeflate) || false;
  }

  #opened(link, socket, options, res) {
    let connection;
    try {
      connection = takeSocket(this, socket, { ...options, mask: this.mask });
    } catch (error) {
      socket.destroy();
      reportError(this, error);
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
   * @param {...any} args
   * @returns {this}
   */
  close(...args) {
    super.close(...args);
    this.#stop(args.length === 0 ? null : args[0]);
    return this;
  }

  /**
   * As that of `Base`, and the same holds.
   *
   * @param {string | string[] | null} sid
   * @returns {this}
   */
  terminate(sid) {
    super.terminate(sid);
    this.#stop(sid);
    return this;
  }

  #stop(sid) {
    const sids = sid === null ? null : [sid].flat();
    for (const link of [...this.#links]) {
      if (sids === null || sids.includes(link.sid)) link.stop();
    }
  }

  [kInspect](...how) {
    if (!(#links in this)) {
      return this;
    }
    const opening = [...this.#links].filter(({ sid }) => sid === null).length;
    return show(this, { ...factsOf(this), opening }, ...how);
  }
}

/** The options of the opening handshake that are given. */
function pick(options) {
  const given = REQUEST_OPTIONS.filter((name) => options[name] !== undefined);
  return Object.fromEntries(given.map((name) => [name, options[name]]));
}

module.exports = { Client };
