'use strict';

const { X509Certificate, createPrivateKey } = require('node:crypto');
const tls = require('node:tls');

/** Of the numbers of protocol versions that Rust takes. */
const TLS_1_2 = 1;
const TLS_1_3 = 2;

/** A certificate in PEM, as OpenSSL knows it. */
const CERTIFICATE = /-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----[^-]*-----END[^-]*-----/g;

/** Most certificates that vouch for one. */
const MOST = 10;

/** An option that Rust's TLS cannot do. */
class Unsupported extends Error {}

/**
 * The certificate, and those that vouch for it. If there is one alone, these are looked for in `ca`, as OpenSSL does.
 *
 * @param {any} options
 * @returns {Buffer} PEM
 */
function certificateOf({ cert, ca }) {
  const own = Buffer.from(onlyOne(cert, 'certificate'));
  const [first, ...others] = certificatesIn(own);
  if (first === undefined || others.length > 0 || !ca) {
    return own;
  }
  const known = certificatesIn(ca);
  const chain = [first];
  for (let issuer = first; issuer !== undefined && chain.length <= MOST; ) {
    const last = issuer;
    issuer = /** @type {X509Certificate} */ (known.find((one) => last.checkIssued(one) && !one.checkIssued(one)));
    if (issuer !== undefined) chain.push(issuer);
  }
  return Buffer.from(chain.join('\n'));
}

/** @param {any} pem one or more @returns {X509Certificate[]} all that are in it */
function certificatesIn(pem) {
  const all = (Array.isArray(pem) ? pem : [pem]).flatMap(
    (one) => Buffer.from(one).toString('latin1').match(CERTIFICATE) ?? [],
  );
  return all.map((one) => new X509Certificate(one));
}

/** @param {any} options @returns {Buffer} DER of PKCS #8 */
function keyOf({ key, passphrase }) {
  const only = onlyOne(key, 'key');
  const { pem, passphrase: own } = only.pem === undefined ? { pem: only, passphrase: undefined } : only;
  return createPrivateKey({ key: pem, passphrase: own ?? passphrase ?? undefined }).export({
    type: 'pkcs8',
    format: 'der',
  });
}

/** @param {any} value @param {string} what @returns {any} */
function onlyOne(value, what) {
  const all = Array.isArray(value) ? value : [value];
  if (all.length === 0 || all[0] === undefined || all[0] === null) throw new Unsupported(`it has no ${what}`);
  if (all.length > 1) throw new Unsupported(`it has more than one ${what}`);
  return all[0];
}

/** @param {any} options @returns {number} the sum of those that are spoken */
function versionsOf(options) {
  const [minVersion, maxVersion] = [
    options.minVersion ?? tls.DEFAULT_MIN_VERSION,
    options.maxVersion ?? tls.DEFAULT_MAX_VERSION,
  ];
  if (minVersion !== 'TLSv1.2' && minVersion !== 'TLSv1.3') throw new Unsupported(`its "minVersion" is ${minVersion}`);
  if (maxVersion !== 'TLSv1.2' && maxVersion !== 'TLSv1.3') throw new Unsupported(`its "maxVersion" is ${maxVersion}`);
  if (minVersion > maxVersion) throw new Unsupported(`its "minVersion" is above its "maxVersion"`);
  return (minVersion === 'TLSv1.2' ? TLS_1_2 : 0) + (maxVersion === 'TLSv1.3' ? TLS_1_3 : 0);
}

module.exports = { Unsupported, certificateOf, keyOf, versionsOf };
