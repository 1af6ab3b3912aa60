'use strict';

const native = require('../../native/native.js');

/** How often, in ms, it is looked at whether connections are there still. */
const INTERVAL = 500;

/** What is watched, and what is called when it has hung up. @type {Map<any, () => void>} */
const watched = new Map();
let timer;

/**
 * Node notices a reset only while it reads, and a paused stream it reads no further than its buffer
 * goes: meanwhile the system is asked. A stream without a descriptor cannot be watched.
 *
 * @param {any} socket
 * @param {() => void} hungUp called where it was reset, or both its sides have ended
 */
function watch(socket, hungUp) {
  if (native.isHungUp === undefined || !(socket._handle?.fd >= 0)) {
    return;
  }
  watched.set(socket, hungUp);
  timer ??= setInterval(look, INTERVAL).unref();
}

/** @param {any} socket which is read again, or over */
function unwatch(socket) {
  if (watched.delete(socket) && watched.size === 0) {
    clearInterval(timer);
    timer = undefined;
  }
}

function look() {
  for (const [socket, hungUp] of [...watched]) {
    const fd = socket._handle?.fd;
    if (fd >= 0 && native.isHungUp(fd)) {
      unwatch(socket);
      hungUp();
    }
  }
}

module.exports = { unwatch, watch };
