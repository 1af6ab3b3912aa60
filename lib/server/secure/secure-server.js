'use strict';

const https = require('node:https');

const { Context, identityFrom } = require('./contexts.js');
const { identityOf, termsOf, whyNever } = require('./offer.js');
const { begunOf } = require('../front/begun.js');
const { drop } = require('../front/drop.js');
const { acceptByDoors, isHeard, isShort } = require('../front/listening.js');
const { secure, serverFactsOf } = require('../../transport/raw/secured.js');
const { integer } = require('../../options/check.js');
const native = require('../../native/native.js');
const { Entrance } = require('../../transport/raw/entrance.js');
const { openRaw } = require('../../transport/socket/dispatch.js');
const { whyNot } = require('../../transport/net-socket/takeover.js');
const { clearTimeout, nextTick, setTimeout } = require('../../util/clock.js');
const { isTracing, trace } = require('../../util/trace.js');

/** ms that a TLS handshake may take, as in Node. */
const HANDSHAKE_TIMEOUT = 120_000;

/** TLS handshakes that may be under way. */
const MAX_HANDSHAKES = 10_000;

/** Events by which an app takes part in Node's handshakes. */
const OF_NODE = ['OCSPRequest', 'newSession', 'resumeSession', 'keylog'];

/** Why Node does the TLS of connections, and why it accepts them. */
const OF_CLIENTS = 'it asks its clients for certificates';
const OF_NAMES = 'its certificate depends on the name that is asked for';

const checkMost = integer(1, Number.MAX_SAFE_INTEGER, true);

/** @typedef {import('node:net').Socket} Socket */
/** @typedef {import('../front/part.js').HttpServer} HttpServer */
/** @typedef {import('node:https').Server & { requestCert?: boolean }} HttpsServer */
/** @typedef {(socket: Socket) => void} Accept */
/** Hears which context a connection gets; none is Node's TLS. @typedef {(error: Error | null, context?: Context | null) => void} Chosen */

/** @typedef {import('./offer').Identity} Identity */
/** @typedef {import('./offer').Terms} Terms */

/** Takes the connections of a `https.Server` instead of Node's TLS. */
class FrontDoor {
  #server;
  /** Those of its options that stay what they are. */
  #fixed;
  /** What Node does with an accepted socket. @type {Accept} */
  #byNode;
  /** Why Node does the TLS as long as the server is there. */
  #never;
  /** Its identity where no name is asked for, and how it speaks. @type {{ identity: Identity, terms: Terms } | null} */
  #offer = null;
  /** The same for Rust; none if Node does the TLS. @type {Context | null} */
  #context = null;
  /** Why Node does the TLS. @type {string | null} */
  #reason = null;
  /** Names that have their own. @type {{ name: RegExp, identity: Identity | null }[]} */
  #names = [];
  /** The contexts of names, `null` where Rust cannot use one. @type {WeakMap<Identity, Context | null>} */
  #known = new WeakMap();
  #handshakes = 0;
  #maxHandshakes;
  /** By which connections come, if Rust accepts them. @type {() => import('../front/door.js').Door | null} */
  #door = () => null;

  /**
   * @param {HttpsServer} server
   * @param {Record<string, any>} options which nobody else has
   * @param {Accept} byNode
   */
  constructor(server, options, byNode) {
    this.#server = server;
    const { ALPNProtocols, SNICallback, handshakeTimeout, sessionTimeout } = options;
    this.#fixed = { ALPNProtocols, SNICallback, handshakeTimeout, sessionTimeout };
    this.#byNode = byNode;
    this.#never = whyNever(options);
    this.#maxHandshakes = checkMost('The "maxHandshakes" option', options.maxHandshakes ?? MAX_HANDSHAKES);
    this.replace(options);
  }

