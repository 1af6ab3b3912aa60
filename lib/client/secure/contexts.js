'use strict';

const { X509Certificate, createHash } = require('node:crypto');
const tls = require('node:tls');

const native = require('../../native/native.js');
const { Unsupported, certificateOf, keyOf, versionsOf } = require('../../options/tls-identity.js');
const { Left } = require('./left.js');

/** Contexts that are kept, with their sessions: the latest. */
const MOST = 32;

/** A certificate in PEM as each reader takes it. */
const PLAIN = /^-----BEGIN CERTIFICATE-----\r?\n(?:[A-Za-z0-9+/=]{1,64}\r?\n)+-----END CERTIFICATE-----$/gm;

const NOTHING = Buffer.alloc(0);

/** Those who are trusted: PEM, one by one and together, and what names them. @typedef {{ list: readonly string[], pem: Buffer, name: string }} Roots */

/** Numbers of contexts that nothing refers to any more are given back. */
const forgotten = new FinalizationRegistry((/** @type {number} */ number) => native.forgetClientContext(number));

/** What the TLS connections of clients share who trust the same, and are the same. */
class ClientContext {
  /** Its number. @readonly */
  number;
  /** The certificate of its own, DER. @type {Buffer | null} @readonly */
  own;
  /** Those who are trusted, PEM. @readonly */
  roots;
  /** Servers that are left to Node's TLS. @readonly */
  left = new Left();

  /** @param {Roots} roots @param {number} versions @param {Buffer} certificates @param {Buffer} key */
  constructor({ list, pem }, versions, certificates, key) {
    this.roots = list;
    this.number = native.clientContext(pem, list.length, versions, certificates, key);
    // At once: what comes next may throw.
    forgotten.register(this, this.number);
    this.own = certificates.length === 0 ? null : new X509Certificate(certificates).raw;
  }
}

/**
 * By what options it is made of, the latest last, or why there is none: nobody reads certificates and keys for each connection.
 *
 * @type {Map<string, ClientContext | Error>}
 */
const known = new Map();

/** The roots of Node.js. @type {Roots | null} */
let latest = null;

/**
 * @param {Record<string, any>} options of `tls.connect`
 * @returns {ClientContext}
 * @throws {Error} saying why Rust's TLS cannot do that
 */
function contextOf(options) {
  const { ca, cert, key } = options;
  const usual = ca === undefined || ca === null ? usualRoots() : null;
  const versions = versionsOf(options);
  const name = [usual?.name ?? nameOf('ca', ca), versions, nameOf('cert', cert), nameOf('key', key)].join(' ');
  const context = known.get(name) ?? newContext(options, usual, versions);
  known.delete(name);
  known.set(name, context);
  if (known.size > MOST) known.delete(known.keys().next().value ?? '');
  if (context instanceof Error) throw context;
  return context;
}

/**
 * @param {Record<string, any>} options
 * @param {Roots | null} usual the roots, if the options have none
 * @param {number} versions
 * @returns {ClientContext | Error} why there is none
 */
function newContext(options, usual, versions) {
  const { ca, cert, key } = options;
  try {
    const roots = usual ?? rootsIn(ca);
    const hasOwn = Boolean(cert) || Boolean(key);
    if (hasOwn && isEncrypted(key)) throw new Unsupported('its key is encrypted');
    const [certificates, secret] = hasOwn ? [certificateOf(options), keyOf(options)] : [NOTHING, NOTHING];
    return new ClientContext(roots, versions, certificates, secret);
  } catch (error) {
    return /** @type {Error} */ (error);
  }
}

/** @returns {Roots} the roots of Node.js @throws {Unsupported} if Node.js is too old to say */
function usualRoots() {
  const { getCACertificates } = /** @type {{ getCACertificates?: (type: string) => string[] }} */ (tls);
  if (getCACertificates === undefined && process.env.NODE_EXTRA_CA_CERTS) {
    throw new Unsupported('NODE_EXTRA_CA_CERTS is set');
  }
  const list = getCACertificates?.('default') ?? tls.rootCertificates;
  if (latest?.list !== list) latest = rootsOf(list);
  return latest;
}

/** @param {readonly string[]} list @returns {Roots} */
function rootsOf(list) {
  const pem = Buffer.from(list.join('\n'));
  return { list, pem, name: nameOf('ca', pem) };
}

/** @param {any} ca @returns {Roots} @throws {Unsupported} if there is anything else, about which readers might not agree */
function rootsIn(ca) {
  /** @type {string[]} */
  const all = [];
  for (const one of Array.isArray(ca) ? ca : [ca]) {
    const text = Buffer.from(one).toString('latin1');
    const found = text.match(PLAIN) ?? [];
    if (found.length === 0 || text.split('-----').length !== 4 * found.length + 1) {
      throw new Unsupported('its "ca" is not plain');
    }
    all.push(...found.map((pem) => new X509Certificate(pem).toString()));
  }
  if (all.length === 0) throw new Unsupported('its "ca" is empty');
  return rootsOf(all);
}

/** @param {any} key @returns {boolean} whether it takes a passphrase, or might */
function isEncrypted(key) {
  const all = Array.isArray(key) ? key : [key];
  return all.some((one) => Buffer.from(one ?? '').includes('ENCRYPTED'));
}

/**
 * @param {string} option
 * @param {any} given its value: text or bytes, or an array of these
 * @returns {string} what is another for another value
 * @throws {Unsupported} if it is something else, such as an object with a passphrase
 */
function nameOf(option, given) {
  if (given === undefined || given === null) return '';
  const hash = createHash('sha256');
  for (const one of Array.isArray(given) ? given : [given]) {
    if (typeof one !== 'string' && !(one instanceof Uint8Array)) {
      throw new Unsupported(`its "${option}" is neither text nor bytes`);
    }
    const bytes = Buffer.from(one);
    hash.update(`${bytes.length} `).update(bytes);
  }
  return hash.digest('base64');
}

module.exports = { contextOf };
