'use strict';

/** What is for browsers as well as for Node.js may require `ws` in both, and make a WebSocket of it in one. */
module.exports = function WebSocket() {
  throw new Error('ws does not work in a browser, which has a WebSocket of its own');
};
