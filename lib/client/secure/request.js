'use strict';

const net = require('node:net');
const tls = require('node:tls');

const { requestHttp1 } = require('../../handshake/client/http1-request.js');
const { ignore } = require('../../handshake/server/refusal.js');
const { Entrance } = require('../../transport/raw/entrance.js');
const { legacyOf, secure } = require('../../transport/raw/secured.js');
const { openSecured } = require('../../transport/socket/dispatch.js');
const { isTracing, trace } = require('../../util/trace.js');
const { contextOf } = require('./contexts.js');
const { whyNode } = require('./plain.js');

/** @typedef {import('../../handshake/client/http1-request.js').Hears} Hears */
/** @typedef {import('../../handshake/client/request-options.js').Settings} Settings */
/** @typedef {import('../../handshake/client/target.js').Target} Target */
/** @typedef {import('./contexts.js')} Contexts */
/** @typedef {ReturnType<Contexts['contextOf']>} ClientContext */

/** The one of Node.js. It looks at the certificate alone, and not at who has issued it. */
const { checkServerIdentity } = tls;

/** Options of `net.connect`. */
const OF_NET = ['autoSelectFamily', 'autoSelectFamilyAttemptTimeout', 'family', 'localAddress', 'lookup'];

/**
 * Asks for a WebSocket over TLS, which a shard does if it can.
 *
 * @param {Target} target
 * @param {Settings} settings
 * @param {Hears} hears
 * @returns {{ destroy(): void }} gives it up
 */
function requestSecured(target, settings, hears) {
  const { place, context, reason } = placeOf(target, settings);
  if (context !== null && !context.left.has(place.server))
    return new SecureRequest(target, settings, hears, place, context);
  if (isTracing) trace('%s goes by the TLS of Node.js: %s', target.href, reason ?? 'it did before');
  return requestHttp1(target, settings, hears);
}

/** Where is connected to: `name` is whose certificate it has to be, or the IP address. @typedef {{ server: string, name: string }} Place */

/**
 * @param {Pick<Target, 'where'>} target
 * @param {Settings} settings
 * @returns {{ place: Place, context: ClientContext | null, reason: string | null }} without a context, why Node's TLS does it
 */
function placeOf({ where }, settings) {
  const { host = '', port } = where;
  const { servername } = settings.connect;
  const name = servername ?? host;
  const place = { server: `${host}:${port} ${name}`, name: String(name) };
  let reason = whyNode(settings);
  if (reason === null) {
    try {
      if (where.socketPath !== undefined) reason = 'it is a Unix-domain socket';
      else if (!isPlainName(name, servername !== undefined)) reason = 'the name of the server is not plain';
      else return { place, context: contextOf(settings.connect), reason };
    } catch (error) {
      reason = /** @type {Error} */ (error).message;
    }
  }
  return { place, context: null, reason };
}

/**
 * @param {unknown} name
 * @param {boolean} isHost whether it may be no IP address
 * @returns {boolean} whether it means the same to Node's TLS and to Rust's
 */
function isPlainName(name, isHost) {
  if (typeof name !== 'string') return false;
  if (net.isIP(name) !== 0) return !isHost && !name.includes('%');
  return name.length <= 253 && /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*$/i.test(name);
}

/**
 * @param {string} name of the server
 * @param {Buffer[]} shown its certificates
 * @param {ClientContext} context
 * @param {unknown} check what the app has given to look at them
 * @returns {Error | null} why it is not that server, in Node's words or those of the app
 */
function whyNotThis(name, shown, { roots }, check) {
  const look = typeof check === 'function' ? check : tls.checkServerIdentity;
  try {
    const why = look(name, legacyOf(shown, look === checkServerIdentity ? null : roots));
    return why instanceof Error ? why : why ? new Error(String(why)) : null;
  } catch (error) {
    // What is in the certificate cannot be read, or the app's function has failed.
    return error instanceof Error ? error : new Error(String(error));
  }
}

/**
 * Who does the TLS of connections with these settings, and why not Rust.
 *
 * @param {Settings} settings
 * @returns {{ provider: 'rustls' | 'node', reason: string | null }}
 */
function providerOf(settings) {
  const { reason } = placeOf({ where: { host: 'localhost' } }, settings);
  const why = settings.http2 === null ? reason : 'it asks over HTTP/2';
  return { provider: why === null ? 'rustls' : 'node', reason: why };
}

/** A connection whose TLS a shard does, and then the request over it. */
class SecureRequest {
  #target;
  #settings;
  #hears;
  #place;
  #context;
  #socket;
  #isConnected = false;
  /** The request that is under way, once there is one. @type {{ destroy(): void } | null} */
  #request = null;
  /** Nothing of the TLS handshake is of interest any more. */
  #isOver = false;

