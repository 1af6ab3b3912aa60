'use strict';

const { AddressLimit } = require('./address-limit.js');
const { Attachment } = require('./attachment.js');
const { givenServer } = require('./given-server.js');
const { createServer } = require('./front/plain-server.js');
const { createSecureServer } = require('./secure/secure-server.js');
const { withoutTls } = require('./secure/listen-options.js');
const { announce } = require('../base/assign.js');
const { Base, groupOf, takeAccepted, takeSocket } = require('../base/base.js');
const { reportError } = require('../base/base-sink.js');
const { boolean, callable, integer, object } = require('../options/check.js');
const { checkNames } = require('../options/names.js');
const { OPTION_NAMES } = require('../connection/options.js');
const { requestDropped, requestEnded } = require('../handshake/diagnostics.js');
const { OF_SERVERS } = require('../handshake/foreign-names.js');
const { failed } = require('../connection/diagnostics.js');
const { statusCode } = require('../native/constants.js');
const { clearTimeout, nextTick, setTimeout } = require('../util/clock.js');
const { disposable } = require('../util/dispose.js');
const { failure } = require('../util/errors.js');
const {
  HANDSHAKE_OPTIONS,
  after,
  answer,
  checkHandleOptions,
  decideOn,
} = require('../handshake/server/handle-upgrade.js');
const { linesOf } = require('../handshake/server/http1-opening.js');
const { factsOf, kInspect, show } = require('../util/inspect.js');
const { refuse, refuseUntaken } = require('../handshake/server/opening.js');
const { Refusal, ignore } = require('../handshake/server/refusal.js');

/** What becomes of a request because of the app's functions is the app's to know. */
const APP_ERRORS = new Set(['ERR_WS_HANDSHAKE_TIMEOUT', 'ERR_WS_UPGRADE_FAILED']);

const OWN_OPTIONS = ['addressOf', 'keepSocket', 'maxConnectionsPerAddress', 'maxHandshakes'];

const SERVER_OPTIONS = [...OPTION_NAMES, ...HANDSHAKE_OPTIONS, ...OWN_OPTIONS];

const checkMost = integer(1, Number.MAX_SAFE_INTEGER, true);

/** @typedef {import('./front/arrival.js').Arrival} Arrival */
/** @typedef {import('../handshake/server/handle-upgrade.js').Decision} Decision */
/** @typedef {import('node:http').IncomingMessage} IncomingMessage */
/** @typedef {import('../../index').UpgradeRequest} UpgradeRequest */
/** @typedef {import('node:stream').Duplex} Duplex */
/** @typedef {import('../options/per-message-deflate.js').DeflateSettings} DeflateSettings */

/**
 * A `Base` that answers the upgrade requests of HTTP servers.
 */
class Server extends Base {
  /** The url where none was given: it takes every path. */
  #anyUrl;
  /** What holds for each handshake, checked. */
  #handshake;
  #keepSocket;
  /** @type {AddressLimit<import('../connection/connection.js').Connection>} */
  #addresses;
  #maxHandshakes;
  /** @type {Map<import('node:http').Server, () => void>} how to stop listening on each */
  #attached = new Map();
  /** Those of them that are the Server's own. @type {Set<import('node:http').Server>} */
  #own = new Set();
  /** @type {Set<(refusal: Refusal) => void>} what refuses each request that is neither refused nor assigned yet */
  #handshakes = new Set();
  /** Requests of arrivals that are looked at now. */
  #deciding = 0;
  /** @type {Function[] | null} whom to tell when it has stopped; `null` while it does not stop */
  #stopping = null;
  #hasWarned = false;

