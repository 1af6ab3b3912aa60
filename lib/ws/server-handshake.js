'use strict';

const { STATUS_CODES } = require('node:http');

const { acceptExtensions } = require('../handshake/negotiation.js');
const { PERMESSAGE_DEFLATE } = require('../native/constants.js');
const native = require('../native/native.js');
const { parse: parseProtocols } = require('./subprotocol.js');

/** Base64 of 16 bytes. */
const KEY = /^[+/0-9A-Za-z]{22}==$/;

/**
 * @typedef {import('node:http').IncomingMessage} IncomingMessage
 * @typedef {import('node:stream').Duplex} Duplex
 */

/**
 * What a request asks for.
 *
 * @typedef {object} Asked
 * @property {string} key
 * @property {number} version
 * @property {Set<string>} protocols
 * @property {string} extensions those that are accepted, as the response has them
 */

/** Why a request is not upgraded, in the words of `ws`. */
class Refusal {
  /**
   * @param {number} status
   * @param {string} message
   * @param {Record<string, string>} [headers]
   */
  constructor(status, message, headers = {}) {
    this.status = status;
    this.message = message;
    this.headers = headers;
  }
}

/**
 * Reads a request to upgrade (RFC 6455 §4.2.1), what it asks for aside.
 *
 * @param {IncomingMessage} request
 * @returns {{ key: string, version: number }}
 * @throws {Refusal}
 */
function readRequest({ headers, method }) {
  const key = headers['sec-websocket-key'];
  const version = Number(headers['sec-websocket-version']);
  if (method !== 'GET') {
    throw new Refusal(405, 'Invalid HTTP method');
  }
  if (headers.upgrade?.toLowerCase() !== 'websocket') {
    throw new Refusal(400, 'Invalid Upgrade header');
  }
  if (key === undefined || !KEY.test(key)) {
    throw new Refusal(400, 'Missing or invalid Sec-WebSocket-Key header');
  }
  if (version !== 13 && version !== 8) {
    const message = 'Missing or invalid Sec-WebSocket-Version header';
    throw new Refusal(400, message, { 'Sec-WebSocket-Version': '13, 8' });
  }
  return { key, version };
}

/**
 * @param {IncomingMessage} request
 * @returns {Set<string>} the subprotocols it asks for
 * @throws {Refusal}
 */
function readProtocols({ headers }) {
  const header = headers['sec-websocket-protocol'];
  try {
    return header === undefined ? new Set() : parseProtocols(header);
  } catch {
    throw new Refusal(400, 'Invalid Sec-WebSocket-Protocol header');
  }
}

/**
 * @param {IncomingMessage} request
 * @param {import('../options/per-message-deflate.js').DeflateSettings | null} deflate `null` if that is off
 * @returns {string} the extensions that are accepted, as the response has them
 * @throws {Refusal}
 */
function readExtensions({ headers }, deflate) {
  const header = headers['sec-websocket-extensions'];
  if (header === undefined || deflate === null) {
    return '';
  }
  const refusal = new Refusal(400, 'Invalid or unacceptable Sec-WebSocket-Extensions header');
  let offers;
  try {
    offers = native.parseExtensions(header);
  } catch {
    throw refusal;
  }
  const accepted = acceptExtensions({ offers }, {}, deflate);
  if (accepted === '' && offers.some(({ name }) => name === PERMESSAGE_DEFLATE)) {
    throw refusal;
  }
  return accepted;
}

/**
 * Answers a request with a refusal, and closes its socket.
 *
 * @param {Duplex} socket
 * @param {number} status
 * @param {string} [message]
 * @param {Record<string, unknown>} [headers]
 */
function refuse(socket, status, message = STATUS_CODES[status] ?? '', headers = {}) {
  const lines = Object.entries({
    Connection: 'close',
    'Content-Type': 'text/html',
    'Content-Length': Buffer.byteLength(message),
    ...headers,
  }).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.once('finish', () => socket.destroy());
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join('')}\r\n${message}`);
}

module.exports = { Refusal, readExtensions, readProtocols, readRequest, refuse };