  /**
   * @param {Target} target
   * @param {Settings} settings
   * @param {Hears} hears
   * @param {Place} place
   * @param {ClientContext} context
   */
  constructor(target, settings, hears, place, context) {
    this.#target = target;
    this.#settings = settings;
    this.#hears = hears;
    this.#place = place;
    this.#context = context;
    const { connect } = settings;
    const given = OF_NET.filter((name) => connect[name] !== undefined).map((name) => [name, connect[name]]);
    const options = { ...Object.fromEntries(given), ...target.where, noDelay: true };
    this.#socket = net.connect(/** @type {net.NetConnectOpts} */ (options));
    this.#socket.once('connect', this.#connected);
    this.#socket.on('error', this.#failed);
    this.#socket.on('end', this.#ended);
    this.#socket.on('close', this.#ended);
  }

  /** Gives it up. */
  destroy() {
    this.#end();
    this.#socket.destroy();
    this.#request?.destroy();
  }

  /** The listeners are others' from now on. */
  #end() {
    if (this.#isOver) return;
    this.#isOver = true;
    const socket = this.#socket;
    socket.off('connect', this.#connected);
    socket.on('error', ignore);
    socket.off('error', this.#failed);
    socket.off('end', this.#ended);
    socket.off('close', this.#ended);
  }

  #connected = () => {
    this.#isConnected = true;
    const { number } = this.#context;
    const name = Buffer.from(this.#place.name);
    try {
      const entrance = new Entrance(this.#socket, (fd) => openSecured(fd, number, name), {
        hello: ignore,
        secured: () => this.#secured(entrance),
        failed: (error) => {
          if (this.#request !== null) this.#socket.destroy(error);
          else this.#leave(error);
        },
      });
    } catch (error) {
      this.#askByNode(/** @type {Error} */ (error));
    }
  };

  /** What Rust does not trust, or cannot speak, Node's TLS decides on. @param {Error} error */
  #leave(error) {
    if (this.#isOver) return;
    this.#context.left.add(this.#place.server);
    this.#askByNode(error);
  }

  /** @param {Error} error why Rust's TLS does not do it @param {Hears} [hears] */
  #askByNode(error, hears = this.#hears) {
    if (isTracing) trace('%s goes by the TLS of Node.js: %j', this.#target.href, error.message);
    this.#end();
    this.#socket.destroy();
    this.#ask(hears);
  }

  /**
   * What it throws, such as an error of the app's `lookup`, is the handshake's: this is no call of the app's any more.
   *
   * @param {Hears} hears
   * @param {net.Socket} [socket] that has TLS already
   */
  #ask(hears, socket) {
    try {
      this.#request = requestHttp1(this.#target, this.#settings, hears, socket);
    } catch (error) {
      this.#socket.destroy();
      hears.failed(/** @type {Error} */ (error));
    }
  }

  /** There is no connection, or it has broken. @param {Error} error */
  #failed = (error) => {
    if (this.#isConnected) this.#gone(error);
    else this.#fail(error);
  };

  #ended = () => this.#gone(new Error('the server has ended the connection'));

  /**
   * A server may do that which speaks only what Rust does not, without an alert. It may also be about to end: it is left to Node's
   * TLS once that has brought an answer.
   *
   * @param {Error} error
   */
  #gone(error) {
    if (this.#isOver) return;
    const hears = this.#hears;
    const leave = () => this.#context.left.add(this.#place.server);
    this.#askByNode(error, {
      ...hears,
      upgraded(...upgrade) {
        leave();
        hears.upgraded(...upgrade);
      },
      answered(...answer) {
        leave();
        hears.answered(...answer);
      },
    });
  }

  /** @param {Error} error */
  #fail(error) {
    if (this.#isOver) return;
    this.#end();
    this.#socket.destroy();
    this.#hears.failed(error);
  }

  /** @param {Entrance} entrance */
  #secured(entrance) {
    const { facts } = entrance;
    // Without any the server has gone by now, which comes next.
    if (facts === undefined || this.#isOver) return;
    const { own, roots } = this.#context;
    if (own !== null && facts.protocol === 'TLSv1.2') {
      this.#leave(new Error('a server of TLS 1.2 may ask for the certificate of the client later'));
      return;
    }
    const peers = entrance.peerCertificates;
    const { name } = this.#place;
    const error = whyNotThis(name, peers, this.#context, this.#settings.connect.checkServerIdentity);
    // The app, which was asked, may have given it up.
    if (this.#isOver) return;
    if (error !== null) {
      this.#fail(error);
      return;
    }
    const socket = this.#socket;
    this.#end();
    const servername = net.isIP(name) === 0 ? name : null;
    secure(socket, { ...facts, servername, own, peers, roots });
    this.#ask(this.#hears, socket);
  }
}

module.exports = { providerOf, requestSecured };
