'use strict';

const tls = require('node:tls');

const { Unsupported, certificateOf, keyOf, versionsOf } = require('../../options/tls-identity.js');

/** Seconds that Node's session tickets are good for. */
const TICKET_LIFETIME = 300;

/** Options that Rust's TLS knows. */
const KNOWN = new Set([
  'ALPNProtocols',
  'SNICallback',
  'ca',
  'cert',
  'ciphers',
  'ecdhCurve',
  'handshakeTimeout',
  'honorCipherOrder',
  'key',
  'maxHandshakes',
  'maxVersion',
  'minVersion',
  'passphrase',
  'rejectUnauthorized',
  'requestCert',
  'secureOptions',
  'sessionIdContext',
  'sessionTimeout',
  'ticketKeys',
]);

/** Of Node's options, those that `setSecureContext` replaces. The others hold for as long as a server is there. */
const OF_CONTEXT = new Set([
  'allowPartialTrustChain',
  'ca',
  'cert',
  'ciphers',
  'clientCertEngine',
  'crl',
  'dhparam',
  'ecdhCurve',
  'honorCipherOrder',
  'key',
  'maxVersion',
  'minVersion',
  'passphrase',
  'pfx',
  'privateKeyEngine',
  'privateKeyIdentifier',
  'secureOptions',
  'secureProtocol',
  'sessionIdContext',
  'sessionTimeout',
  'sigalgs',
  'ticketKeys',
]);

/** Options that Rust's TLS knows with the values that are Node's own alone. @type {Map<string, () => unknown[]>} */
const USUAL = new Map([
  ['ciphers', () => [tls.DEFAULT_CIPHERS]],
  ['ecdhCurve', () => ['auto', tls.DEFAULT_ECDH_CURVE]],
  ['secureOptions', () => []],
]);

/** Options of `http.createServer` and `net.createServer`, which have nothing to do with TLS. */
const OF_HTTP = new Set([
  'IncomingMessage',
  'ServerResponse',
  'allowHalfOpen',
  'blockList',
  'connectionsCheckingInterval',
  'headersTimeout',
  'highWaterMark',
  'insecureHTTPParser',
  'joinDuplicateHeaders',
  'keepAlive',
  'keepAliveInitialDelay',
  'keepAliveTimeout',
  'keepAliveTimeoutBuffer',
  'maxHeaderSize',
  'maxRequestsPerSocket',
  'noDelay',
  'optimizeEmptyRequests',
  'rejectNonStandardBodyWrites',
  'requestTimeout',
  'requireHostHeader',
  'shouldUpgradeCallback',
  'timeout',
  'uniqueHeaders',
]);

/** What a server shows to its clients, and proves. @typedef {{ certificates: Buffer, key: Buffer }} Identity */

/** How a server speaks, whoever it is. @typedef {{ lifetime: number, versions: number, prefersOwnOrder: boolean, alpn: Buffer, session: Buffer }} Terms */

/**
 * The identity of a server, by what `tls.createSecureContext` takes.
 *
 * @param {Record<string, any>} options that Node has found to be in order
 * @returns {Identity} copies: what the app does with its options from now on changes nothing
 * @throws {Unsupported} saying what of it is not to be had
 */
function identityOf(options) {
  // What is inherited counts for Node.js, too.
  for (let owner = options; owner && owner !== Object.prototype; owner = Object.getPrototypeOf(owner)) {
    for (const name of Object.getOwnPropertyNames(owner)) check(name, options[name]);
  }
  return { certificates: certificateOf(options), key: keyOf(options) };
}

/**
 * @param {Record<string, any>} options of a server
 * @returns {string | null} what Rust's TLS cannot do of those that hold for as long as it is there
 */
function whyNever(options) {
  try {
    for (const [name, value] of Object.entries(options)) if (!OF_CONTEXT.has(name)) check(name, value);
    return null;
  } catch (error) {
    return /** @type {Error} */ (error).message;
  }
}

/** @param {string} name @param {any} value of an option @throws {Unsupported} if Rust's TLS cannot do that */
function check(name, value) {
  const isNothing = [undefined, null, false].includes(value);
  // What nobody knows here may be about who is trusted.
  if (!isNothing && !KNOWN.has(name) && !OF_HTTP.has(name)) throw new Unsupported(`it has the option "${name}"`);
  const usual = USUAL.get(name);
  if (value && usual !== undefined && !usual().includes(value)) throw new Unsupported(`it has the option "${name}"`);
}

/**
 * How a server speaks, by what `setSecureContext` takes.
 *
 * @param {Record<string, any>} options that Node has found to be in order
 * @param {{ ALPNProtocols?: any, sessionTimeout?: number }} fixed what these do not replace
 * @returns {Terms}
 * @throws {Unsupported} saying what of it is not to be had
 */
function termsOf(options, { ALPNProtocols, sessionTimeout }) {
  return {
    lifetime: sessionTimeout || TICKET_LIFETIME,
    versions: versionsOf(options),
    prefersOwnOrder: options.honorCipherOrder !== false,
    alpn: protocolsOf(ALPNProtocols),
    session: Buffer.from(options.sessionIdContext ?? ''),
  };
}

/** @param {any} ALPNProtocols @returns {Buffer} as on the wire (RFC 7301 §3.1), without the length of the whole */
function protocolsOf(ALPNProtocols) {
  /** @type {{ ALPNProtocols?: Buffer }} */
  const out = {};
  // Not in Node's types, nor in its documents any more.
  /** @type {any} */ (tls).convertALPNProtocols(ALPNProtocols || ['http/1.1'], out);
  return Buffer.from(out.ALPNProtocols ?? '');
}

module.exports = { identityOf, termsOf, whyNever };
