'use strict';

const { kInner } = require('../connection/connection.js');

/**
 * What others know as the `_receiver` of a WebSocket: its limits, of which `_maxPayload` may be set, and its extensions.
 */
class LimitsView {
  #connection;
  #options;
  #maxPayload;
  /** @type {Record<string, ExtensionView> | null} */
  #extensions = null;

  /**
   * @param {import('../connection/connection.js').Connection} connection
   * @param {{ maxPayload: number, maxFragments: number, maxBufferedChunks?: number }} options
   */
  constructor(connection, options) {
    this.#connection = connection;
    this.#options = options;
    this.#maxPayload = options.maxPayload;
  }

  /** Bytes of one message; 0 is no limit. */
  get _maxPayload() {
    return this.#maxPayload;
  }

  set _maxPayload(bytes) {
    this.#maxPayload = bytes;
    this.#connection[kInner].transport?.setMaxPayload(bytes > 0 ? bytes : Number.MAX_SAFE_INTEGER);
  }

  /** What is known of each extension that is on, by its name. */
  get _extensions() {
    this.#extensions ??= Object.fromEntries(this.#connection.extensions.map((name) => [name, new ExtensionView(this)]));
    return this.#extensions;
  }

  /** Frames of one message. */
  get _maxFragments() {
    return this.#options.maxFragments;
  }

  /** Chunks that the payload of a frame may come in. */
  get _maxBufferedChunks() {
    return this.#options.maxBufferedChunks;
  }
}

/**
 * An extension that is on. With `ws` the limit of a message stands in two places, and whoever changes it changes both:
 * here they are one.
 */
class ExtensionView {
  #limits;

  /** @param {LimitsView} limits of its connection */
  constructor(limits) {
    this.#limits = limits;
  }

  /** Bytes of one message after decompression; 0 is no limit. */
  get _maxPayload() {
    return this.#limits._maxPayload;
  }

  set _maxPayload(bytes) {
    this.#limits._maxPayload = bytes;
  }
}

module.exports = { LimitsView };
