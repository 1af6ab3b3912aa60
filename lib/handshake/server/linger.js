'use strict';

const { clearTimeout, setTimeout } = require('../../util/clock.js');
const { drop } = require('../../util/http2-stream.js');

/** How long, in ms, a client that was refused may take to end its side. */
const PATIENCE = 2_000;

/**
 * Lets the client read the response: destroyed while something of it lies unread, the socket would be
 * reset, and the response lost with it.
 *
 * @param {import('node:stream').Duplex} stream an old-style one may lack some methods
 */
function linger(stream) {
  const timer = setTimeout(() => drop(stream), PATIENCE);
  timer.unref();
  stream.once('close', () => clearTimeout(timer));
}

module.exports = { linger };
