'use strict';

const { encode } = require('./frames.js');
const { toSend } = require('./data.js');

/**
 * As much of the `Sender` of `ws` as others use: broadcasters encode a frame once, and give it to the `_sender` of
 * each WebSocket.
 */
class Sender {
  constructor() {
    throw new TypeError('A Sender cannot be made here: use send() of a WebSocket, or Sender.frame()');
  }

  /**
   * @param {unknown} data
   * @param {import('./frames.js').Parts} options
   * @returns {Buffer[]} the frame
   */
  static frame(data, options) {
    return [encode(toSend(data), options)];
  }
}

module.exports = { Sender };
