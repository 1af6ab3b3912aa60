'use strict';

const tls = require('node:tls');

const native = require('../../native/native.js');
const { identityOf } = require('./offer.js');
const { isTracing, trace } = require('../../util/trace.js');

/** @typedef {import('./offer').Identity} Identity */
/** @typedef {import('./offer').Terms} Terms */

/** Numbers of contexts that nothing refers to any more are given back. */
const forgotten = new FinalizationRegistry((/** @type {number} */ number) => native.forgetContext(number));

/** The identities of the contexts that `createSecureContext` has made. @type {WeakMap<object, Identity | null>} */
const made = new WeakMap();

/** A context of Rust's, for as long as something refers to it. */
class Context {
  /** Its number. @readonly */
  number;

  /**
   * @param {Identity} identity
   * @param {Terms} terms
   * @param {Buffer} ticketKeys
   * @throws {Error} saying why Rust's TLS cannot do that
   */
  constructor({ certificates, key }, { lifetime, versions, prefersOwnOrder, alpn, session }, ticketKeys) {
    this.number = native.secureContext(
      certificates,
      key,
      ticketKeys,
      lifetime,
      versions,
      prefersOwnOrder,
      alpn,
      session,
    );
    forgotten.register(this, this.number);
  }
}

/**
 * As that of `node:tls`. A server of `createSecureServer` can use it for a name, without Node's TLS.
 *
 * @param {import('node:tls').SecureContextOptions} [options]
 * @returns {import('node:tls').SecureContext}
 */
function createSecureContext(options) {
  const context = tls.createSecureContext(options);
  made.set(context, identityIn(options ?? {}));
  return context;
}

/**
 * @param {any} value a context, or what one is made of
 * @returns {Identity | null} `null` if Node's TLS alone can use it
 */
function identityFrom(value) {
  return isOpaque(value) ? (made.get(value) ?? null) : identityIn(value);
}

/** @param {any} options @returns {Identity | null} */
function identityIn(options) {
  try {
    return identityOf(options);
  } catch (error) {
    if (isTracing) trace('a name goes by the TLS of Node.js: %s', /** @type {Error} */ (error).message);
    return null;
  }
}

/** @param {any} value @returns {boolean} whether it is a context of Node's, which does not say what it is made of */
function isOpaque(value) {
  return typeof value?.context === 'object';
}

module.exports = { Context, createSecureContext, identityFrom };
