'use strict';

const native = require('../../native/native.js');
const { clearInterval, setInterval } = require('../../util/clock.js');

/** @typedef {import('../net-socket/node-socket').NodeSocket} NodeSocket */

/** How often, in ms, it is looked at whether connections are there still. */
const INTERVAL = 500;

/** What is watched, and what is called when it has hung up. @type {Map<NodeSocket, () => void>} */
const watched = new Map();
/** @type {NodeJS.Timeout | undefined} */
let timer;

/**
 * Node notices a reset only while it reads, and a paused stream it reads no further than its buffer
 * goes: meanwhile the system is asked. A stream without a descriptor cannot be watched.
 *
 * @param {object} stream
 * @param {() => void} hungUp called where it was reset, or both its sides have ended
 */
function watch(stream, hungUp) {
  const socket = /** @type {NodeSocket} */ (stream);
  if (native.isHungUp === undefined || !(descriptorOf(socket) >= 0)) {
    return;
  }
  watched.set(socket, hungUp);
  timer ??= setInterval(look, INTERVAL).unref();
}

/** @param {object} stream which is read again, or over */
function unwatch(stream) {
  if (watched.delete(/** @type {NodeSocket} */ (stream)) && watched.size === 0) {
    clearInterval(timer);
    timer = undefined;
  }
}

/** @param {NodeSocket} socket @returns {number} its descriptor, -1 if it has none */
function descriptorOf(socket) {
  return socket._handle?.fd ?? -1;
}

/** Asks the system about all that is watched. */
function look() {
  for (const [socket, hungUp] of [...watched]) {
    const fd = descriptorOf(socket);
    if (fd >= 0 && native.isHungUp(fd)) {
      unwatch(socket);
      hungUp();
    }
  }
}

module.exports = { unwatch, watch };
