'use strict';

const { defaults } = require('../native/constants.js');
const native = require('../native/native.js');
const { checkOptions } = require('./options.js');
const { DEFAULTS } = require('../options/per-message-deflate.js');
const { Topics } = require('./topics.js');
const { Views } = require('./views.js');

/**
 * What connections do in the way that their sink wants: see `src/protocol/manner.rs`.
 *
 * @typedef {object} Manner
 * @property {boolean} autoPong
 * @property {boolean} explains
 * @property {boolean} hearsWhileClosing
 * @property {boolean} sharesMemory
 * @property {boolean} textAsBytes
 * @property {boolean} validatesUtf8
 */

/**
 * Limits that no option of a `Base` sets: see `src/protocol/limits.rs`.
 *
 * @typedef {object} Bounds
 * @property {number} maxChunks
 * @property {number} maxEmptyFragments
 */

/**
 * Connections that share options, counters and limits: those of one `Base`.
 *
 * @template {{ readonly sid: string }} C a connection. The type of it would make an import upward
 */
class Group {
  /** The number of the topic that stands for all of its connections. */
  id = native.newTopic();
  /** The open connections. @type {Views<C>} */
  views = new Views();
  /** Those of the open connections that go by streams. @type {Set<C>} */
  streams = new Set();
  /** Which of the open connections subscribe to what. */
  topics = /** @type {Topics<C>} */ (new Topics());
  /** @type {Set<C>} longest closing first */
  closing = new Set();
  /** Those that were closing and had to make room: their `close` is still to come. @type {Set<C>} */
  dropped = new Set();
  /** Bytes that the windows of permessage-deflate may take, of all that are not over. */
  windowBytes = 0;
  /** @type {(sid: string) => void} told whom `maxConnections` has closed */
  evicted = () => {};
  /** @type {Set<(connection: C, code: number, reason: string) => void>} called with each connection that is closed now */
  ends = new Set();
  counters = {
    messagesReceived: 0,
    messagesSent: 0,
    pingsReceived: 0,
    pingsSent: 0,
    pongsReceived: 0,
    publishes: 0,
    deliveries: 0,
    /** Of connections that are over. */
    skipped: 0,
    errors: 0,
    /** Of connections that are over. */
    bytesReceived: 0,
    bytesSent: 0,
  };

  /**
   * @param {object} base what the diagnostics channels call `base`: the `Base`, or what stands for it
   * @param {object | undefined} options those of a `Base`, as its constructor got them
   * @throws {TypeError | RangeError} naming the option that is wrong
   */
  constructor(base, options) {
    this.base = base;
    this.options = checkOptions(options);
    /** @type {Manner} */
    this.manner = {
      autoPong: true,
      explains: true,
      hearsWhileClosing: false,
      sharesMemory: false,
      textAsBytes: false,
      validatesUtf8: true,
    };
    /** @type {Bounds} */
    this.bounds = { maxChunks: Infinity, maxEmptyFragments: defaults.maxEmptyFragments };
    /** @type {Record<string, import('../../index').Extension>} */
    this.extensions = {};
  }

  /** Whether the windows of permessage-deflate may take more than they may already. */
  hasWindowMemory() {
    const { perMessageDeflate } = this.options;
    return perMessageDeflate === null || this.windowBytes < perMessageDeflate.memoryLimit;
  }

  /** How many connections are not closed yet. */
  get left() {
    return this.views.size + this.closing.size + this.dropped.size;
  }

  /**
   * Waits for the end of the connections that are open or closing now.
   *
   * @returns {Promise<void>}
   */
  allClosed() {
    const left = new Set([...this.views.all(), ...this.closing, ...this.dropped]);
    return new Promise((resolve) => {
      const look = () => {
        if (left.size === 0) {
          this.ends.delete(over);
          resolve();
        }
      };
      /** @param {C} connection */
      const over = (connection) => {
        left.delete(connection);
        look();
      };
      this.ends.add(over);
      look();
    });
  }
}

/**
 * The settings of a connection, by the names that Rust reads them by: `src/binding/settings.rs`.
 *
 * @param {{ bounds: Bounds, manner: Manner, options: import('./options.js').Options }} group
 * @param {{ mask: boolean, enforceMasking: boolean, deflate: string }} role `deflate` is the element
 *   that was agreed on; an empty one means that it is off
 * @returns {import('../native/functions').Settings}
 */
function connectionSettings({ bounds, manner, options }, { mask, enforceMasking, deflate }) {
  const { maxPayload, maxFragments, maxControlFrames, maxBufferedAmount } = options;
  const { timeout, pingInterval, closeTimeout } = options;
  const { perSecond, burst, pauses } = options.maxMessages;
  const { level, threshold } = options.perMessageDeflate ?? DEFAULTS;
  const limits = { maxPayload, maxFragments, maxControlFrames, maxBufferedAmount };
  const messages = { maxMessages: perSecond, messageBurst: burst, pausesMessages: pauses };
  const times = { timeout, pingInterval, closeTimeout };
  return { mask, enforceMasking, ...limits, ...messages, ...bounds, ...times, deflate, level, threshold, ...manner };
}

module.exports = { Group, connectionSettings };
