'use strict';

const { defaults, setting } = require('../native/constants.js');
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

/** Rust reads it within the call that it is given to. */
const NUMBERS = new Float64Array(Object.keys(setting).length);

/** Where each has its place. */
const AT = /** @type {import('../native/functions').Constants['setting']} */ ({ ...setting });

/**
 * The settings of a connection, each at the place where Rust reads it: see `src/binding/settings.rs`. They hold until the
 * next call.
 *
 * @param {{ bounds: Bounds, manner: Manner, options: import('./options.js').Options }} group
 * @param {{ mask: boolean, enforceMasking: boolean }} role
 * @returns {import('../native/functions').Settings}
 */
function connectionSettings({ bounds, manner, options }, { mask, enforceMasking }) {
  const { maxMessages, perMessageDeflate } = options;
  const { level, threshold } = perMessageDeflate ?? DEFAULTS;
  NUMBERS[AT.mask] = Number(mask);
  NUMBERS[AT.enforceMasking] = Number(enforceMasking);
  NUMBERS[AT.maxPayload] = options.maxPayload;
  NUMBERS[AT.maxFragments] = options.maxFragments;
  NUMBERS[AT.maxEmptyFragments] = bounds.maxEmptyFragments;
  NUMBERS[AT.maxChunks] = bounds.maxChunks;
  NUMBERS[AT.maxControlFrames] = options.maxControlFrames;
  NUMBERS[AT.maxMessages] = maxMessages.perSecond;
  NUMBERS[AT.messageBurst] = maxMessages.burst;
  NUMBERS[AT.pausesMessages] = Number(maxMessages.pauses);
  NUMBERS[AT.maxBufferedAmount] = options.maxBufferedAmount;
  NUMBERS[AT.timeout] = options.timeout;
  NUMBERS[AT.pingInterval] = options.pingInterval;
  NUMBERS[AT.closeTimeout] = options.closeTimeout;
  NUMBERS[AT.level] = level;
  NUMBERS[AT.threshold] = threshold;
  NUMBERS[AT.autoPong] = Number(manner.autoPong);
  NUMBERS[AT.explains] = Number(manner.explains);
  NUMBERS[AT.hearsWhileClosing] = Number(manner.hearsWhileClosing);
  NUMBERS[AT.sharesMemory] = Number(manner.sharesMemory);
  NUMBERS[AT.textAsBytes] = Number(manner.textAsBytes);
  NUMBERS[AT.validatesUtf8] = Number(manner.validatesUtf8);
  return NUMBERS;
}

module.exports = { Group, connectionSettings };
