'use strict';

const { isUtf8 } = require('node:buffer');
const { isArrayBuffer, isUint8Array } = require('node:util').types;

const { limit, opcode, validStatusCodes } = require('../native/constants.js');
const { invalidType, outOfRange } = require('../util/errors.js');

/**
 * Checks what is to be sent.
 *
 * @param {unknown} data
 * @returns {string | ArrayBufferView} as the native side takes it
 */
function checkData(data) {
  if (typeof data === 'string') {
    return data;
  }
  if (ArrayBuffer.isView(data)) {
    // Not every runtime's Node-API takes a DataView where it takes a Buffer: Deno's does not.
    return data instanceof DataView ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength) : data;
  }
  if (isArrayBuffer(data)) {
    return new Uint8Array(data);
  }
  const allowed = 'a string, a Buffer, a TypedArray, a DataView or an ArrayBuffer';
  throw invalidType('The "data" argument', allowed, data);
}

/**
 * Checks the payload of a ping (RFC 6455 §5.5.2).
 *
 * @param {unknown} data
 * @returns {string | ArrayBufferView}
 */
function checkPingData(data) {
  const checked = checkData(data);
  const payload = typeof checked === 'string' ? checked : bytesOf(checked);
  const length = Buffer.byteLength(payload);
  if (length > limit.MAX_CONTROL_PAYLOAD) {
    const allowed = `at most ${limit.MAX_CONTROL_PAYLOAD} bytes of UTF-8 or binary data`;
    throw outOfRange('The "data" argument', allowed, `${length} bytes`);
  }
  return typeof payload === 'string' ? payload : new Uint8Array(payload);
}

/**
 * Checks the reason of a close frame (RFC 6455 §5.5.1).
 *
 * @param {unknown} reason
 * @returns {string | Uint8Array}
 */
function checkReason(reason) {
  if (reason === undefined || reason === null) {
    return '';
  }
  if (typeof reason !== 'string' && !isUint8Array(reason)) {
    throw invalidType('The "reason" argument', 'a string or a Buffer', reason);
  }
  const payload = typeof reason === 'string' ? reason : bytesOf(reason);
  const length = Buffer.byteLength(payload);
  if (length > limit.MAX_REASON_LENGTH) {
    throw outOfRange('The "reason" argument', `at most ${limit.MAX_REASON_LENGTH} bytes`, `${length} bytes`);
  }
  if (typeof payload === 'string') {
    return payload;
  }
  const copy = new Uint8Array(payload);
  if (!isValidUtf8(copy)) {
    throw invalidType('The "reason" argument', 'a string or a Buffer of valid UTF-8', reason);
  }
  return copy;
}

/**
 * Checks the status code of a close frame (RFC 6455 §7.4 and the registry it founded).
 *
 * @param {unknown} code
 * @returns {number}
 */
function checkCloseCode(code) {
  const allowed = `one of ${validStatusCodes.map(([first, last]) => `${first} to ${last}`).join(', ')}`;
  if (typeof code !== 'number') {
    throw invalidType('The "code" argument', allowed, code);
  }
  const isValid = validStatusCodes.some(([first, last]) => code >= first && code <= last);
  if (!Number.isInteger(code) || !isValid) {
    throw outOfRange('The "code" argument', allowed, code);
  }
  return code;
}

/**
 * The opcode of a message with this data.
 *
 * @param {string | ArrayBufferView} data
 * @returns {number}
 */
function opcodeOf(data) {
  return typeof data === 'string' ? opcode.TEXT : opcode.BINARY;
}

/**
 * Whether a message fits in a frame however it is encoded, and even if compression made it longer.
 *
 * @param {string | ArrayBufferView} data
 * @param {number} fragment most bytes of payload of a frame
 * @returns {boolean}
 */
function isShort(data, fragment) {
  const bytes = typeof data === 'string' ? data.length * 3 : data.byteLength;
  return bytes * 2 <= fragment;
}

/**
 * A view of fixed length on what a view shows now. Memory that is shared may grow and change at any
 * time, and `byteLength` may be anybody's: what goes into a control frame is a copy of this, so that it
 * is what was checked.
 *
 * @param {ArrayBufferView} view
 * @returns {Uint8Array}
 */
function bytesOf({ buffer, byteOffset, byteLength }) {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

/**
 * @param {Uint8Array} bytes
 * @returns {boolean}
 */
function isValidUtf8(bytes) {
  if (isUtf8 !== undefined) {
    return isUtf8(bytes);
  }
  // Node before 18.14.
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
}

module.exports = { checkCloseCode, checkData, checkPingData, checkReason, isShort, opcodeOf };
