'use strict';

const { Refusal, refuse } = require('../handshake/server/refuse.js');
const { asksForWebSocket, pathOf, targetFault } = require('../handshake/server/upgrade-request.js');
const { UpgradeFilter } = require('./upgrade-filter.js');

/** @typedef {import('node:http').IncomingMessage} IncomingMessage */
/** @typedef {import('node:stream').Duplex} Duplex */

/** @type {WeakMap<import('node:http').Server, Attachment>} */
const attachments = new WeakMap();

/**
 * What hears an HTTP server's upgrades for all the `Server`s on it.
 */
class Attachment {
  #httpServer;
  /** @type {Map<object, Claim>} by their `Server`, in the order in which they began to listen */
  #claims = new Map();
  #filter;

  /**
   * Whether a path is a `Server`'s, and what it does with a request.
   *
   * @typedef {object} Claim
   * @property {() => string | null} path what it takes; `null` for every path
   * @property {(req: IncomingMessage, socket: Duplex, head: Buffer) => void} take
   */

  /** @param {import('node:http').Server} httpServer */
  constructor(httpServer) {
    this.#httpServer = httpServer;
    // Without a listener nobody would answer a plain request.
    const hasNoApp = () => httpServer.listenerCount('request') === 0;
    this.#filter = new UpgradeFilter(httpServer, (req) => asksForWebSocket(req) || this.#hasOthers || hasNoApp());
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
    }
    this.#claims.set(server, claim);
  }

  /** @param {object} server */
  #delete(server) {
    this.#claims.delete(server);
    if (this.#claims.size === 0) {
      this.#httpServer.off('upgrade', this.#upgrade);
      this.#filter.end();
    }
  }

  /** Whether the app has an `'upgrade'` listener of its own. */
  get #hasOthers() {
    return this.#httpServer.listenerCount('upgrade') > 1;
  }

  /** @type {Claim['take']} */
  #upgrade = (req, socket, head) => {
    if (!asksForWebSocket(req) && this.#hasOthers) {
      return;
    }
    const path = pathOf(req);
    const claims = [...this.#claims.values()];
    const claim =
      claims.find((one) => path !== null && one.path() === withSlash(path)) ??
      claims.find((one) => one.path() === null);
    if (claim !== undefined) {
      claim.take(req, socket, head);
    } else if (!this.#hasOthers) {
      // With a listener of the app's own it may be for that one.
      refuse(req, socket, targetFault(req) ?? new Refusal(404, 'There is no WebSocket at this path'));
    }
  };
}

/** As the `url` of a `Base` has it. @param {string} path */
function withSlash(path) {
  return path.endsWith('/') ? path : `${path}/`;
}

module.exports = { Attachment };
