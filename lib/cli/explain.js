'use strict';

const { shown } = require('./output.js');

/** What a code means. @type {Record<string, string>} */
const WORDS = {
  ECONNREFUSED: 'nobody listens there',
  ECONNRESET: 'the connection was reset',
  EADDRINUSE: 'something else listens there already',
  EACCES: 'that is not allowed',
  EADDRNOTAVAIL: 'this machine has no such address',
  ENOTFOUND: 'no such host',
  EAI_AGAIN: 'the name could not be looked up',
  ETIMEDOUT: 'it took too long',
  ENOENT: 'no such file',
  EPROTO: 'the server does not speak TLS',
  // There is one package that is asked for only when it is needed.
  ERR_MODULE_NOT_FOUND: '--proxy needs another package: npm install https-proxy-agent',
};
const CERTIFICATE = /^(DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|CERT_|ERR_TLS_CERT_)/;

/**
 * What an error may say of itself.
 *
 * @typedef {object} Facts
 * @property {string} message
 * @property {string} [code]
 * @property {string} [address] of the system's
 * @property {number} [port]
 * @property {string} [body] of a response
 */

/**
 * An error in one line, for people.
 *
 * @param {unknown} error
 * @returns {string}
 */
function explain(error) {
  // Where a name has several addresses each has an error of its own.
  const { errors } = /** @type {{ errors?: unknown[] }} */ (error);
  const { code = '', message, address, port, body } = /** @type {Facts} */ (errors?.[0] ?? error);
  const where = address === undefined ? '' : ` (${address}${port === undefined ? '' : `:${port}`})`;
  if (Object.hasOwn(WORDS, code)) return `${WORDS[code]}${where || `: ${shown(message)}`} [${code}]`;
  const hint = CERTIFICATE.test(code) ? '; --ca FILE trusts it, --insecure trusts any' : '';
  const said = body ? `: ${shown(body.trim())}` : '';
  return `${shown(message)}${said}${hint}${code && ` [${code}]`}`;
}

/**
 * How a connection has ended, in one line. 1006 never is clean, and need not say so.
 *
 * @param {number} code
 * @param {string} reason
 * @param {boolean} wasClean
 * @returns {string}
 */
function closing(code, reason, wasClean) {
  const said = `${code} ${shown(reason)}`.trimEnd();
  return wasClean || code === 1006 ? said : `${said}, not cleanly`;
}

module.exports = { closing, explain };
