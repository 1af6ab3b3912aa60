'use strict';

const { isUint8Array } = require('node:util').types;

const { invalidType } = require('../../util/errors.js');

/** Encodings in which bytes are lost, or held back until more come. */
const LOSSY = new Set(['utf8', 'utf-8', 'utf16le', 'utf-16le', 'ucs2', 'ucs-2', 'ascii', 'base64', 'base64url']);

/**
 * Has a stream, which the app may have given an encoding, lose nothing.
 *
 * @param {import('node:stream').Duplex} stream
 */
function keepBytes(stream) {
  if (LOSSY.has(stream.readableEncoding ?? '')) {
    stream.setEncoding('latin1');
  }
}

/**
 * @param {import('node:stream').Duplex} stream
 * @param {unknown} chunk that it has brought
 * @returns {Uint8Array}
 * @throws {TypeError} where it has no bytes
 */
function toBytes(stream, chunk) {
  if (typeof chunk === 'string') {
    return Buffer.from(chunk, stream.readableEncoding ?? 'utf8');
  }
  if (!isUint8Array(chunk)) {
    throw invalidType('A chunk of the stream', 'a string, a Buffer or a Uint8Array', chunk);
  }
  return chunk;
}

module.exports = { keepBytes, toBytes };
