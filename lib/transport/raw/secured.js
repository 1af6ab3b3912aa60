'use strict';

const { X509Certificate } = require('node:crypto');

const { overlay } = require('../net-socket/overlay.js');

/** Where a socket keeps what its handshake has come to. */
const kFacts = Symbol('websockets.tls');

/**
 * What a handshake has come to, as the native `secureFacts` returns it.
 *
 * @typedef {NonNullable<ReturnType<import('../../native/functions').SocketFunctions['secureFacts']>>} NativeFacts
 * @typedef {NativeFacts & { own: Buffer | null, peers: Buffer[] }} Facts
 */

/** @typedef {import('node:net').Socket & { [kFacts]: Facts }} SecuredSocket */

/**
 * What a `tls.TLSSocket` has.
 *
 * @type {ThisType<SecuredSocket>}
 */
const PROPERTIES = {
  get encrypted() {
    return true;
  },
  // Clients are asked for nothing, and servers that are not trusted get no further.
  get authorized() {
    return this[kFacts].peers.length > 0;
  },
  get authorizationError() {
    return null;
  },
  get alpnProtocol() {
    return this[kFacts].alpn ?? false;
  },
  get servername() {
    return this[kFacts].servername ?? false;
  },
  getProtocol() {
    return this[kFacts].protocol;
  },
  getCipher() {
    const { cipher: name, standardName, protocol } = this[kFacts];
    return { name, standardName, version: protocol };
  },
  isSessionReused() {
    return this[kFacts].isResumed;
  },
  /** @param {boolean} [isDetailed] */
  getPeerCertificate(isDetailed) {
    return legacyOf(this[kFacts].peers, Boolean(isDetailed));
  },
  getPeerX509Certificate() {
    const [first] = this[kFacts].peers;
    return first === undefined ? undefined : new X509Certificate(first);
  },
  getCertificate() {
    const { own } = this[kFacts];
    return own === null ? {} : new X509Certificate(own).toLegacyObject();
  },
  getX509Certificate() {
    const { own } = this[kFacts];
    return own === null ? undefined : new X509Certificate(own);
  },
  // What a server has none of, or Rust's TLS does not give.
  getEphemeralKeyInfo() {
    return null;
  },
  getSession() {
    return undefined;
  },
  getTLSTicket() {
    return undefined;
  },
  getFinished() {
    return undefined;
  },
  getPeerFinished() {
    return undefined;
  },
  getSharedSigalgs() {
    return [];
  },
  disableRenegotiation() {},
  enableTrace() {},
  setMaxSendFragment() {
    return false;
  },
};

const secured = overlay(PROPERTIES);

/**
 * As `getPeerCertificate` of a `tls.TLSSocket`. Who has issued the last of those that the peer has shown is not there.
 *
 * @param {Buffer[]} shown DER, the peer's own first
 * @param {boolean} isDetailed with their issuers
 * @returns {any}
 */
function legacyOf(shown, isDetailed) {
  const [first, ...others] = shown.map((der) => new X509Certificate(der));
  if (first === undefined) return {};
  const own = first.toLegacyObject();
  for (let last = first, legacy = /** @type {any} */ (own); isDetailed && legacy.issuerCertificate === undefined; ) {
    if (last.checkIssued(last)) {
      legacy.issuerCertificate = legacy;
      break;
    }
    const at = others.findIndex((one) => last.checkIssued(one));
    if (at < 0) break;
    [last] = others.splice(at, 1);
    legacy.issuerCertificate = last.toLegacyObject();
    legacy = legacy.issuerCertificate;
  }
  return own;
}

/**
 * From now on a socket has what a `tls.TLSSocket` has.
 *
 * @param {import('node:net').Socket} socket
 * @param {Facts} facts
 */
function secure(socket, facts) {
  /** @type {SecuredSocket} */ (socket)[kFacts] = facts;
  secured.lay(socket);
}

module.exports = { legacyOf, secure };
