'use strict';

const { inspect } = require('node:util');

/**
 * Adds `code` the way Node's own errors carry it: `TypeError [ERR_X]: message` in the stack.
 *
 * @template {Error} E
 * @param {E} error
 * @param {string} code
 * @returns {E & { code: string }}
 */
function withCode(error, code) {
  const { name } = error;
  error.name = `${name} [${code}]`;
  // The stack is made of the name when it is first read.
  void error.stack;
  delete (/** @type {{ name?: string }} */ (error).name);
  return Object.assign(error, { code });
}

/**
 * An argument or option of the wrong type.
 *
 * @param {string} name what it is called
 * @param {string} expected what is allowed
 * @param {unknown} actual
 * @returns {TypeError & { code: string }}
 */
function invalidType(name, expected, actual) {
  const message = `${name} must be ${expected}. Received ${inspect(actual, { depth: 0 })}`;
  return withCode(new TypeError(message), 'ERR_INVALID_ARG_TYPE');
}

/**
 * An argument or option of the right type that is not allowed.
 *
 * @param {string} name what it is called
 * @param {string} expected what is allowed
 * @param {unknown} actual
 * @returns {RangeError & { code: string }}
 */
function outOfRange(name, expected, actual) {
  const message = `${name} must be ${expected}. Received ${inspect(actual, { depth: 0 })}`;
  return withCode(new RangeError(message), 'ERR_OUT_OF_RANGE');
}

/**
 * Something that cannot be done.
 *
 * @param {string} code
 * @param {string} message
 * @returns {Error & { code: string }}
 */
function failure(code, message) {
  return withCode(new Error(message), code);
}

/**
 * Something that a peer did. It has no stack frames: none of them would be the app's, and they would
 * keep the connection in memory for as long as the app keeps the error.
 *
 * @template {{ code?: string }} F
 * @param {string} message
 * @param {F} facts
 * @returns {Error & F}
 */
function peerError(message, facts) {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  const error = new Error(message);
  Error.stackTraceLimit = stackTraceLimit;
  return Object.assign(error, facts);
}

/**
 * What `node:events` and the like reject with where a signal is aborted.
 *
 * @param {unknown} cause the signal's reason
 * @returns {Error & { code: string }}
 */
function abortError(cause) {
  const error = new Error('The operation was aborted', { cause });
  return Object.assign(error, { name: 'AbortError', code: 'ABORT_ERR' });
}

module.exports = { abortError, failure, invalidType, outOfRange, peerError };
