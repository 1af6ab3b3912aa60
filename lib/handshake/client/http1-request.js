'use strict';

const { randomBytes } = require('node:crypto');
const http = require('node:http');
const https = require('node:https');

const { VERSION } = require('../server/upgrade-request.js');
const { readUpgradeResponse } = require('./upgrade-response.js');

/** @typedef {import('node:http').IncomingMessage} IncomingMessage */

/**
 * What hears of a request for a WebSocket. After any of these comes nothing more but `failed`, if the body of an answer
 * is cut off.
 *
 * @typedef {object} Hears
 * @property {(res: IncomingMessage, socket: import('node:stream').Duplex, head: Buffer | undefined,
 *   read: () => import('./upgrade-response.js').Agreed) => void} upgraded `read` looks at the response, and throws if
 *   that is none to our request
 * @property {(res: IncomingMessage, body: import('node:stream').Readable) => void} answered it is not upgraded
 * @property {(error: Error) => void} failed
 */

/**
 * Asks for a WebSocket over HTTP/1.1 (RFC 6455 §4.1).
 *
 * @param {import('./target.js').Target} target
 * @param {import('./request-options.js').Settings} settings
 * @param {Hears} hears
 * @param {import('node:stream').Duplex} [socket] a connection to the server, if there is one already
 * @returns {{ destroy(): void }} gives it up
 */
function requestHttp1(target, settings, hears, socket) {
  const { auth, path, secure, where } = target;
  const key = randomBytes(16).toString('base64');
  // Without an agent, nothing else says which port goes without saying in `Host` (RFC 6455 §4.1).
  const given = { agent: undefined, createConnection: () => socket, defaultPort: secure ? 443 : 80 };
  const ready = socket === undefined ? {} : given;
  const options = { ...settings.connect, ...where, agent: settings.agent, auth, path, headers: linesOf(settings, key) };
  const request = (secure ? https : http).request({ ...options, ...ready });
  request.on('error', hears.failed);
  request.on('upgrade', (res, upgradedSocket, head) =>
    hears.upgraded(res, upgradedSocket, head, () => readUpgradeResponse(res, key, settings)),
  );
  request.on('response', (res) => hears.answered(res, res));
  request.end();
  return request;
}

/**
 * @param {import('./request-options.js').Settings} settings
 * @param {string} key
 * @returns {Record<string, string | string[]>}
 */
function linesOf({ headers, offer, protocols }, key) {
  /** @type {Record<string, string | string[]>} */
  const lines = { Upgrade: 'websocket', Connection: 'Upgrade' };
  for (const [name, value] of headers) {
    lines[name] = lines[name] === undefined ? value : [lines[name], value].flat();
  }
  Object.assign(lines, { 'Sec-WebSocket-Version': VERSION, 'Sec-WebSocket-Key': key });
  if (protocols.length > 0) {
    lines['Sec-WebSocket-Protocol'] = protocols.join(', ');
  }
  if (offer !== '') {
    lines['Sec-WebSocket-Extensions'] = offer;
  }
  return lines;
}

module.exports = { requestHttp1 };
