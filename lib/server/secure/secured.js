'use strict';

const { X509Certificate } = require('node:crypto');

const { overlay } = require('../../transport/net-socket/overlay.js');

/** Where a socket keeps what its handshake has come to. */
const kFacts = Symbol('websockets.tls');

/**
 * What a handshake has come to, as the native `secureFacts` returns it.
 *
 * @typedef {NonNullable<ReturnType<import('../../native/functions').SocketFunctions['secureFacts']>>} NativeFacts
 * @typedef {NativeFacts & { own: Buffer }} Facts
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
  // Clients are asked for nothing.
  get authorized() {
    return false;
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
  getPeerCertificate() {
    return {};
  },
  getPeerX509Certificate() {
    return undefined;
  },
  getCertificate() {
    return new X509Certificate(this[kFacts].own).toLegacyObject();
  },
  getX509Certificate() {
    return new X509Certificate(this[kFacts].own);
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
 * From now on a socket has what a `tls.TLSSocket` has.
 *
 * @param {import('node:net').Socket} socket
 * @param {Facts} facts
 */
function secure(socket, facts) {
  /** @type {SecuredSocket} */ (socket)[kFacts] = facts;
  secured.lay(socket);
}

module.exports = { secure };
