'use strict';

const net = require('node:net');

const { overlay } = require('../transport/net-socket/overlay.js');
const { nextTick } = require('../util/clock.js');
const { failure } = require('../util/errors.js');
const { areWhole } = require('./frames.js');

/** @typedef {import('./outgoing.js').Outgoing} Outgoing */

/** What sends the frames that are written to a socket. @type {WeakMap<object, Outgoing>} */
const outgoings = new WeakMap();

const raw = overlay({
  /**
   * Some broadcasters write whole frames to the `_socket` of each WebSocket. Anything else would break the stream of
   * frames: it fails by the callback.
   *
   * @this {net.Socket}
   * @param {string | Uint8Array} chunk
   * @param {unknown} encoding
   * @param {unknown} callback
   */
  write(chunk, encoding, callback = encoding) {
    const then =
      typeof callback === 'function' ? /** @type {import('./outgoing.js').Callback} */ (callback) : undefined;
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk, encodingOf(encoding)) : chunk;
    if (!areWhole(bytes)) {
      const message = 'The socket carries a WebSocket: only whole frames can be written to it';
      if (then !== undefined) nextTick(then, failure('ERR_WS_SOCKET_TAKEN', message));
      return false;
    }
    outgoings.get(this)?.sendEncoded(bytes, then);
    return true;
  },
  /**
   * Ends the connection after what was sent, and says nothing of it: a close frame is sent by `close()` of the
   * WebSocket.
   *
   * @this {net.Socket}
   * @param {unknown[]} rest
   */
  end(...rest) {
    const callback = rest.find((one) => typeof one === 'function');
    if (typeof callback === 'function') this.once('close', () => callback());
    outgoings.get(this)?.finish();
    return this;
  },
});

/** @param {unknown} encoding @returns {BufferEncoding} */
function encodingOf(encoding) {
  return typeof encoding === 'string' ? /** @type {BufferEncoding} */ (encoding) : 'utf8';
}

/**
 * Has what is written to a connection's socket object sent, if that is whole frames.
 *
 * @param {import('node:stream').Duplex} socket of one that is no `net.Socket` nothing is taken over: what is written
 *   to it is written
 * @param {Outgoing} outgoing
 */
function hearRawFrames(socket, outgoing) {
  if (socket instanceof net.Socket) {
    outgoings.set(socket, outgoing);
    raw.lay(socket);
  }
}

module.exports = { hearRawFrames };