  /** Has Rust accept the connections. */
  openDoors() {
    const server = /** @type {HttpServer} */ (/** @type {unknown} */ (this.#server));
    const [byNode] = server.listeners('secureConnection');
    this.#door = acceptByDoors(server, {
      context: () => this.#context?.number,
      events: ['connection', 'secureConnection', ...OF_NODE],
      whyNot: () => this.#whyNotByDoors(),
      whyHeard: () => {
        const hears = isHeard(server, 'connection', this.accept) || isHeard(server, 'secureConnection', byNode);
        if (hears) return 'the app hears of its connections';
        return this.#hasNames ? OF_NAMES : (this.#reason ?? this.#whyNodeToday());
      },
    });
    let { requestCert } = this.#server;
    Object.defineProperty(this.#server, 'requestCert', {
      configurable: true,
      enumerable: true,
      get: () => requestCert,
      set: (value) => {
        requestCert = value;
        if (value) this.#door()?.handOnAll(OF_CLIENTS);
        else this.#door()?.readHeads();
      },
    });
  }

  /** What a door cannot do, which takes part in no handshake. @returns {string | null} */
  #whyNotByDoors() {
    if (isShort(this.#fixed.handshakeTimeout)) return 'its "handshakeTimeout" is short';
    return this.#maxHandshakes < MAX_HANDSHAKES ? 'it has a "maxHandshakes" of its own' : null;
  }

  /** @param {any} options of `setSecureContext` */
  replace(options) {
    this.#offer = null;
    this.#fixed.sessionTimeout = options.sessionTimeout || this.#fixed.sessionTimeout;
    try {
      if (this.#never === null) this.#offer = { identity: identityOf(options), terms: termsOf(options, this.#fixed) };
      this.#reason = this.#never;
    } catch (error) {
      this.#reason = /** @type {Error} */ (error).message;
    }
    this.renew();
  }

  /** The ticket keys are others. */
  renew() {
    this.#known = new WeakMap();
    this.#context = null;
    if (this.#offer !== null) {
      const { identity, terms } = this.#offer;
      try {
        this.#context = new Context(identity, terms, this.#server.getTicketKeys());
        this.#reason = null;
      } catch (error) {
        this.#reason = /** @type {Error} */ (error).message;
      }
    }
    if (this.#context !== null) this.#door()?.secure(this.#context.number);
    else this.#door()?.handOnAll(/** @type {string} */ (this.#reason));
    if (this.#context === null && isTracing) trace('a server goes by the TLS of Node.js: %s', this.#reason);
  }

  /** Who does the TLS of the connections that come, and why not Rust. */
  get tls() {
    const reason = this.#reason ?? this.#whyNodeToday();
    return { provider: reason === null ? 'rustls' : 'node', reason };
  }

  /** What the app takes part in today. @returns {string | null} */
  #whyNodeToday() {
    // OpenSSL decides which clients are trusted, by rules that no other library has all of.
    if (this.#server.requestCert) return OF_CLIENTS;
    const event = OF_NODE.find((name) => this.#server.listenerCount(name) > 0);
    return event === undefined ? null : `it has a listener of '${event}'`;
  }

  /** @param {string} name may begin with a wildcard @param {any} context */
  add(name, context) {
    const pattern = name.replace(/([.^$+?\-\\[\]{}])/g, '\\$1').replace(/\*/g, '[^.]*');
    this.#names.push({ name: new RegExp(`^${pattern}$`), identity: identityFrom(context) });
    this.#door()?.handOnAll(OF_NAMES);
  }

  /** Whether a context follows the name that a client asks for. */
  get #hasNames() {
    return Boolean(this.#fixed.SNICallback) || this.#names.length > 0;
  }

  /** Takes a socket that was accepted. @type {Accept} */
  accept = (socket) => {
    const begun = begunOf(socket);
    if (begun?.isSecured) {
      // After `'connection'` of all that listen to it.
      nextTick(() => {
        if (socket.destroyed) return;
        begun.heard();
        this.#server.emit('secureConnection', /** @type {any} */ (socket));
      });
      return;
    }
    if (begun && socket.destroyed) {
      this.#server.emit('tlsClientError', hangUp(), /** @type {any} */ (socket));
      return;
    }
    const reason = begun ? null : this.#whyNot(socket);
    if (reason !== null) {
      if (isTracing) trace('a connection goes by the TLS of Node.js: %s', reason);
      this.#byNode.call(this.#server, socket);
      return;
    }
    if (this.#handshakes >= this.#maxHandshakes && !begun?.isDone) {
      // As for `maxConnections`.
      drop(this.#server, socket);
      return;
    }
    const number = this.#hasNames ? null : this.#context?.number;
    const handshake = new Handshake(this.#server, () => this.#handshakes--);
    this.#handshakes++;
    handshake.begin(socket, begun ? () => begun.open() : (fd) => openRaw(fd, number), {
      timeout: this.#fixed.handshakeTimeout ?? HANDSHAKE_TIMEOUT,
      choose: (name, chosen) => this.#choose(name, chosen),
      byNode: this.#byNode,
    });
  };

  /** @param {Socket} socket @returns {string | null} why Node does its TLS */
  #whyNot(socket) {
    return this.#reason ?? this.#whyNodeToday() ?? whyNotFresh(socket);
  }

  /**
   * @param {string} name that a client asks for; empty if it does not
   * @param {Chosen} chosen
   */
  #choose(name, chosen) {
    const own = this.#context;
    if (name === '') {
      chosen(null, own);
    } else if (this.#fixed.SNICallback) {
      const called = (/** @type {Error | null} */ error, /** @type {any} */ context) => {
        if (error) chosen(error);
        else if (!context) chosen(null, own);
        else chosen(null, this.#contextOf(identityFrom(context)));
      };
      try {
        this.#fixed.SNICallback.call(this.#server, name, called);
      } catch (error) {
        chosen(/** @type {Error} */ (error));
      }
    } else {
      // The latest counts, as in Node.
      const found = [...this.#names].reverse().find((one) => one.name.test(name));
      chosen(null, found === undefined ? own : this.#contextOf(found.identity));
    }
  }

  /**
   * The context of a name, which speaks as the server does.
   *
   * @param {Identity | null} identity
   * @returns {Context | null} none is Node's TLS
   */
  #contextOf(identity) {
    if (identity === null || this.#offer === null) return null;
    let context = this.#known.get(identity);
    if (context === undefined) {
      try {
        context = new Context(identity, this.#offer.terms, this.#server.getTicketKeys());
      } catch (error) {
        context = null;
        if (isTracing) trace('a name goes by the TLS of Node.js: %s', /** @type {Error} */ (error).message);
      }
      this.#known.set(identity, context);
    }
    return context;
  }
}

/** A TLS handshake that is under way. */
class Handshake {
  #server;
  #over;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #isOver = false;
  #isSecured = false;

  /** @param {HttpsServer} server @param {() => void} over is called once */
  constructor(server, over) {
    this.#server = server;
    this.#over = over;
  }

  /**
   * @param {Socket} socket
   * @param {(fd: number) => number} open makes a raw connection of it
   * @param {{ timeout: number, choose: (name: string, chosen: Chosen) => void, byNode: Accept }} how
   */
  begin(socket, open, { timeout, choose, byNode }) {
    /** @type {Entrance} */
    let entrance;
    const failed = (/** @type {Error} */ error) => this.#fail(socket, error);
    const closed = () => this.#fail(socket, hangUp());
    // Whoever hears of a failure may destroy the socket with it.
    socket.on('error', ignore);
    try {
      entrance = new Entrance(socket, open, {
        hello: (name) => {
          let isChosen = false;
          choose(name, (error, found) => {
            const problem = isChosen ? calledAgain() : error;
            isChosen = true;
            if (problem) {
              failed(problem);
              socket.destroy(this.#isSecured ? problem : undefined);
            } else if (!found) {
              this.#end(socket, closed);
              entrance.secure(null);
              byNode.call(this.#server, socket);
              // A `tls.TLSSocket` takes a `net.Socket` without a handle for one that is not connected yet.
              socket.emit('connect');
            } else {
              entrance.secure(found.number);
            }
          });
        },
        secured: () => {
          const facts = serverFactsOf(entrance.slot);
          // Without any the peer has gone by now, which comes next.
          if (facts.protocol === null || socket.destroyed || this.#isOver) return;
          this.#end(socket, closed);
          this.#isSecured = true;
          secure(socket, facts);
          this.#server.emit('secureConnection', /** @type {any} */ (socket));
        },
        failed: (error) => {
          if (this.#isOver) socket.destroy(error);
          else failed(error);
        },
      });
    } catch (error) {
      this.#fail(socket, /** @type {Error} */ (error));
      socket.destroy();
      return;
    }
    socket.on('close', closed);
    if (timeout > 0) {
      this.#timer = setTimeout(() => {
        failed(Object.assign(new Error('TLS handshake timeout'), { code: 'ERR_TLS_HANDSHAKE_TIMEOUT' }));
        socket.destroy();
      }, timeout).unref();
    }
  }

  /** @param {Socket} socket @param {() => void} closed */
  #end(socket, closed) {
    if (this.#isOver) return;
    this.#isOver = true;
    clearTimeout(this.#timer);
    socket.off('error', ignore);
    socket.off('close', closed);
    this.#over();
  }

  /** @param {Socket} socket @param {Error} error */
  #fail(socket, error) {
    if (this.#isOver) return;
    this.#isOver = true;
    clearTimeout(this.#timer);
    this.#over();
    this.#server.emit('tlsClientError', error, /** @type {any} */ (socket));
  }
}

/** Hears of an error that is reported otherwise. */
function ignore() {}

/** A callback was called more than once, in Node's words. */
function calledAgain() {
  return Object.assign(new Error('Callback called multiple times'), { code: 'ERR_MULTIPLE_CALLBACK' });
}

/** The peer has gone before the handshake was done, in Node's words. */
function hangUp() {
  return Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' });
}

/** @param {Socket} socket @returns {string | null} why its bytes cannot be handed over any more */
function whyNotFresh(socket) {
  const hasRead = socket.bytesRead > 0 || socket.readableLength > 0 || socket.writableLength > 0;
  return hasRead ? 'something was read from it, or written to it' : whyNot(socket);
}

/**
 * As `https.createServer`, but the shards do the TLS, and carry the WebSockets of these connections.
 *
 * @param {any} [options] those of `https.createServer`, and `maxHandshakes`
 * @param {(req: import('node:http').IncomingMessage, res: import('node:http').ServerResponse) => void} [requestListener]
 * @returns {HttpsServer}
 * @throws what `https.createServer` throws
 */
function createSecureServer(options, requestListener) {
  // As Node.js does: what the app does with its object from now on changes nothing.
  const given = typeof options === 'function' ? {} : { ...options };
  const server = /** @type {HttpsServer & { tls?: unknown }} */ (
    https.createServer(given, typeof options === 'function' ? options : requestListener)
  );
  const reason = whyNoDoor(server);
  if (reason !== null) {
    if (isTracing) trace('a server goes by the TLS of Node.js: %s', reason);
    return Object.assign(server, { tls: { provider: 'node', reason } });
  }
  const [byNode] = /** @type {Accept[]} */ (server.listeners('connection'));
  const front = new FrontDoor(server, given, byNode);
  server.off('connection', byNode);
  server.on('connection', front.accept);
  front.openDoors();
  Object.defineProperty(server, 'tls', { get: () => front.tls, enumerable: true });
  const { addContext, setSecureContext, setTicketKeys } = server;
  server.setSecureContext = (changed) => {
    setSecureContext.call(server, changed);
    front.replace(changed);
  };
  server.setTicketKeys = (keys) => {
    setTicketKeys.call(server, keys);
    front.renew();
  };
  server.addContext = (name, context) => {
    addContext.call(server, name, context);
    front.add(name, context);
  };
  return server;
}

/** @param {HttpsServer} server @returns {string | null} why Rust's TLS is not to be had at all */
function whyNoDoor(server) {
  if (process.versions.bun !== undefined || process.versions.deno !== undefined) return 'this is not Node.js';
  if (native.openRaw === undefined) return 'this system has no socket transport';
  return server.listenerCount('connection') === 1 ? null : 'its listeners are not those of Node.js';
}

module.exports = { createSecureServer };
