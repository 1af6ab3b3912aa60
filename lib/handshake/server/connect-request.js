'use strict';

const { headerValues } = require('../../options/headers.js');
const { Refusal } = require('./refusal.js');
const { VERSION, checkNoBody, checkTarget, readKey, readOffer } = require('./upgrade-request.js');

/** @typedef {import('node:http2').Http2ServerRequest} Http2ServerRequest */

/**
 * Whether an extended CONNECT is for us at all (RFC 8441 §4).
 *
 * @param {import('node:http2').IncomingHttpHeaders} headers
 * @returns {boolean}
 */
function connectsToWebSocket(headers) {
  return headers[':method'] === 'CONNECT' && String(headers[':protocol']).toLowerCase() === 'websocket';
}

/**
 * Reads a request for a WebSocket over HTTP/2 (RFC 8441 §5). Whether its pseudo-headers are there, and there once, has
 * been looked at before.
 *
 * @param {Http2ServerRequest} req
 * @param {import('node:http2').ServerHttp2Stream} stream
 * @returns {import('./types').Asked}
 * @throws {Refusal}
 */
function readConnectRequest(req, stream) {
  if (!connectsToWebSocket(req.headers)) {
    /** @type {[string, string][]} */
    const headers = req.method === 'CONNECT' ? [] : [['Allow', 'CONNECT']];
    throw new Refusal(405, 'A WebSocket is opened by CONNECT with the :protocol websocket over HTTP/2', { headers });
  }
  /** @param {string} name */
  const values = (name) => headerValues(req, name);
  if (!/^https?$/i.test(values(':scheme')[0] ?? '')) {
    throw new Refusal(400, 'The :scheme is not http or https');
  }
  // RFC 9113 §8.3.1: a Host that says something else makes the request malformed.
  const hosts = new Set([...values(':authority'), ...values('host')]);
  if (hosts.size !== 1 || hosts.has('')) {
    throw new Refusal(400, 'Exactly one :authority is needed');
  }
  if (!req.url?.startsWith('/')) {
    throw new Refusal(400, 'The :path is no path');
  }
  checkTarget(req);
  checkNoBody(values);
  if (stream.endAfterHeaders) {
    throw new Refusal(400, 'The request has ended its stream');
  }
  checkVersion(values('sec-websocket-version'));
  // RFC 8441 needs none, and some clients send one all the same.
  const key = values('sec-websocket-key').length === 0 ? null : readKey(values);
  return { key, ...readOffer(values) };
}

/** @param {string[]} versions @throws {Refusal} */
function checkVersion(versions) {
  if (versions.length !== 1 || versions[0] !== VERSION) {
    // 426 would need an Upgrade header, which HTTP/2 has not.
    throw new Refusal(400, `Sec-WebSocket-Version is not ${VERSION}, exactly once`, {
      headers: [['Sec-WebSocket-Version', VERSION]],
    });
  }
}

module.exports = { connectsToWebSocket, readConnectRequest };
