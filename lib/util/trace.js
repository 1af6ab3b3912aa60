'use strict';

const { format } = require('node:util');

/** Names in `NODE_DEBUG` and in `DEBUG` that mean us. */
const NAMES = new Set(['*', 'websockets', 'websockets*', 'websockets:*']);

// util.debuglog() of Bun does not tell whether anybody asks for it.
const { NODE_DEBUG = '', DEBUG = '' } = process.env;

/** Whether anybody reads it: what a line says is not made otherwise. */
const isTracing = `${NODE_DEBUG},${DEBUG}`
  .toLowerCase()
  .split(/[\s,]+/)
  .some((name) => NAMES.has(name));

/**
 * Writes a line to standard error; to be called where `isTracing`. What a peer has said goes in as `%j`, so
 * that it cannot make lines of its own.
 *
 * @param {string} text as `util.format` has it
 * @param {...unknown} rest
 */
function trace(text, ...rest) {
  process.stderr.write(`WEBSOCKETS ${process.pid}: ${format(text, ...rest)}\n`);
}

module.exports = { isTracing, trace };
