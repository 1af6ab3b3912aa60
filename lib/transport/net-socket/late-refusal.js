'use strict';

const net = require('node:net');

const { nextTick } = require('../../util/clock.js');
const { overlay } = require('./overlay.js');

/** An opcode that nothing is continued by at the beginning of a connection: clients fail at once. */
const CONTINUATION = 0x0;

/**
 * Who refuses a client: sends the text as a frame, and closes.
 *
 * @typedef {{ refuse(opcode: number, text: string): void }} Refuser
 */

/** Who refuses the client of each socket. @type {WeakMap<object, Refuser>} */
const refusers = new WeakMap();

/** Sockets whose clients are refused in this tick: the answer is still to leave. @type {WeakSet<object>} */
const refused = new WeakSet();

/** What lies under ours, which is the last that was laid over a socket. @param {object} socket @returns {any} */
const under = (socket) => Object.getPrototypeOf(Object.getPrototypeOf(socket));

const refusing = overlay({
  /** @this {net.Socket} @param {unknown} chunk @param {unknown[]} rest */
  write(chunk, ...rest) {
    if (typeof chunk !== 'string' || !chunk.startsWith('HTTP/') || refused.has(this)) {
      return under(this).write.call(this, chunk, ...rest);
    }
    refused.add(this);
    nextTick(() => refused.delete(this));
    refusers.get(this)?.refuse(CONTINUATION, chunk);
    const callback = rest.find((one) => typeof one === 'function');
    if (typeof callback === 'function') nextTick(callback);
    return true;
  },
  /** @this {net.Socket} @param {unknown[]} rest */
  destroy(...rest) {
    return refused.has(this) ? this : under(this).destroy.call(this, ...rest);
  },
});

/**
 * Hears engine.io refuse a client that has been upgraded already: it writes an HTTP response to the socket, and
 * destroys it. Carried by `ws` that is no frame, and clients fail at once. Ours get a frame that is as wrong; a
 * connection that only ended would have them wait.
 *
 * @param {import('node:stream').Duplex} socket a connection's; of one that is no `net.Socket` nothing is taken over,
 *   and what engine.io writes is written
 * @param {Refuser} refuser
 */
function hearRefusal(socket, refuser) {
  if (socket instanceof net.Socket) {
    refusers.set(socket, refuser);
    refusing.lay(socket);
  }
}

module.exports = { hearRefusal };
