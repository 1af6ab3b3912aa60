'use strict';

const { delay, integer, object } = require('../../options/check.js');
const { invalidType } = require('../../util/errors.js');
const { checkHeaders } = require('../../options/headers.js');
const { checkExtensions } = require('../arguments.js');
const { OF_CLIENTS } = require('../foreign-names.js');
const { offerExtensions } = require('../negotiation.js');
const { checkNames } = require('../../options/names.js');
const { GivenSession } = require('./given-session.js');
const { Sessions } = require('./http2-sessions.js');
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
const OWN_OPTIONS = ['agent', 'handshakeTimeout', 'headers', 'http2', 'maxRedirects', 'origin', 'protocols', 'signal'];

/** What HTTP/2 has no use for where it makes its connections itself: they would say nothing, or something else. */
const NOT_WITH_HTTP2 = ['agent', 'ALPNProtocols', 'createConnection', 'maxHeaderSize'];

/** And where it is given one. */
const NOT_WITH_SESSION = ['agent', ...CONNECT_OPTIONS];

/** The options of a client's opening handshake that are not those of a `Base`. */
const REQUEST_OPTIONS = [...OWN_OPTIONS, ...CONNECT_OPTIONS];

const CREATE_OPTIONS = [...REQUEST_OPTIONS, 'extensions', 'perMessageDeflate'];

/** How long, in ms, a handshake may take if the app does not say. */
const HANDSHAKE_TIMEOUT = 10_000;

const count = integer(0, 100);
const bytes = integer(0, Number.MAX_SAFE_INTEGER);

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
  // It is of `http.request`, which is called later where a shard does the TLS.
  if (given.maxHeaderSize !== undefined) bytes('The "maxHeaderSize" option', given.maxHeaderSize);
  const connect = CONNECT_OPTIONS.filter((name) => given[name] !== undefined);
  return {
    agent: /** @type {import('node:http').Agent | false | undefined} */ (given.agent ?? defaultAgent(given)),
    connect: Object.fromEntries(connect.map((name) => [name, given[name]])),
    deflate,
    extensions,
    headers: headersOf(given),
    http2: checkHttp2(given),
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
 * Checks the `http2` option, and that no other one contradicts it.
 *
 * @param {Record<string, unknown>} options
 * @returns {import('./types').Ways | null} `null` if all goes over HTTP/1.1
 * @throws {TypeError}
 */
function checkHttp2(options) {
  const { http2 = false } = options;
  if (http2 === false) {
    return null;
  }
  const isShared = http2 === true || http2 instanceof Sessions;
  if (!isShared && !isClientSession(http2)) {
    throw invalidType('The "http2" option', 'a boolean or a session that http2.connect returns', http2);
  }
  const wrong = (isShared ? NOT_WITH_HTTP2 : NOT_WITH_SESSION).find((name) => options[name] !== undefined);
  if (wrong !== undefined) {
    const expected = `left out with "http2": ${isShared ? 'connections are made' : 'the session is connected'} without it`;
    throw invalidType(`The "${wrong}" option`, expected, options[wrong]);
  }
  if (!isShared) {
    return new GivenSession(http2);
  }
  // A proxy of the environment is not gone round.
  return usesEnvProxy() ? null : http2 === true ? new Sessions() : http2;
}

/**
 * @param {unknown} value
 * @returns {value is import('node:http2').ClientHttp2Session}
 */
function isClientSession(value) {
  const { ping, request } = /** @type {Record<string, unknown>} */ (value ?? {});
  return typeof value === 'object' && typeof ping === 'function' && typeof request === 'function';
}

/** Whether Node's own agent, which knows the proxies of the environment, is to be used. */
function usesEnvProxy() {
  return process.env.NODE_USE_ENV_PROXY === '1';
}

/**
 * None, so that each handshake has a connection of its own; but Node's own where it is the one that knows the proxies
 * of the environment, or where the app makes the connection.
 *
 * @param {Record<string, unknown>} options
 * @returns {false | undefined}
 */
function defaultAgent({ createConnection }) {
  return createConnection !== undefined || usesEnvProxy() ? undefined : false;
}

module.exports = { HANDSHAKE_TIMEOUT, REQUEST_OPTIONS, checkRequestOptions };
