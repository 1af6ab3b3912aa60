'use strict';

const { X509Certificate } = require('node:crypto');

const native = require('../../native/native.js');
const { overlay } = require('../net-socket/overlay.js');

/** Most certificates that vouch for one. */
const MOST = 100;

/** Where a socket keeps what its handshake has come to. */
const kFacts = Symbol('websockets.tls');

/**
 * What a handshake has come to, as the native `secureFacts` returns it.
 *
 * @typedef {NonNullable<ReturnType<import('../../native/functions').SocketFunctions['secureFacts']>>} NativeFacts
 * @typedef {Omit<NativeFacts, 'protocol'> & { protocol: NativeFacts['protocol'] | null, own: Buffer | null, peers: Buffer[],
 *   roots: readonly string[] }} Facts
 */

/** What is known of a connection that was over before anybody asked. @type {Facts} */
const GONE = {
  protocol: null,
  cipher: '',
  standardName: '',
  alpn: null,
  servername: null,
  isResumed: false,
  own: null,
  peers: [],
  roots: [],
};

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
    return protocol === null ? null : { name, standardName, version: protocol };
  },
  isSessionReused() {
    return this[kFacts].isResumed;
  },
  /** @param {boolean} [isDetailed] */
  getPeerCertificate(isDetailed) {
    const { peers, roots } = this[kFacts];
    return legacyOf(peers, isDetailed ? roots : null);
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
 * As `getPeerCertificate` of a `tls.TLSSocket`.
 *
 * @param {Buffer[]} shown DER, the peer's own first
 * @param {readonly string[] | null} roots PEM of those who are trusted; `null` if nobody asks who has issued what
 * @returns {any}
 */
function legacyOf(shown, roots) {
  const [first, ...others] = shown.map((der) => new X509Certificate(der));
  if (first === undefined) return {};
  const own = first.toLegacyObject();
  let [last, legacy] = [first, /** @type {any} */ (own)];
  // Some issue each other.
  for (let left = MOST; roots !== null && left > 0 && !last.checkIssued(last); left--) {
    const at = others.findIndex((one) => last.checkIssued(one));
    const [issuer = rootOf(last, roots)] = at < 0 ? [] : others.splice(at, 1);
    if (issuer === undefined) return own;
    last = issuer;
    legacy.issuerCertificate = last.toLegacyObject();
    legacy = legacy.issuerCertificate;
  }
  // One that is signed by itself is its own issuer.
  if (roots !== null && last.checkIssued(last)) legacy.issuerCertificate = legacy;
  return own;
}

/** The roots that were read, by their PEM. @type {WeakMap<readonly string[], X509Certificate[]>} */
const read = new WeakMap();

/** @param {X509Certificate} one @param {readonly string[]} roots @returns {X509Certificate | undefined} who has issued it */
function rootOf(one, roots) {
  let all = read.get(roots);
  if (all === undefined) {
    all = roots.map((pem) => new X509Certificate(pem));
    read.set(roots, all);
  }
  return all.find((root) => one.checkIssued(root));
}

/** The certificate that a server has shown the latest. @type {Buffer | null} */
let latest = null;

/**
 * What a handshake has come to on a server, whose clients show nothing.
 *
 * @param {number} slot
 * @returns {Facts}
 */
function serverFactsOf(slot) {
  const facts = native.secureFacts(slot);
  if (facts === undefined) return GONE;
  const own = native.ownCertificate(slot) ?? null;
  // One for all that show it.
  if (own !== null && latest?.equals(own) !== true) latest = own;
  return { ...GONE, ...facts, own: own && latest };
}

/**
 * From now on a socket has what a `tls.TLSSocket` has.
 *
 * @param {import('node:net').Socket} socket
 * @param {Facts} facts
 * @returns {import('node:net').Socket} the same
 */
function secure(socket, facts) {
  /** @type {SecuredSocket} */ (socket)[kFacts] = facts;
  secured.lay(socket);
  return socket;
}

module.exports = { GONE, legacyOf, secure, serverFactsOf };
