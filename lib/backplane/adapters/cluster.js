'use strict';

const nodeCluster = require('node:cluster');

const { primary } = require('./cluster-primary.js');
const { Connections, checkPrefix, checkUnused, started } = require('./common.js');
const { failure } = require('../../util/errors.js');

/**
 * @typedef {import('../../../index').Backplane} Backplane
 * @typedef {import('../../../index').BackplaneEvents} BackplaneEvents
 * @typedef {import('./cluster-primary.js').Request} Request
 */

/** Backplanes that this worker has made. */
let made = 0;

/** The primary of `node:cluster` as a broker: it hands on what a worker publishes to the workers that are subscribed. */
class ClusterWorker {
  /** @type {{ connections: Connections, events: BackplaneEvents } | null} */
  #started = null;
  /** Subscriptions that the primary has not confirmed yet, by their number. @type {Map<number, () => void>} */
  #asked = new Map();
  #requests = 0;
  #port = `${++made}`;
  #prefix;

  /** @param {string} prefix */
  constructor(prefix) {
    this.#prefix = `${prefix}/`;
  }

  /** @param {BackplaneEvents} events */
  start(events) {
    checkUnused(this.#started);
    this.#started = { connections: new Connections(events, ['primary']), events };
    process.on('message', this.#message);
    process.on('disconnect', this.#disconnected);
    // If nobody answers, the primary has not called `primary()` yet: it says so when it does.
    this.#greet(this.#started.connections);
  }

  /** Has the primary know of this backplane. @param {Connections} connections */
  #greet(connections) {
    this.#send({ type: 'hello' }).catch((error) => {
      connections.failed(error);
      connections.gone('primary');
    });
  }

  /** @param {readonly string[]} channels */
  subscribe(channels) {
    return this.#ask('subscribe', channels);
  }

  /** @param {readonly string[]} channels */
  unsubscribe(channels) {
    return this.#ask('unsubscribe', channels);
  }

  /** @param {string} channel @param {Uint8Array} payload @returns {Promise<void>} */
  publish(channel, payload) {
    if (!started(this.#started).connections.isUp) throw new Error('there is no primary to pass it on');
    const { buffer, byteOffset, byteLength } = payload;
    // A string: whichever serialization the app has chosen, it goes as it is.
    const text = Buffer.from(buffer, byteOffset, byteLength).toString('base64');
    return this.#send({ type: 'publish', channel: this.#prefix + channel, payload: text });
  }

  /** Leaves the primary. */
  async close() {
    if (this.#started === null || this.#started.connections.isClosed) return;
    this.#started.connections.close();
    process.off('message', this.#message);
    process.off('disconnect', this.#disconnected);
    await this.#send({ type: 'bye' }).catch(() => {});
  }

  /**
   * @param {'subscribe' | 'unsubscribe'} type
   * @param {readonly string[]} names
   * @returns {Promise<void>} resolves when the primary has done it
   */
  async #ask(type, names) {
    const number = ++this.#requests;
    const channels = names.map((name) => this.#prefix + name);
    const done = new Promise((/** @type {(value: void) => void} */ resolve) => {
      this.#asked.set(number, resolve);
    });
    try {
      await this.#send({ type, number, channels });
    } catch (error) {
      this.#asked.delete(number);
      throw error;
    }
    await done;
  }

  /** @param {Request} request @returns {Promise<void>} resolves when it is written */
  #send(request) {
    return new Promise((resolve, reject) => {
      if (!process.connected || process.send === undefined) {
        reject(new Error('there is no connection to the primary'));
        return;
      }
      const message = { websockets: { ...request, port: this.#port } };
      process.send(message, undefined, undefined, (error) => (error ? reject(error) : resolve()));
    });
  }

  /** What the primary says, among messages of the app. */
  #message = (/** @type {unknown} */ message) => {
    const said = /** @type {{ websockets?: unknown } | null} */ (message)?.websockets;
    if (!isReply(said)) return;
    const { connections, events } = started(this.#started);
    if (said.type === 'begins') {
      if (!connections.isUp) this.#greet(connections);
    } else if (said.port === this.#port) {
      if (said.type === 'welcome') {
        connections.ready('primary');
      } else if (said.type === 'done') {
        this.#asked.get(said.number)?.();
        this.#asked.delete(said.number);
      } else if (said.type === 'message' && said.channel.startsWith(this.#prefix)) {
        events.message(said.channel.slice(this.#prefix.length), Buffer.from(said.payload, 'base64'));
      }
    }
  };

  #disconnected = () => started(this.#started).connections.gone('primary');
}

/**
 * @param {unknown} value
 * @returns {value is import('./cluster-primary.js').Reply}
 */
function isReply(value) {
  if (typeof value !== 'object' || value === null) return false;
  const { type, port, number, channel, payload } = /** @type {Record<string, unknown>} */ (value);
  if (type === 'begins') return port === null;
  if (typeof port !== 'string') return false;
  if (type === 'done') return typeof number === 'number';
  return type === 'welcome' || (type === 'message' && typeof channel === 'string' && typeof payload === 'string');
}

/**
 * A backplane between the workers of `node:cluster`. The primary calls `cluster.primary()`.
 *
 * @param {{ prefix?: string }} [options] `prefix` stands before the channels of this app
 * @returns {Backplane}
 * @throws {Error} `ERR_WS_NO_WORKER` if this process is no worker
 */
function cluster(options) {
  const prefix = checkPrefix(options);
  if (!(/** @type {import('node:cluster').Cluster} */ (/** @type {unknown} */ (nodeCluster)).isWorker)) {
    throw failure('ERR_WS_NO_WORKER', 'This process is no worker of node:cluster: the primary calls cluster.primary()');
  }
  return new ClusterWorker(prefix);
}

cluster.primary = primary;

module.exports = { cluster };
