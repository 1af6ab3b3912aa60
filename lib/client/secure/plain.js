'use strict';

const crypto = require('node:crypto');
const https = require('node:https');
const tls = require('node:tls');

const { whyNodeAlways } = require('./node-itself.js');

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

const { prototype } = /** @type {{ prototype: Record<string, any> }} */ (https.Agent);

/** What Node's TLS calls, and an app may replace: to connect through a proxy, or to trust others. @type {[name: string, () => unknown][]} */
const CALLED = [
  ['https.request', () => https.request],
  ['https.Agent', () => https.Agent],
  ['https.Agent.prototype.addRequest', () => prototype.addRequest],
  ['https.Agent.prototype.createSocket', () => prototype.createSocket],
  ['https.Agent.prototype.createConnection', () => prototype.createConnection],
  // Without an agent, Node.js makes one of the same class.
  ['https.globalAgent', () => https.globalAgent.constructor],
  ['tls.connect', () => tls.connect],
  ['tls.createSecureContext', () => tls.createSecureContext],
];

/** What they were when this was loaded. */
const genuine = new Map(CALLED.map(([name, current]) => [name, current()]));
// An app may have replaced that before.
genuine.set('https.globalAgent', https.Agent);

/** Why it is always Node's TLS; `undefined` if nobody has asked yet. @type {string | null | undefined} */
let always;

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
  if (always === undefined) always = whyNodeAlways();
  if (always !== null) return always;
  if (process.env.NODE_TLS_REJECT_UNAUTHORIZED === '0') return 'NODE_TLS_REJECT_UNAUTHORIZED is 0';
  if (crypto.getFips() !== 0) return 'FIPS is on';
  for (const [name, current] of CALLED) {
    if (current() !== genuine.get(name)) return `${name} is not that of Node.js`;
  }
  if (tls.DEFAULT_CIPHERS !== crypto.constants.defaultCoreCipherList)
    return 'tls.DEFAULT_CIPHERS is not that of Node.js';
  if (tls.DEFAULT_ECDH_CURVE !== 'auto') return 'tls.DEFAULT_ECDH_CURVE is not that of Node.js';
  return null;
}

module.exports = { whyNode };
