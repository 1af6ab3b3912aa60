'use strict';

const { kOnlyParsers } = require('./front/door.js');

/** Where Node's HTTP servers keep the parsers of the connections that are open. */
const CONNECTIONS = 'http.server.connections';

/** @typedef {import('node:http').IncomingMessage} IncomingMessage */

/**
 * What an HTTP server of Node has and does not document.
 *
 * @typedef {import('node:http').Server & { shouldUpgradeCallback?: (req: IncomingMessage) => boolean }} HttpServer
 */

/**
 * A parser of Node's: what it calls with each request.
 *
 * @typedef {object} Parser
 * @property {((req: IncomingMessage & { upgrade?: boolean }, ...rest: unknown[]) => unknown) | null} onIncoming
 */

/**
 * Has an HTTP server treat requests that offer another protocol as it does if nobody hears its upgrades: they are
 * plain requests, and its `'request'` listener answers them. Clients such as `curl --http2` send them.
 */
class UpgradeFilter {
  #httpServer;
  #takes;
  #isOn = false;
  /** What was there before, while ours is there, in a Node that asks whether a request is upgraded (22.21, 24.9).
   *  @type {((req: IncomingMessage) => boolean) | undefined} */
  #shouldUpgrade;
  /** What hears the requests of each parser of an older one. @type {WeakMap<Parser, Parser['onIncoming']>} */
  #filtered = new WeakMap();

  /**
   * @param {HttpServer} httpServer
   * @param {(req: IncomingMessage) => boolean} takes whether an `'upgrade'` listener takes a request
   */
  constructor(httpServer, takes) {
    this.#httpServer = httpServer;
    this.#takes = takes;
  }

  begin() {
    const httpServer = this.#httpServer;
    this.#isOn = true;
    if (typeof httpServer.shouldUpgradeCallback === 'function') {
      if (this.#shouldUpgrade === undefined) {
        this.#shouldUpgrade = httpServer.shouldUpgradeCallback;
        httpServer.shouldUpgradeCallback = this.#decide;
      }
      return;
    }
    httpServer.on('connection', this.#connected);
    httpServer.on('secureConnection', this.#connected);
    const key = Object.getOwnPropertySymbols(httpServer).find(({ description }) => description === CONNECTIONS);
    const open = /** @type {{ all(): Parser[] } | undefined} */ (key && Reflect.get(httpServer, key));
    for (const parser of open?.all() ?? []) this.#filter(parser);
  }

  end() {
    const httpServer = this.#httpServer;
    this.#isOn = false;
    if (httpServer.shouldUpgradeCallback === this.#decide) {
      httpServer.shouldUpgradeCallback = this.#shouldUpgrade;
      this.#shouldUpgrade = undefined;
    }
    httpServer.off('connection', this.#connected);
    httpServer.off('secureConnection', this.#connected);
  }

  /**
   * If somebody has put a function of their own around this one, it stays, and changes nothing after `end`.
   *
   * @param {IncomingMessage} req
   */
  #decide = (req) => {
    const isUpgrade = this.#shouldUpgrade?.call(this.#httpServer, req) ?? false;
    return isUpgrade && (!this.#isOn || this.#takes(req));
  };

  #connected = Object.assign(
    (/** @type {object} */ socket) => {
      const { parser } = /** @type {{ parser?: Parser }} */ (socket);
      // None yet if the connection is still to speak TLS.
      if (parser) this.#filter(parser);
    },
    { [kOnlyParsers]: true },
  );

  /** @param {Parser} parser */
  #filter(parser) {
    const { onIncoming } = parser;
    // Node uses a parser again for another connection.
    if (typeof onIncoming !== 'function' || this.#filtered.get(parser) === onIncoming) {
      return;
    }
    /** @type {Parser['onIncoming']} */
    const filtered = (req, ...rest) => {
      if (req.upgrade && req.method !== 'CONNECT' && this.#isOn && !this.#takes(req)) req.upgrade = false;
      return onIncoming.call(parser, req, ...rest);
    };
    this.#filtered.set(parser, filtered);
    parser.onIncoming = filtered;
  }
}

module.exports = { UpgradeFilter };
