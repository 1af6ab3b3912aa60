'use strict';

const { Connections, bufferOf, checkUnused, pause, retryDelay, started } = require('./common.js');

/**
 * @typedef {import('../../../index').BackplaneEvents} BackplaneEvents
 * @typedef {ReturnType<typeof import('redis').createClient>} Client
 * @typedef {ReturnType<typeof import('redis').createCluster>} Cluster
 */

/** @param {number} times from 0 on @returns {number} ms until the next try */
const reconnectStrategy = (times) => retryDelay(times + 1);

/**
 * @param {Client} given
 * @returns {Client} like it, but that it keeps nothing for a broker that is not there
 */
function ownClient(given) {
  const socket = { ...given.options?.socket, reconnectStrategy };
  return given.duplicate({ disableOfflineQueue: true, socket: /** @type {{}} */ (socket) });
}

/**
 * Follows a client, and has it connect.
 *
 * @param {Client} client
 * @param {string} name
 * @param {Connections} connections
 */
function follow(client, name, connections) {
  client.on('error', (error) => {
    connections.failed(error);
    if (!client.isReady) connections.gone(name);
  });
  client.on('ready', () => connections.ready(name));
  client.connect().catch((error) => connections.failed(error));
}

/**
 * Ends a client at once, whether or not it ever connected.
 *
 * @param {{ destroy(): void }} client
 */
function destroy(client) {
  try {
    client.destroy();
  } catch {
    // It is closed already.
  }
}

/** Redis, by the package redis: a connection that publishes, and one that is subscribed. */
class NodeRedis {
  /** @type {{ connections: Connections, publisher: Client, subscriber: Client } | null} */
  #started = null;
  /** @type {BackplaneEvents | null} */
  #events = null;
  #given;
  #prefix;

  /**
   * @param {Client} given
   * @param {string} prefix
   */
  constructor(given, prefix) {
    this.#given = given;
    this.#prefix = `${prefix}/`;
  }

  /** @param {BackplaneEvents} events */
  start(events) {
    checkUnused(this.#started);
    this.#events = events;
    const connections = new Connections(events, ['publisher', 'subscriber']);
    const [publisher, subscriber] = [ownClient(this.#given), ownClient(this.#given)];
    this.#started = { connections, publisher, subscriber };
    follow(publisher, 'publisher', connections);
    follow(subscriber, 'subscriber', connections);
  }

  /** @param {readonly string[]} channels */
  async subscribe(channels) {
    await started(this.#started).subscriber.subscribe(this.#names(channels), this.#message, true);
  }

  /** @param {readonly string[]} channels */
  async unsubscribe(channels) {
    await started(this.#started).subscriber.unsubscribe(this.#names(channels), this.#message, true);
  }

  /** @param {string} channel @param {Uint8Array} payload @returns {Promise<unknown>} */
  publish(channel, payload) {
    const { publisher } = started(this.#started);
    if (!publisher.isReady) throw new Error('there is no connection to Redis');
    return publisher.publish(this.#prefix + channel, bufferOf(payload));
  }

  /** Ends the connections. */
  async close() {
    if (this.#started === null) return;
    const { connections, publisher, subscriber } = this.#started;
    connections.close();
    destroy(publisher);
    destroy(subscriber);
  }

  /** One function for all channels: the client keeps a set of listeners for each. */
  #message = (/** @type {Buffer} */ payload, /** @type {Buffer} */ channel) => {
    this.#events?.message(channel.toString().slice(this.#prefix.length), payload);
  };

  /** @param {readonly string[]} channels */
  #names(channels) {
    return channels.map((channel) => this.#prefix + channel);
  }
}

/** A Redis cluster, by the package redis: each channel lies on the shard of its name. */
class NodeRedisCluster {
  /** @type {{ connections: Connections, cluster: Cluster } | null} */
  #started = null;
  /** @type {BackplaneEvents | null} */
  #events = null;
  #given;
  #prefix;

  /**
   * @param {Cluster} given
   * @param {string} prefix
   */
  constructor(given, prefix) {
    this.#given = given;
    this.#prefix = `${prefix}/`;
  }

  /** @param {BackplaneEvents} events */
  start(events) {
    checkUnused(this.#started);
    this.#events = events;
    const connections = new Connections(events, ['cluster']);
    const cluster = this.#given.duplicate();
    this.#started = { connections, cluster };
    cluster.on('error', (error) => connections.failed(error));
    cluster.on('node-error', (error) => connections.failed(error));
    // A client keeps commands for a node that it has lost: nothing is published while one is missing.
    /** @param {{ host: string, port: number }} node */
    const nameOf = ({ host, port }) => `${host}:${port}`;
    cluster.on('node-reconnecting', (node) => connections.gone(nameOf(node)));
    cluster.on('node-ready', (node) => connections.ready(nameOf(node)));
    cluster.on('node-disconnect', (node) => connections.ready(nameOf(node)));
    this.#connect(cluster, connections);
  }

  /**
   * Tries until it is connected or closed: this client gives up after one try.
   *
   * @param {Cluster} cluster
   * @param {Connections} connections
   */
  async #connect(cluster, connections) {
    for (let times = 0; !connections.isClosed; times += 1) {
      try {
        await cluster.connect();
        if (connections.isClosed) destroy(cluster);
        else connections.ready('cluster');
        return;
      } catch (error) {
        connections.failed(/** @type {Error} */ (error));
        connections.gone('cluster');
        await pause(reconnectStrategy(times));
      }
    }
  }

  /** @param {readonly string[]} channels on any shard: a command for each */
  async subscribe(channels) {
    const { cluster } = started(this.#started);
    await Promise.all(channels.map((channel) => cluster.sSubscribe(this.#prefix + channel, this.#message, true)));
  }

  /** @param {readonly string[]} channels */
  async unsubscribe(channels) {
    const { cluster } = started(this.#started);
    await Promise.all(channels.map((channel) => cluster.sUnsubscribe(this.#prefix + channel, this.#message, true)));
  }

  /** @param {string} channel @param {Uint8Array} payload @returns {Promise<unknown>} */
  publish(channel, payload) {
    const { cluster, connections } = started(this.#started);
    if (!connections.isUp) throw new Error('there is no connection to the Redis cluster');
    return cluster.sPublish(this.#prefix + channel, bufferOf(payload));
  }

  /** Ends the connections. */
  async close() {
    this.#started?.connections.close();
    if (this.#started !== null) destroy(this.#started.cluster);
  }

  /** One function for all channels: the client keeps a set of listeners for each. */
  #message = (/** @type {Buffer} */ payload, /** @type {Buffer} */ channel) => {
    this.#events?.message(channel.toString().slice(this.#prefix.length), payload);
  };
}

module.exports = { NodeRedis, NodeRedisCluster };
