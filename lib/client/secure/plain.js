'use strict';

const crypto = require('node:crypto');
const tls = require('node:tls');

const native = require('../../native/native.js');

/** @typedef {import('../../handshake/client/request-options.js').Settings} Settings */

/**
 * Options of `tls.connect` and `net.connect` that have nothing to do with TLS, or that Rust's TLS can do. From one
 * `localPort` no second connection is made.
 */
const KNOWN = new Set([
  'autoSelectFamily',
  'autoSelectFamilyAttemptTimeout',
  'ca',
  'cert',
  'family',
  'key',
  'localAddress',
  'lookup',
  'maxHeaderSize',
  'maxVersion',
  'minVersion',
  'servername',
]);

/** Whether an option that Rust's TLS knows has the value that is Node's own. @type {Record<string, (value: unknown) => boolean>} */
const IS_USUAL = {
  checkServerIdentity: (value) => typeof value === 'function',
  ciphers: (value) => value === tls.DEFAULT_CIPHERS,
  ecdhCurve: (value) => value === 'auto',
  rejectUnauthorized: (value) => value === true,
};

/** Flags of Node.js that say something of TLS, or that another file may do so; `node:tls` has what others do. */
const FLAGS =
  /^"?--(?:use-(?:openssl|system)-ca|use-env-proxy|openssl-|tls-keylog|trace-tls|(?:force|enable)-fips|experimental-(?:default-)?config-file)/;

/** The same where the build of Node.js says so. */
const HAS_OWN_STORE = JSON.stringify(process.config ?? {}).includes('NODE_OPENSSL_CERT_STORE');

/**
 * Why Node's TLS has to connect. Whatever is not known to mean the same to both is a reason.
 *
 * @param {Pick<Settings, 'agent' | 'connect' | 'headers'>} settings
 * @returns {string | null} `null` if Rust's TLS can do it
 */
function whyNode({ agent, connect, headers }) {
  const reason = whyNodeHere();
  if (reason !== null) return reason;
  if (agent !== false) return 'it has an agent, or makes its connections itself';
  for (const [name, value] of Object.entries(connect)) {
    const isUsual = value === undefined || value === null || IS_USUAL[name]?.(value);
    if (!isUsual && !KNOWN.has(name)) return `it has the option "${name}"`;
  }
  // Node's agent asks for the certificate of that.
  if (headers.some(([name]) => name.toLowerCase() === 'host')) return 'it has a header "Host"';
  return null;
}

/** What holds of this process, whatever is connected to. @returns {string | null} */
function whyNodeHere() {
  if (process.versions.bun !== undefined || process.versions.deno !== undefined) return 'this is not Node.js';
  if (native.openSecured === undefined) return 'this system has no TLS of clients in Rust';
  const { NODE_OPTIONS = '', NODE_TLS_REJECT_UNAUTHORIZED, OPENSSL_CONF } = process.env;
  if (NODE_TLS_REJECT_UNAUTHORIZED === '0') return 'NODE_TLS_REJECT_UNAUTHORIZED is 0';
  if (OPENSSL_CONF) return 'OPENSSL_CONF is set';
  // Node.js takes underscores, too.
  const flags = [...process.execArgv, ...NODE_OPTIONS.split(/\s+/)].map((flag) => flag.replaceAll('_', '-'));
  if (flags.some((flag) => FLAGS.test(flag))) return 'Node.js has an option about TLS';
  if (HAS_OWN_STORE) return 'this Node.js has the certificates of the system';
  if (crypto.getFips() !== 0) return 'FIPS is on';
  if (tls.DEFAULT_CIPHERS !== crypto.constants.defaultCoreCipherList)
    return 'tls.DEFAULT_CIPHERS is not that of Node.js';
  if (tls.DEFAULT_ECDH_CURVE !== 'auto') return 'tls.DEFAULT_ECDH_CURVE is not that of Node.js';
  return null;
}

module.exports = { whyNode };
