'use strict';

const native = require('../native/native.js');
const { checkOptions } = require('./options.js');
const { DEFAULTS } = require('../options/per-message-deflate.js');
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
  /** Bytes that the windows of permessage-deflate may take, of all that are not over. */
  windowBytes = 0;
  /** @type {(sid: string) => void} told whom `maxConnections` has closed */
  evicted = () => {};
  /** @type {Set<(connection: import('./connection.js').Connection) => void>} told of each that is over */
  ends = new Set();
  /** @type {Map<string | null, Set<import('./messages.js').Messages>>} by sid; `null` for all sids */
  readers = new Map();
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

  /** Whether the windows of permessage-deflate may take more than they may already. */
  hasWindowMemory() {
    const { perMessageDeflate } = this.options;
    return perMessageDeflate === null || this.windowBytes < perMessageDeflate.memoryLimit;
  }
}

/**
 * What the protocol is told of a connection, in the order in which Rust takes it.
 *
 * @param {State} state
 * @param {{ mask: boolean, enforceMasking: boolean, deflate: string }} role `deflate` is the element
 *   that was agreed on; an empty one means that it is off
 * @returns {(boolean | number | string)[]}
 */
function protocolSettings({ options }, { mask, enforceMasking, deflate }) {
  const { maxPayload, maxFragments, maxControlFrames } = options;
  const { timeout, pingInterval, closeTimeout } = options;
  const { level, threshold } = options.perMessageDeflate ?? DEFAULTS;
  const limits = [maxPayload, maxFragments, maxControlFrames];
  const times = [timeout, pingInterval, closeTimeout];
  return [mask, enforceMasking, ...limits, ...times, deflate, level, threshold];
}

module.exports = { State, protocolSettings };
