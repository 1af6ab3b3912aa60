'use strict';

const { Blob } = require('node:buffer');
const { isAnyArrayBuffer } = require('node:util').types;

const { limit } = require('../native/constants.js');

/** The values of `binaryType`. */
const BINARY_TYPES = /** @type {const} */ (['nodebuffer', 'arraybuffer', 'blob', 'fragments']);

/** @typedef {(typeof BINARY_TYPES)[number]} BinaryType */

/** The only empty Buffer that is handed out. */
const EMPTY = Buffer.alloc(0);

/**
 * What is to be sent, as the transports take it.
 *
 * @param {unknown} data whatever `Buffer.from` takes, a number, or nothing
 * @returns {string | ArrayBufferView}
 * @throws {TypeError} by `Buffer.from`
 */
function toSend(data) {
  if (typeof data === 'string') {
    return data;
  }
  if (typeof data === 'number') {
    return String(data);
  }
  if (data === undefined || data === null || data === false) {
    return EMPTY;
  }
  if (ArrayBuffer.isView(data)) {
    return data instanceof DataView ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength) : data;
  }
  return isAnyArrayBuffer(data) ? new Uint8Array(data) : Buffer.from(/** @type {any} */ (data));
}

/** @param {unknown} data @returns {data is import('node:buffer').Blob} */
function isBlob(data) {
  return data instanceof Blob;
}

/** @param {string | ArrayBufferView} data @returns {number} its length in bytes */
function byteLength(data) {
  return typeof data === 'string' ? Buffer.byteLength(data) : data.byteLength;
}

/**
 * @param {string | ArrayBufferView} data of a ping or a pong (RFC 6455 §5.5)
 * @throws {RangeError} if it is too long
 */
function checkControl(data) {
  if (byteLength(data) > limit.MAX_CONTROL_PAYLOAD) {
    throw new RangeError(`The data size must not be greater than ${limit.MAX_CONTROL_PAYLOAD} bytes`);
  }
}

/**
 * A received message, as `binaryType` says.
 *
 * @param {Buffer} data
 * @param {BinaryType} binaryType
 * @returns {Buffer | ArrayBuffer | import('node:buffer').Blob | Buffer[]}
 */
function fromBuffer(data, binaryType) {
  switch (binaryType) {
    case 'nodebuffer':
      return data.length === 0 ? EMPTY : data;
    case 'arraybuffer':
      return new Uint8Array(data).buffer;
    case 'blob':
      return new Blob([data]);
    case 'fragments':
      return [data];
  }
}

/**
 * What a ping or a pong carries.
 *
 * @param {string | Buffer} bytes a string has a character for each
 * @returns {Buffer}
 */
function fromControl(bytes) {
  if (bytes.length === 0) {
    return EMPTY;
  }
  return typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes;
}

module.exports = { BINARY_TYPES, EMPTY, byteLength, checkControl, fromBuffer, fromControl, isBlob, toSend };
