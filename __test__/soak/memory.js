'use strict';

const fs = require('node:fs');
const { monitorEventLoopDelay } = require('node:perf_hooks');
const { sleep } = require('./choice');

/** What keeps a socket or a pipe open, by the names of Node. */
const WRAPS = /^(TCPSocketWrap|PipeWrap|TLSWrap|TCPConnectWrap|WriteWrap|ShutdownWrap)$/;

/** @returns {boolean} whether a descriptor is a shard's io_uring: each makes one for good when it first sends to several */
function isRing(name) {
  try {
    return fs.readlinkSync(name) === 'anon_inode:[io_uring]';
  } catch {
    return false;
  }
}

/** @returns {number} descriptors of the process, without those that come once and stay */
function descriptors() {
  const folder = fs.existsSync('/proc/self/fd') ? '/proc/self/fd' : '/dev/fd';
  return fs.readdirSync(folder).filter((name) => !isRing(`${folder}/${name}`)).length;
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

const NS = 1e6;

/** Looks how long this thread stands still. @returns {() => number} the longest time since the last call, in ms */
function stalls() {
  const delays = monitorEventLoopDelay({ resolution: 20 });
  delays.enable();
  return () => {
    const longest = delays.max / NS;
    delays.reset();
    return longest;
  };
}

module.exports = { held, stalls };
