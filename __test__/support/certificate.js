'use strict';

const { generateKeyPairSync, randomBytes, sign } = require('node:crypto');
const { bits, der, named, oid, sequence, time } = require('./der');

const DAY = 24 * 60 * 60 * 1000;

/**
 * A certificate, made on the spot (RFC 5280): no key is kept anywhere, and none expires that is not meant to.
 *
 * @param {object} [options]
 * @param {string} [options.name] whom it is for
 * @param {{ name: string, privateKey: import('node:crypto').KeyObject }} [options.issuer] who signs it; itself by default
 * @param {boolean} [options.isAuthority] whether it may sign others
 * @param {[number, number]} [options.days] from when until when it is good, from now
 * @returns {{ name: string, privateKey: import('node:crypto').KeyObject, key: string, cert: string }} both in PEM
 */
function issue({ name = 'localhost', issuer, isAuthority = false, days = [-1, 1] } = {}) {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const algorithm = sequence(oid('2a8648ce3d040302')); // ecdsa-with-SHA256
  const names = sequence(der(0x82, Buffer.from(name)), der(0x87, Buffer.from([127, 0, 0, 1])));
  const constraints = sequence(der(0x01, Buffer.of(0xff)));
  const extensions = [sequence(oid('551d11'), der(0x04, names))]; // subjectAltName
  if (isAuthority) extensions.push(sequence(oid('551d13'), der(0x01, Buffer.of(0xff)), der(0x04, constraints)));
  const certificate = sequence(
    der(0xa0, der(0x02, Buffer.of(2))), // version 3
    der(0x02, Buffer.of(1), randomBytes(8)), // serial number
    algorithm,
    named(issuer?.name ?? name),
    sequence(...days.map((count) => time(new Date(Date.now() + count * DAY)))),
    named(name),
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, sequence(...extensions)),
  );
  const signature = sign('sha256', certificate, issuer?.privateKey ?? privateKey);
  const lines = sequence(certificate, algorithm, bits(signature))
    .toString('base64')
    .match(/.{1,64}/g)
    .join('\n');
  return {
    name,
    privateKey,
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }),
    cert: `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`,
  };
}

/** A certificate for localhost, signed by itself. @returns {{ key: string, cert: string }} both in PEM */
function selfSigned() {
  const { key, cert } = issue();
  return { key, cert };
}

module.exports = { issue, selfSigned };
