'use strict';

const fs = require('node:fs');
const { sleep } = require('./choice');

/** What keeps a socket or a pipe open, by the names of Node. */
const WRAPS = /^(TCPSocketWrap|PipeWrap|TLSWrap|TCPConnectWrap|WriteWrap|ShutdownWrap)$/;

/** @returns {number} descriptors of the process */
function descriptors() {
  return fs.readdirSync(fs.existsSync('/proc/self/fd') ? '/proc/self/fd' : '/dev/fd').length;
}

/** @returns {number} sockets and pipes that this thread's event loop knows */
function handles() {
  return process.getActiveResourcesInfo().filter((name) => WRAPS.test(name)).length;
}

/** After garbage collection: what this thread, and its process, still have. */
async function held() {
  for (let i = 0; i < 4; i++) {
    global.gc();
    await sleep(50); // finalizers and closing handles have their turn
  }
  const { rss, heapUsed, external } = process.memoryUsage();
  return { rss, heap: heapUsed + external, descriptors: descriptors(), handles: handles() };
}

module.exports = { held };
