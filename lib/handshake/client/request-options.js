'use strict';

const { delay, integer, object } = require('../../options/check.js');
const { invalidType } = require('../../util/errors.js');
const { checkHeaders } = require('../../options/headers.js');
const { offerExtensions } = require('../negotiation.js');
const { checkPerMessageDeflate } = require('../../options/per-message-deflate.js');
const { checkProtocols } = require('../subprotocols.js');

/** What is passed on to `net.connect` and `tls.connect`. */
const CONNECT_OPTIONS = [
  'ALPNProtocols',
  'ca',
  'cert',
  'checkServerIdentity',
  'ciphers',
  'crl',
  'ecdhCurve',
  'family',
  'key',
  'localAddress',
  'lookup',
  'maxVersion',
  'minVersion',
  'passphrase',
  'pfx',
  'rejectUnauthorized',
  'secureContext',
  'servername',
  'session',
  'sigalgs',
];

/** What is ours. */
const OWN_OPTIONS = ['agent', 'handshakeTimeout', 'headers', 'maxRedirects', 'origin', 'protocols', 'signal'];

/** The options of a client's opening handshake that are not those of a `Base`. */
const REQUEST_OPTIONS = [...OWN_OPTIONS, ...CONNECT_OPTIONS];

const count = integer(0, 100);

/** @typedef {Record<string, import('../../../index').Extension>} Extensions */

/** @typedef {ReturnType<typeof checkRequestOptions>} Settings */

/**
 * Checks the options of a client's opening handshake.
 *
 * @param {unknown} options
 */
function checkRequestOptions(options = {}) {
  const given = object('The "options" argument', options);
  const extensions = /** @type {Extensions} */ (object('The "extensions" option', given.extensions ?? {}));
  const { perMessageDeflate = false } = given;
  const deflate = checkPerMessageDeflate('The "perMessageDeflate" option', perMessageDeflate);
  const { signal } = given;
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw invalidType('The "signal" option', 'an AbortSignal', signal);
  }
  const connect = CONNECT_OPTIONS.filter((name) => given[name] !== undefined);
  return {
    agent: /** @type {import('node:http').Agent | false} */ (given.agent ?? false),
    connect: Object.fromEntries(connect.map((name) => [name, given[name]])),
    deflate,
    extensions,
    headers: headersOf(given),
    maxRedirects: count('The "maxRedirects" option', given.maxRedirects ?? 0),
    offer: offerExtensions(extensions, deflate),
    protocols: checkProtocols('The "protocols" option', given.protocols ?? []),
    signal,
    timeout: delay('The "handshakeTimeout" option', given.handshakeTimeout ?? 10_000),
  };
}

/** @param {Record<string, unknown>} options @returns {[string, string][]} the app's headers, `Origin` among them */
function headersOf({ headers, origin }) {
  const more = origin === undefined ? {} : { Origin: origin };
  return [...checkHeaders('The "headers" option', headers ?? {}), ...checkHeaders('The "origin" option', more)];
}

module.exports = { REQUEST_OPTIONS, checkRequestOptions };
