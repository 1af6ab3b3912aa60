'use strict';

const native = require('./native.js');
const { checkOptions } = require('./options.js');
const { Views } = require('./views.js');

/**
 * What a `Base` has that is not for its users.
 */
class State {
  /** The number its connections' frames are broadcast by. */
  id = native.newBase();
  views = new Views();
  /** Those of the open connections that go by streams. */
  streams = new Set();
  /** @type {Set<import('./connection.js').Connection>} longest closing first */
  closing = new Set();
  /** Those that were closing and had to make room: their `close` is still to come. */
  dropped = new Set();
  counters = {
    messagesReceived: 0,
    messagesSent: 0,
    pingsReceived: 0,
    pingsSent: 0,
    pongsReceived: 0,
    errors: 0,
    /** Of connections that are over. */
    bytesReceived: 0,
    bytesSent: 0,
  };

  /**
   * @param {import('node:events').EventEmitter} emitter the `Base`
   * @param {object | undefined} options as the constructor got them
   */
  constructor(emitter, options) {
    this.emitter = emitter;
    this.options = checkOptions(options);
    this.extensions = {};
  }
}

/**
 * What the protocol is told of a connection, in the order in which Rust takes it.
 *
 * @param {State} state
 * @param {{ mask: boolean, enforceMasking: boolean }} role
 * @returns {(boolean | number)[]}
 */
function protocolSettings({ options }, { mask, enforceMasking }) {
  const { maxPayload, maxFragments, timeout, pingInterval, closeTimeout } = options;
  return [mask, enforceMasking, maxPayload, maxFragments, timeout, pingInterval, closeTimeout];
}

module.exports = { State, protocolSettings };