  /**
   * @param {import('../../index').ServerOptions} [options] see `docs/api/server.md`
   * @throws {TypeError | RangeError} naming the option that is wrong
   */
  constructor(options) {
    // First: a Base has its backplane connected.
    const { addresses, handshake, keepSocket, maxHandshakes, shouldAccept } = checkOwnOptions(options);
    super(options);
    const { maxConnections, url } = options ?? {};
    if (maxConnections === undefined) this.maxConnections = Infinity;
    if (url === undefined) this.#anyUrl = this.url;
    this.#handshake = { ...handshake, shouldAccept: (/** @type {UpgradeRequest} */ req) => this.#ask(req) };
    this.#keepSocket = keepSocket;
    this.#addresses = addresses;
    this.#maxHandshakes = maxHandshakes;
    groupOf(this).ends.add((connection) => this.#addresses.over(connection));
    if (shouldAccept !== undefined) this.shouldAccept = shouldAccept;
  }

  /**
   * Whether a request is upgraded, once it has been found to be in order. The option of this name
   * takes its place.
   *
   * @param {UpgradeRequest} _req
   * @returns {unknown} `true` or `{ headers, protocol, data }`; `false`, a status or `{ status, headers, body }` to
   *   refuse it; or a Promise of these
   */
  shouldAccept(_req) {
    return true;
  }

  /**
   * Takes the upgrade requests of an HTTP server, or of one that it makes, which then listens on what
   * `net.Server.listen` takes; with the option `tls`, which `createSecureServer` takes, by TLS.
   *
   * @param {unknown[]} args an HTTP server, or a port, a host, options and a callback
   * @returns {this}
   * @throws {Error} `ERR_WS_STOPPING` between `close()` and its end; of OpenSSL, if `tls` is not in order
   * @throws {TypeError | RangeError} if it cannot listen there; nothing has changed then
   */
  listen(...args) {
    if (this.#stopping !== null) {
      throw failure('ERR_WS_STOPPING', 'The Server is closing: it can listen again when that is done');
    }
    const given = givenServer(args[0]);
    if (given !== null) {
      this.#attach(given);
      return this;
    }
    const { tls, rest } = withoutTls(args);
    const httpServer = tls === undefined ? createServer(upgradeRequired) : createSecureServer(tls, upgradeRequired);
    httpServer.on('error', (error) => {
      if (!httpServer.listening) this.#detach(httpServer);
      failed(this, error);
      /** @type {import('node:events').EventEmitter} */ (this).emit('error', error);
    });
    httpServer.listen(.../** @type {[import('node:net').ListenOptions]} */ (rest));
    this.#own.add(httpServer);
    this.#attach(httpServer);
    return this;
  }

  /** The address of the HTTP server that it listens on first, as `net.Server` has it. */
  address() {
    const [first] = this.#attached.keys();
    return first?.address() ?? null;
  }

  /** @param {import('node:http').Server} httpServer */
  #attach(httpServer) {
    /** @type {Parameters<typeof Attachment.attach>[2]} */
    const claim = {
      path: () => (this.url === this.#anyUrl ? null : this.url.pathname),
      take: (req, socket, head) => this.#upgrade(req, socket, head),
      arrive: (arrival) => this.#arrive(arrival),
    };
    this.#attached.set(httpServer, Attachment.attach(httpServer, this, claim));
  }

  /** @param {import('node:http').Server} httpServer */
  #detach(httpServer) {
    this.#attached.get(httpServer)?.();
    this.#attached.delete(httpServer);
    this.#own.delete(httpServer);
  }

