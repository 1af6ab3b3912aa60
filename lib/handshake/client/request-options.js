'use strict';

const { delay, integer, object } = require('../../options/check.js');
const { invalidType } = require('../../util/errors.js');
const { checkHeaders } = require('../../options/headers.js');
const { checkExtensions } = require('../arguments.js');
const { OF_CLIENTS } = require('../foreign-names.js');
const { offerExtensions } = require('../negotiation.js');
const { checkNames } = require('../../options/names.js');
const { checkProtocols } = require('../subprotocols.js');

/** What is passed on to `net.connect` and `tls.connect`. */
const CONNECT_OPTIONS = [
  'ALPNProtocols',
  'autoSelectFamily',
  'autoSelectFamilyAttemptTimeout',
  'ca',
  'cert',
  'checkServerIdentity',
  'ciphers',
  'createConnection',
  'crl',
  'ecdhCurve',
  'family',
  'key',
  'localAddress',
  'localPort',
  'lookup',
  'maxHeaderSize',
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

const CREATE_OPTIONS = [...REQUEST_OPTIONS, 'extensions', 'perMessageDeflate'];

/** How long, in ms, a handshake may take if the app does not say. */
const HANDSHAKE_TIMEOUT = 10_000;

const count = integer(0, 100);

/** @typedef {ReturnType<typeof checkRequestOptions>} Settings */

/**
 * Checks the options of a client's opening handshake.
 *
 * @param {unknown} options
 */
function checkRequestOptions(options = {}) {
  const given = object('The "options" argument', options);
  checkNames('createUpgradeRequest', given, CREATE_OPTIONS, OF_CLIENTS);
  const { extensions, deflate } = checkExtensions(given);
  const { signal } = given;
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw invalidType('The "signal" option', 'an AbortSignal', signal);
  }
  const connect = CONNECT_OPTIONS.filter((name) => given[name] !== undefined);
  return {
    agent: /** @type {import('node:http').Agent | false | undefined} */ (given.agent ?? defaultAgent(given)),
    connect: Object.fromEntries(connect.map((name) => [name, given[name]])),
    deflate,
    extensions,
    headers: headersOf(given),
    maxRedirects: count('The "maxRedirects" option', given.maxRedirects ?? 0),
    offer: offerExtensions(extensions, deflate),
    protocols: checkProtocols('The "protocols" option', given.protocols ?? []),
    signal,
    timeout: delay('The "handshakeTimeout" option', given.handshakeTimeout ?? HANDSHAKE_TIMEOUT),
  };
}

/**
 * @param {Record<string, unknown>} options
 * @returns {[string, string][]} the app's headers, `Origin` among them
 */
function headersOf({ headers, origin }) {
  const more = origin === undefined ? {} : { Origin: origin };
  return [...checkHeaders('The "headers" option', headers ?? {}), ...checkHeaders('The "origin" option', more)];
}

/**
 * None, so that each handshake has a connection of its own; but Node's own where it is the one that knows the proxies
 * of the environment, or where the app makes the connection.
 *
 * @param {Record<string, unknown>} options
 * @returns {false | undefined}
 */
function defaultAgent({ createConnection }) {
  return createConnection !== undefined || process.env.NODE_USE_ENV_PROXY === '1' ? undefined : false;
}

module.exports = { HANDSHAKE_TIMEOUT, REQUEST_OPTIONS, checkRequestOptions };
