'use strict';

const { debuglog, format } = require('node:util');

/** Names in `DEBUG`, as the package `debug` reads them, that mean us. */
const NAMES = new Set(['*', 'websockets', 'websockets*', 'websockets:*']);

const log = debuglog('websockets');
const isAsked = (process.env.DEBUG ?? '').split(/[\s,]+/).some((name) => NAMES.has(name));

/** Whether anybody reads it: what a line says is not made otherwise. */
const isTracing = Boolean(log.enabled) || isAsked;

/**
 * Writes a line to standard error, where `NODE_DEBUG` or `DEBUG` asks for it. What a peer has said goes in
 * as `%j`, so that it cannot make lines of its own.
 *
 * @param {string} text as `util.format` has it
 * @param {...unknown} rest
 */
function trace(text, ...rest) {
  if (log.enabled) {
    log(text, ...rest);
  } else if (isAsked) {
    process.stderr.write(`WEBSOCKETS ${process.pid}: ${format(text, ...rest)}\n`);
  }
}

module.exports = { isTracing, trace };
