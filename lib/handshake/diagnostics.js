'use strict';

const { channel } = require('node:diagnostics_channel');

const starts = channel('websockets:handshake:start');
const ends = channel('websockets:handshake:end');

/**
 * @typedef {import('../../index').UpgradeRequest} UpgradeRequest
 * @typedef {import('../../index').ServerHandshakeMessage} ServerHandshakeMessage
 * @typedef {import('../../index').ClientHandshakeMessage} ClientHandshakeMessage
 * @typedef {import('../../index').HandshakeOutcome} HandshakeOutcome
 * @typedef {{ remoteAddress: string | undefined, encrypted: boolean }} Peer
 */

/** Those of servers that have begun and are not decided. @type {WeakMap<UpgradeRequest, ServerHandshakeMessage>} */
const underWay = new WeakMap();

/** Whether anybody hears of handshakes. */
const isHeard = () => starts.hasSubscribers || ends.hasSubscribers;

/**
 * A server begins to look at a request.
 *
 * @param {UpgradeRequest} request
 * @param {string | undefined} route the path of the `Server`'s url
 * @param {Peer} [known] what is known of the peer; otherwise its socket says that
 */
function requestBegan(request, route, known) {
  if (!isHeard()) return;
  const { remoteAddress, encrypted } = known ?? peerOf(request.socket);
  /** @type {ServerHandshakeMessage} */
  const message = { role: 'server', request, route, remoteAddress, encrypted };
  underWay.set(request, message);
  starts.publish(message);
}

/**
 * @param {UpgradeRequest['socket'] | null | undefined} socket some requests have none
 * @returns {Peer}
 */
function peerOf(socket) {
  const encrypted = Boolean(socket && 'encrypted' in socket && socket.encrypted);
  return { remoteAddress: socket?.remoteAddress, encrypted };
}

/**
 * A server has answered a request, or dropped it. Some are refused before anything else.
 *
 * @param {UpgradeRequest} request
 * @param {HandshakeOutcome} outcome
 */
function requestEnded(request, outcome) {
  if (!isHeard()) return;
  if (!underWay.has(request)) requestBegan(request, undefined);
  const message = underWay.get(request);
  underWay.delete(request);
  ends.publish(Object.assign(/** @type {ServerHandshakeMessage} */ (message), outcome));
}

/**
 * A request was to be upgraded, but its socket was over before it was answered.
 *
 * @param {UpgradeRequest} request nothing happens if its end was published
 */
function requestDropped(request) {
  if (underWay.has(request)) requestEnded(request, { code: 'ERR_WS_UPGRADE_ABORTED' });
}

/**
 * A client begins a handshake. Who hears of it may add headers to the request.
 *
 * @param {string} url
 * @returns {ClientHandshakeMessage | null} `null` if nobody hears of it
 */
function clientBegan(url) {
  if (!isHeard()) return null;
  /** @type {ClientHandshakeMessage} */
  const message = { role: 'client', url, headers: {} };
  starts.publish(message);
  return message;
}

/**
 * It has come to this, over all its redirects.
 *
 * @param {ClientHandshakeMessage | null} message
 * @param {HandshakeOutcome} outcome
 */
function clientEnded(message, outcome) {
  if (message !== null) ends.publish(Object.assign(message, outcome));
}

module.exports = { clientBegan, clientEnded, requestBegan, requestDropped, requestEnded };
