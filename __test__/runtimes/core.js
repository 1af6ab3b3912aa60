'use strict';

/** The test files of what an app meets first. */
module.exports = [
  'assign-socket', 'base', 'close', 'close-handshake', 'connection', 'data-types', 'deflate-client', 'echo', 'extensions',
  'fragments', 'frame', 'limits', 'masking', 'messages', 'negotiation', 'options', 'ping', 'properties', 'protocol-errors',
  'reentrancy', 'send', 'server', 'stats', 'terminate', 'unix-socket', 'upgrade',
].map((name) => `${name}.test.js`);
