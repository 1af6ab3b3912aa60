'use strict';

const { isHttp2Stream } = require('../../util/http2-stream.js');
const { requestEnded } = require('../diagnostics.js');
const { Http1Opening } = require('./http1-opening.js');
const { Http2Opening } = require('./http2-opening.js');
const { Refusal } = require('./refusal.js');

/** @typedef {import('node:stream').Duplex} Duplex */
/** @typedef {import('../../../index').UpgradeRequest} UpgradeRequest */

/**
 * The opening handshake that a request begins.
 *
 * @param {UpgradeRequest} req
 * @param {Duplex} socket the `'upgrade'` event's; over HTTP/2 the request's stream, which is that of `req` as well
 * @returns {import('./types').Opening}
 */
function openingOf(req, socket) {
  const stream = [/** @type {{ stream?: unknown }} */ (req).stream, socket].find(isServerStream);
  return stream === undefined
    ? new Http1Opening(/** @type {import('node:http').IncomingMessage} */ (req), socket)
    : new Http2Opening(/** @type {import('node:http2').Http2ServerRequest} */ (req), stream);
}

/**
 * @param {unknown} value
 * @returns {value is import('node:http2').ServerHttp2Stream}
 */
function isServerStream(value) {
  return isHttp2Stream(value) && 'respond' in value;
}

/**
 * Refuses a request, and closes its socket.
 *
 * @param {UpgradeRequest} req
 * @param {Duplex} socket
 * @param {Refusal} refusal
 */
function refuse(req, socket, refusal) {
  openingOf(req, socket).refuse(refusal);
}

/**
 * Answers a request whose socket could not be made a connection. If that is for its options, it is the app's fault.
 *
 * @param {UpgradeRequest} req
 * @param {Duplex} socket
 * @param {Error & { code?: string }} error
 */
function refuseUntaken(req, socket, error) {
  if (error.code === 'ERR_WS_SOCKET_TAKEN') {
    // It carries a WebSocket already.
    socket.destroy();
    requestEnded(req, { code: error.code });
    return;
  }
  const status = error instanceof TypeError ? 500 : 503;
  refuse(req, socket, new Refusal(status, 'The WebSocket could not be opened'));
}

module.exports = { openingOf, refuse, refuseUntaken };
