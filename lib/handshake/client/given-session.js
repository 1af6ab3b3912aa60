'use strict';

const { nextTick, setTimeout } = require('../../util/clock.js');
const { peerError } = require('../../util/errors.js');
const { ignore } = require('../server/refusal.js');

/** @typedef {import('node:http2').ClientHttp2Session} ClientHttp2Session */

/**
 * A session that the app has made, and closes itself.
 *
 * @implements {Ways}
 * @typedef {import('./types').Ways} Ways
 */
class GivenSession {
  #session;

  /** @param {ClientHttp2Session} session */
  constructor(session) {
    this.#session = session;
  }

  /** It leads to one place. */
  get isGiven() {
    return true;
  }

  /** It is known to speak HTTP/2. */
  takes() {
    return true;
  }

  /**
   * @param {import('./target.js').Target} target
   * @param {object} _connect nothing: it is connected
   * @param {import('./types').Callback} callback
   * @returns {() => void}
   */
  take({ secure }, _connect, callback) {
    const session = this.#session;
    return whenSettled(session, () => {
      const fault = faultOf(session, secure);
      if (fault === null) {
        callback(null, { session, leave: ignore });
      } else {
        const message = `The session that the "http2" option gives ${fault}`;
        callback(peerError(message, { code: 'ERR_WS_UNSUPPORTED_HTTP2' }));
      }
    });
  }
}

/**
 * Who waits to know what a session's server has set: it is asked once for all of them.
 *
 * @type {WeakMap<ClientHttp2Session, Set<() => void>>}
 */
const waiting = new WeakMap();

/** How long until a server is asked again, in ms, if the app has as many pings under way as Node allows. */
const AGAIN = 50;

/**
 * Waits until it is known what a server has set. Its settings come before all else that it says, such as the answer to
 * a ping.
 *
 * @param {ClientHttp2Session} session
 * @param {() => void} then called once, never before this returns; also if the session is closed
 * @returns {() => void} undoes it
 */
function whenSettled(session, then) {
  const known = waiting.get(session);
  const waiters = known ?? new Set();
  waiters.add(then);
  if (known === undefined) {
    waiting.set(session, waiters);
    ask(session, waiters);
  }
  return () => void waiters.delete(then);
}

/**
 * @param {ClientHttp2Session} session
 * @param {Set<() => void>} waiters who hear of it
 */
function ask(session, waiters) {
  let isDone = false;
  const done = () => {
    if (isDone) return;
    isDone = true;
    session.off('remoteSettings', done).off('close', done).off('connect', ping);
    waiting.delete(session);
    for (const then of waiters) nextTick(() => waiters.delete(then) && then());
  };
  const ping = () => {
    if (isDone) return;
    if (!isUsable(session) || session.remoteSettings.enableConnectProtocol) done();
    else session.ping((/** @type {Error | null} */ error) => (error ? setTimeout(ping, AGAIN).unref() : done()));
  };
  session.on('remoteSettings', done).on('close', done);
  if (session.connecting && !session.destroyed) session.on('connect', ping);
  else ping();
}

/** @param {ClientHttp2Session} session */
function isUsable({ closed, destroyed }) {
  return !closed && !destroyed;
}

/**
 * Why a session can carry no WebSocket.
 *
 * @param {ClientHttp2Session} session
 * @param {boolean} secure whether it is to be over TLS
 * @returns {string | null}
 */
function faultOf(session, secure) {
  if (!isUsable(session)) {
    return 'is closed';
  }
  if (session.remoteSettings.enableConnectProtocol !== true) {
    return 'is to a server that accepts no WebSockets over HTTP/2 (SETTINGS_ENABLE_CONNECT_PROTOCOL is not set)';
  }
  return session.encrypted === secure
    ? null
    : `is ${secure ? 'not ' : ''}over TLS, and the URL is ${secure ? '' : 'not'}`;
}

module.exports = { GivenSession };
