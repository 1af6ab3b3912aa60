'use strict';

// What certificates are written in (X.690, the distinguished encoding).

/** One value of a type, which is made of others or of bytes. */
function der(tag, ...parts) {
  const body = Buffer.concat(parts);
  const { length } = body;
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 255];
  return Buffer.concat([Buffer.from([tag, ...size]), body]);
}

const sequence = (...parts) => der(0x30, ...parts);
const oid = (hex) => der(0x06, Buffer.from(hex, 'hex'));
const bits = (bytes, unused = 0) => der(0x03, Buffer.of(unused), Buffer.from(bytes));
const time = (at) => der(0x17, Buffer.from(`${at.toISOString().slice(2, 19).replace(/[-T:]/g, '')}Z`));

/** A name that is a common name alone (RFC 5280 §4.1.2.4). */
const named = (name) => sequence(der(0x31, sequence(oid('550403'), der(0x0c, Buffer.from(name)))));

module.exports = { bits, der, named, oid, sequence, time };