  /** Looks at a request. @param {UpgradeRequest} req @param {Duplex} socket @param {Buffer} [head] */
  #upgrade(req, socket, head) {
    if (this.#isFull) {
      refuse(req, socket, noMore());
      return;
    }
    /** Gives back the place of its address. */
    let leave = ignore;
    const admit = () => {
      leave = this.#addresses.enter(req);
    };
    this.#answer(req, socket, this.#settings(head, admit), () => leave);
  }

  /** Whether it takes no more requests now. */
  get #isFull() {
    const isFull = this.#load >= this.maxConnections || this.#handshakes.size >= this.#maxHandshakes;
    return this.#stopping !== null || isFull;
  }

  /**
   * What holds for a handshake that begins now.
   *
   * @param {Buffer | undefined} head
   * @param {() => void} admit
   */
  #settings(head, admit) {
    const { extensions } = this;
    const route = this.url === this.#anyUrl ? undefined : this.url.pathname;
    return { ...this.#handshake, admit, route, head, extensions, deflate: this.#deflatePolicy() };
  }

  /**
   * @param {UpgradeRequest} req
   * @param {Duplex} socket
   * @param {ReturnType<typeof checkHandleOptions>} settings
   * @param {() => () => void} leaves what gives back the place of its address
   * @param {Parameters<typeof answer>[4]} [decided]
   */
  #answer(req, socket, settings, leaves, decided) {
    /** @type {Parameters<typeof answer>[3]} */
    const answered = (error, taken, assign, accept) => {
      this.#handshakes.delete(giveUp);
      if (error === null) {
        this.#open(req, /** @type {Duplex} */ (taken), leaves(), assign, accept);
      } else {
        leaves()();
        if (APP_ERRORS.has(/** @type {NodeJS.ErrnoException} */ (error).code ?? '')) this.#failed(error);
      }
      this.#look();
    };
    const giveUp = answer(req, socket, settings, answered, decided);
    this.#handshakes.add(giveUp);
  }

  /**
   * Looks at the request of one that has come by a door. If nothing has to be waited for, it becomes a connection at once.
   * Otherwise it is looked at as any other request.
   *
   * @param {Arrival} arrival
   */
  #arrive(arrival) {
    if (this.#isFull) {
      refuse(arrival.req, arrival.socket, noMore());
      return;
    }
    let leave = ignore;
    const admit = () => {
      leave = this.#addresses.enter(arrival.req, arrival.remoteAddress);
    };
    const settings = this.#settings(undefined, admit);
    let look = this.#decideOn(arrival, settings);
    if (this.#stopping !== null) {
      look = () => {
        throw noMore();
      };
    }
    if (typeof look === 'function') this.#answer(arrival.req, arrival.socket, settings, () => leave, look);
    else this.#openArrival(arrival, look, leave);
  }

  /**
   * @param {Arrival} arrival
   * @param {ReturnType<typeof checkHandleOptions>} settings
   * @returns {Decision | (() => Decision | Promise<Decision>)} what it has come to; a function that says so, if the request
   *   is to be looked at as any other
   */
  #decideOn(arrival, settings) {
    this.#deciding++;
    try {
      const decided = decideOn(arrival, settings);
      const isLater = 'then' in decided;
      // If the Server has begun to close by now, nobody hears what it comes to.
      if (isLater) decided.catch(ignore);
      const isPlain = !isLater && !arrival.isNodes && !this.#isChained(decided) && this.#stopping === null;
      return isPlain ? decided : () => decided;
    } catch (error) {
      return () => {
        throw error;
      };
    } finally {
      this.#deciding--;
    }
  }

  /**
   * @param {Arrival} arrival
   * @param {Decision} decision
   * @param {() => void} leave gives back the place of its address
   */
  #openArrival(arrival, { protocol, extensions, headers, data }, leave) {
    const { req } = arrival;
    const lines = linesOf({ protocol, extensions, headers });
    const options = { protocol, extension: extensions, lines, data, keepSocket: this.#keepSocket };
    let connection;
    try {
      connection = takeAccepted(this, arrival, options);
    } catch (error) {
      leave();
      arrival.over();
      requestDropped(req);
      reportError(this, /** @type {Error} */ (error));
      return;
    }
    requestEnded(req, { status: 101, protocol });
    this.#addresses.keep(connection, leave);
    this.#announce(connection, req);
  }

  /**
   * A function of the app's has failed. If nobody hears of it, a warning says so once: clients get 500, no more.
   *
   * @param {Error & { code?: string, cause?: any }} error
   */
  #failed(error) {
    if (error.cause !== undefined && !this.#hasWarned && this.listenerCount('error') === 0) {
      this.#hasWarned = true;
      const { cause } = error;
      process.emitWarning(`A WebSocket was refused with status 500: ${cause?.message ?? cause}`, {
        type: 'WebSocketWarning',
        code: error.code,
        detail: cause?.stack,
      });
    }
    reportError(this, error);
  }

  /** What counts toward `maxConnections`: a request has its place while it is looked at. */
  get #load() {
    return this.connections + this.#handshakes.size + this.#deciding;
  }

  /** Asks the app. @param {UpgradeRequest} req */
  #ask(req) {
    // Meanwhile the app may have lowered `maxConnections`, or assigned sockets itself.
    return after(this.shouldAccept(req), (verdict) =>
      verdict === true && this.#load > this.maxConnections ? 503 : verdict,
    );
  }

  /**
   * What it is ready to agree on: no more windows, once they take as much as they may.
   *
   * @returns {DeflateSettings | null} the settings of permessage-deflate, `null` where it is off
   */
  #deflatePolicy() {
    const group = groupOf(this);
    const { perMessageDeflate } = group.options;
    return perMessageDeflate === null || group.hasWindowMemory()
      ? perMessageDeflate
      : { ...perMessageDeflate, serverNoContextTakeover: true, clientNoContextTakeover: true, isFull: true };
  }

  /**
   * A handshake is done.
   *
   * @param {UpgradeRequest} req
   * @param {Duplex} socket
   * @param {() => void} leave gives back the place of its address
   * @param {import('../../index').UpgradeResult<any>} [options]
   * @param {() => void} [accept] ends it
   */
  #open(req, socket, leave, options, accept) {
    let connection;
    try {
      connection = takeSocket(this, socket, { ...options, keepSocket: this.#keepSocket }, accept);
      this.#addresses.keep(connection, leave);
    } catch (error) {
      leave();
      refuseUntaken(req, socket, /** @type {Error} */ (error));
      reportError(this, /** @type {Error} */ (error));
      return;
    }
    requestDropped(req);
    this.#announce(connection, req);
  }

  /**
   * @param {import('../connection/connection.js').Connection} connection
   * @param {UpgradeRequest} req
   */
  #announce(connection, req) {
    try {
      announce(connection, req);
    } finally {
      if (this.#stopping !== null) this.close(connection.sid, statusCode.GOING_AWAY);
    }
  }

  /** Whether a connection may have extensions in JavaScript. @param {Decision} decision */
  #isChained({ extensions }) {
    return extensions !== '' && Object.keys(this.extensions).length > 0;
  }

  /**
   * `close()` and `close(callback)` stop the Server: no request is upgraded any more, all connections
   * are closed with 1001, and when the last is over it lets go of its HTTP servers. With a sid it
   * closes that connection, as that of `Base`.
   *
   * @param {unknown[]} args
   * @returns {this}
   */
  close(...args) {
    const [callback] = args;
    if (args.length > 0 && !(args.length === 1 && typeof callback === 'function')) {
      return super.close(.../** @type {Parameters<InstanceType<typeof Base>['close']>} */ (args));
    }
    super.close();
    const isFirst = this.#stopping === null;
    this.#stopping ??= [];
    if (typeof callback === 'function') this.#stopping.push(callback);
    if (isFirst) {
      for (const giveUp of this.#handshakes) giveUp(noMore());
      for (const httpServer of this.#own) this.#closeOwn(httpServer);
      groupOf(this).ends.add(this.#look);
      nextTick(this.#look);
    }
    return this;
  }

  /**
   * Closes an HTTP server of its own; who says nothing to it is not waited for any longer either.
   *
   * @param {import('node:http').Server} httpServer
   */
  #closeOwn(httpServer) {
    const { closeTimeout } = groupOf(this).options;
    const timer = setTimeout(() => httpServer.closeAllConnections(), closeTimeout);
    httpServer.close(() => {
      clearTimeout(timer);
      this.#detach(httpServer);
      this.#look();
    });
    httpServer.closeIdleConnections();
  }

  /** Ends the stop, if nothing is left to wait for. */
  #look = () => {
    const group = groupOf(this);
    const left = group.left + this.#handshakes.size + this.#own.size;
    if (this.#stopping === null || left > 0) {
      return;
    }
    const callbacks = this.#stopping;
    this.#stopping = null;
    group.ends.delete(this.#look);
    for (const httpServer of [...this.#attached.keys()]) this.#detach(httpServer);
    for (const callback of callbacks) nextTick(callback);
  };

  /** @param {import('../util/inspect.js').How} how */
  [kInspect](...how) {
    return #attached in this
      ? show(this, { ...factsOf(this), address: this.address(), stopping: this.#stopping !== null }, ...how)
      : this;
  }
}

/** Stops it, as `close()` does, and waits for the end of that. */
disposable(Server, function dispose() {
  return new Promise((resolve) => {
    this.close(() => resolve());
  });
});

/**
 * Checks the options that are a Server's own.
 *
 * @param {import('../../index').ServerOptions} [options]
 * @throws {TypeError | RangeError} naming the option that is wrong
 */
function checkOwnOptions(options = {}) {
  const given = /** @type {import('../../index').ServerOptions} */ (object('The "options" argument', options));
  checkNames('a Server', given, SERVER_OPTIONS, OF_SERVERS);
  const { addressOf, handshakeTimeout, headers, keepSocket, origins, protocols, shouldAccept } = given;
  const { maxConnectionsPerAddress = Infinity, maxHandshakes = Infinity } = given;
  if (addressOf !== undefined) callable('The "addressOf" option', addressOf);
  if (shouldAccept !== undefined) callable('The "shouldAccept" option', shouldAccept);
  /** @type {AddressLimit<import('../connection/connection.js').Connection>} */
  const addresses = new AddressLimit(
    checkMost('The "maxConnectionsPerAddress" option', maxConnectionsPerAddress),
    addressOf,
  );
  return {
    addresses,
    handshake: checkHandleOptions({ handshakeTimeout, headers, origins, protocols }),
    keepSocket: keepSocket === undefined || boolean('The "keepSocket" option', keepSocket),
    maxHandshakes: checkMost('The "maxHandshakes" option', maxHandshakes),
    shouldAccept,
  };
}

/** A request beyond `maxConnections` or `maxHandshakes`, or to a Server that stops. */
function noMore() {
  return new Refusal(503, 'The server accepts no more WebSockets', { code: 'ERR_WS_UPGRADE_REFUSED' });
}

/**
 * A plain request, to an HTTP server that has nothing else to offer.
 *
 * @param {IncomingMessage} _req
 * @param {import('node:http').ServerResponse} res
 */
function upgradeRequired(_req, res) {
  const type = { 'Content-Type': 'text/plain; charset=utf-8' };
  res.writeHead(426, { ...type, Connection: 'close', Upgrade: 'websocket' });
  res.end('A WebSocket is opened by an upgrade request\n');
}

module.exports = { Server };
