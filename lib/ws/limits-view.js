'use strict';

const { kInner } = require('../connection/connection.js');

/**
 * What others know as the `_receiver` of a WebSocket: its limits, of which `_maxPayload` may be set.
 */
class LimitsView {
  #connection;
  #options;
  #maxPayload;

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

  /** Frames of one message. */
  get _maxFragments() {
    return this.#options.maxFragments;
  }

  /** Chunks that the payload of a frame may come in. */
  get _maxBufferedChunks() {
    return this.#options.maxBufferedChunks;
  }
}

module.exports = { LimitsView };
