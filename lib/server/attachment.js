'use strict';

const { refuse } = require('../handshake/server/opening.js');
const { Refusal } = require('../handshake/server/refusal.js');
const { asksForWebSocket, pathOf, targetFault } = require('../handshake/server/upgrade-request.js');
const { kArrives } = require('./front/door.js');
const { Http2Requests } = require('./http2-requests.js');
const { UpgradeFilter } = require('./upgrade-filter.js');

/** @typedef {import('node:http').IncomingMessage} IncomingMessage */
/** @typedef {import('../../index').UpgradeRequest} UpgradeRequest */
/** @typedef {import('node:stream').Duplex} Duplex */
/** @typedef {import('./front/arrival.js').Arrival} Arrival */

/** What comes after a request that has come by a door. */
const NOTHING = Buffer.alloc(0);

/** @type {WeakMap<import('node:http').Server, Attachment>} */
const attachments = new WeakMap();

/** On an `'upgrade'` listener of ours: how much it wants a request. Other copies of the module find it there. */
const kWants = Symbol.for('websockets.wants');
/** On a request, or its stream, that several copies hear of: whose it is. */
const kOwner = Symbol.for('websockets.owner');

/** How much: the path is another's, every path is taken, or the path is its own. */
const [NOT, ANY, EXACTLY] = [0, 1, 2];

/** @typedef {Function & { [kWants](req: { url?: string }): number }} OurListener */

/**
 * What hears an HTTP server's upgrades, and the extended CONNECT requests of one that speaks HTTP/2, for all the `Server`s on it.
 */
class Attachment {
  #httpServer;
  /** @type {Map<object, Claim>} by their `Server`, in the order in which they began to listen */
  #claims = new Map();
  #filter;
  /** @type {Http2Requests | null} */
  #http2;

  /**
   * Whether a path is a `Server`'s, and what it does with a request.
   *
   * @typedef {object} Claim
   * @property {() => string | null} path what it takes; `null` for every path
   * @property {(req: UpgradeRequest, socket: Duplex, head?: Buffer) => void} take
   * @property {(arrival: Arrival) => void} arrive the same with one that has come by a door
   */

  /** @param {import('node:http').Server} httpServer */
  constructor(httpServer) {
    this.#httpServer = httpServer;
    // Without a listener nobody would answer a plain request.
    const hasNoApp = () => httpServer.listenerCount('request') === 0;
    this.#filter = new UpgradeFilter(httpServer, (req) => asksForWebSocket(req) || this.#hasOthers || hasNoApp());
    this.#http2 = speaksHttp2(httpServer) ? new Http2Requests(httpServer, (asked) => this.#hearStream(asked)) : null;
  }

  /**
   * @param {import('node:http').Server} httpServer
   * @param {object} server
   * @param {Claim} claim
   * @returns {() => void} undoes it
   */
  static attach(httpServer, server, claim) {
    const attachment = attachments.get(httpServer) ?? new Attachment(httpServer);
    attachments.set(httpServer, attachment);
    attachment.#add(server, claim);
    return () => attachment.#delete(server);
  }

  /** @param {object} server @param {Claim} claim */
  #add(server, claim) {
    if (this.#claims.size === 0) {
      this.#httpServer.on('upgrade', this.#upgrade);
      this.#filter.begin();
      this.#http2?.begin();
    }
    this.#claims.set(server, claim);
  }

  /** @param {object} server */
  #delete(server) {
    this.#claims.delete(server);
    if (this.#claims.size === 0) {
      this.#httpServer.off('upgrade', this.#upgrade);
      this.#filter.end();
      this.#http2?.end();
    }
  }

  /** The `'upgrade'` listeners of all copies of the module. @returns {OurListener[]} */
  get #ours() {
    return /** @type {OurListener[]} */ (this.#httpServer.listeners('upgrade')).filter((one) => kWants in one);
  }

  /** Whether the app has an `'upgrade'` listener of its own. */
  get #hasOthers() {
    return this.#httpServer.listenerCount('upgrade') > this.#ours.length;
  }

  /** Which `Server` takes a request. @param {{ url?: string }} req @returns {Claim | undefined} */
  #claimOf(req) {
    const path = pathOf(req);
    const claims = [...this.#claims.values()];
    return (
      claims.find((one) => path !== null && one.path() === withSlash(path)) ?? claims.find((one) => one.path() === null)
    );
  }

  /** @param {{ url?: string }} req @returns {number} */
  #wants(req) {
    const claim = this.#claimOf(req);
    if (claim === undefined) return NOT;
    return claim.path() === null ? ANY : EXACTLY;
  }

  /**
   * Whether it is this copy that answers a request: the first one to hear of it decides that for all.
   *
   * @param {{ url?: string }} req
   * @param {object & { [kOwner]?: OurListener }} shared what all of them hear of: over HTTP/2 the stream
   */
  #owns(req, shared = req) {
    const ours = this.#ours;
    if (ours.length > 1 && shared[kOwner] === undefined) {
      const wants = ours.map((one) => one[kWants](req));
      const value = ours[wants.indexOf(Math.max(...wants))];
      Object.defineProperty(shared, kOwner, { value });
    }
    return (shared[kOwner] ?? this.#upgrade) === this.#upgrade;
  }

  /** @param {IncomingMessage} req @param {Duplex} socket @param {Buffer} head */
  #hear(req, socket, head) {
    if ((!asksForWebSocket(req) && this.#hasOthers) || !this.#owns(req)) {
      return;
    }
    const claim = this.#claimOf(req);
    if (claim !== undefined) {
      claim.take(req, socket, head);
    } else if (!this.#hasOthers) {
      // With a listener of the app's own it may be for that one.
      refuse(req, socket, targetFault(req) ?? new Refusal(404, 'There is no WebSocket at this path'));
    }
  }

  /**
   * The same for one that has come by a door. There is no other listener, and it asks for a WebSocket.
   *
   * @param {Arrival} arrival
   */
  #arrive(arrival) {
    const claim = this.#claimOf(arrival);
    if (claim === undefined) this.#hear(arrival.req, arrival.socket, NOTHING);
    else claim.arrive(arrival);
  }

  /**
   * The same for one that has come over HTTP/2.
   *
   * @param {import('./http2-requests.js').Asked} asked
   * @returns {boolean} whether nobody has it, of whatever copy
   */
  #hearStream(asked) {
    const { request, stream } = asked;
    if (!this.#owns(asked, stream)) {
      return false;
    }
    const claim = this.#claimOf(asked);
    claim?.take(request(), stream);
    return claim === undefined;
  }

  /** What hears the upgrades. */
  #upgrade = Object.assign(
    (/** @type {IncomingMessage} */ req, /** @type {Duplex} */ socket, /** @type {Buffer} */ head) =>
      this.#hear(req, socket, head),
    {
      [kWants]: (/** @type {{ url?: string }} */ req) => this.#wants(req),
      [kArrives]: (/** @type {Arrival} */ arrival) => this.#arrive(arrival),
    },
  );
}

/**
 * Only a server of HTTP/2 has settings.
 *
 * @param {object} httpServer
 * @returns {httpServer is import('node:http2').Http2Server}
 */
function speaksHttp2(httpServer) {
  return 'updateSettings' in httpServer && typeof httpServer.updateSettings === 'function';
}

/** As the `url` of a `Base` has it. @param {string} path */
function withSlash(path) {
  return path.endsWith('/') ? path : `${path}/`;
}

module.exports = { Attachment };
