'use strict';

const net = require('node:net');
const tls = require('node:tls');

const { nextTick, setTimeout } = require('../../util/clock.js');
const { peerError } = require('../../util/errors.js');

/** What the server is asked to choose from (RFC 7301). */
const PROTOCOLS = ['h2', 'http/1.1'];

/** How long, in ms, the server may take to end the connection of a session that is closed. */
const PATIENCE = 2_000;

/** @typedef {import('node:http2').ClientHttp2Session} ClientHttp2Session */

/** @typedef {import('./types').Place} Place */
/** @typedef {import('./types').Waiter} Waiter */

/**
 * A connection to a server over TLS, which becomes a session of HTTP/2 if the server takes WebSockets that way.
 */
class SharedSession {
  #place;
  #over;
  #socket;
  /** Once it is known to carry WebSockets. @type {ClientHttp2Session | null} */
  #session = null;
  /** @type {Set<Waiter>} */
  #waiters = new Set();
  /** Streams that it has. */
  #uses = 0;
  #isOver = false;

  /**
   * @param {Place} place
   * @param {() => void} over called once, when it serves nobody any more
   */
  constructor(place, over) {
    this.#place = place;
    this.#over = over;
    this.#socket = connectTo(place);
    this.#socket.on('error', (error) => this.#fail(error));
    this.#socket.once('close', () => this.#fail());
    this.#socket.once('secureConnect', () => this.#secured());
  }

  /** Whether it is for a place, and has room. @param {Place} place */
  serves(place) {
    return !this.#isOver && (this.#session === null || this.#hasRoom) && isSamePlace(this.#place, place);
  }

  /**
   * @param {Waiter} waiter
   * @returns {() => void} waits no longer
   */
  wait(waiter) {
    this.#waiters.add(waiter);
    if (this.#session !== null) nextTick(() => this.#serve(waiter));
    return () => {
      if (this.#waiters.delete(waiter)) this.#look();
    };
  }

  /** TLS is spoken: the server has said which version of HTTP it is. */
  #secured() {
    const socket = this.#socket;
    if (socket.alpnProtocol !== 'h2') {
      const [first] = this.#waiters;
      this.#end();
      this.#tell((waiter) => waiter.callback(null, waiter === first ? { socket } : {}));
      return;
    }
    const { authority } = this.#place.target;
    const options = { createConnection: () => socket, settings: { enablePush: false } };
    const session = require('node:http2').connect(`https://${authority}`, options);
    session.on('error', (error) => this.#fail(error));
    session.once('goaway', () => this.#end());
    session.once('close', () => this.#fail());
    session.once('remoteSettings', (settings) => this.#settled(session, settings));
  }

  /** @param {ClientHttp2Session} session @param {import('node:http2').Settings} settings that the server has */
  #settled(session, { enableConnectProtocol, maxConcurrentStreams = 1 }) {
    if (this.#isOver) {
      return;
    }
    this.#session = session;
    if (enableConnectProtocol && maxConcurrentStreams > 0) {
      this.#tell((waiter) => this.#serve(waiter));
    } else {
      this.#end();
      this.#tell((waiter) => waiter.callback(null, {}));
    }
    this.#look();
  }

  /** @param {Waiter} waiter */
  #serve(waiter) {
    if (!this.#waiters.delete(waiter)) {
      return;
    }
    const session = this.#session;
    if (session === null || this.#isOver || !this.#hasRoom) {
      waiter.again();
      // It may have been the last that kept the session.
      this.#look();
      return;
    }
    this.#uses++;
    const leave = () => {
      this.#uses--;
      this.#look();
    };
    waiter.callback(null, { session, leave });
  }

  /** Whether a stream more may be opened. */
  get #hasRoom() {
    const { closed, destroyed, remoteSettings } = /** @type {ClientHttp2Session} */ (this.#session);
    return !closed && !destroyed && this.#uses < (remoteSettings.maxConcurrentStreams ?? Infinity);
  }

  /** It serves nobody any more: what it has goes on. */
  #end() {
    if (!this.#isOver) {
      this.#isOver = true;
      this.#over();
    }
  }

  /** It has come to nothing for those who wait. @param {Error} [error] */
  #fail(error) {
    this.#end();
    const lost = peerError('The connection was closed before it could be used', { code: 'ECONNRESET' });
    this.#tell((waiter) => waiter.callback(error ?? lost));
  }

  /** @param {(waiter: Waiter) => void} tell what is done for each who waits by now */
  #tell(tell) {
    for (const waiter of [...this.#waiters]) {
      if (this.#session === null || this.#isOver) this.#waiters.delete(waiter);
      tell(waiter);
    }
  }

  /** Closes it, if nobody needs it. */
  #look() {
    if (this.#waiters.size > 0 || this.#uses > 0) {
      return;
    }
    this.#end();
    const socket = this.#socket;
    if (this.#session === null) {
      socket.destroy();
      return;
    }
    this.#session.close();
    // The app has no use for it any more: neither the process nor the connection waits for the server.
    socket.unref();
    setTimeout(() => socket.destroy(), PATIENCE).unref();
  }
}

/** @param {Place} place */
function connectTo({ target: { where }, connect }) {
  const { host, port, socketPath } = where;
  const to = socketPath === undefined ? { host, port } : { path: socketPath };
  // As https.request does it: an IP address is no name (RFC 6066 §3).
  const servername = net.isIP(host ?? '') === 0 ? (host ?? 'localhost') : '';
  return tls.connect({ servername, ...connect, ...to, ALPNProtocols: PROTOCOLS });
}

/**
 * Whether a session to one place is one to the other: who is trusted there, and who we are, is also the same.
 *
 * @param {Place} one
 * @param {Place} other
 */
function isSamePlace(one, other) {
  const [first, second] = [one, other].map(({ target: { where }, connect }) => ({ ...where, ...connect }));
  const names = new Set([...Object.keys(first), ...Object.keys(second)]);
  return [...names].every((name) => Reflect.get(first, name) === Reflect.get(second, name));
}

module.exports = { SharedSession };
