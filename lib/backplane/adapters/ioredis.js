'use strict';

const { Connections, bufferOf, checkUnused, pause, retryDelay, started } = require('./common.js');

/**
 * @typedef {import('../../../index').BackplaneEvents} BackplaneEvents
 * @typedef {import('ioredis').Redis} Redis
 * @typedef {import('ioredis').Cluster} Cluster
 */

/** How often, and after how many ms, a subscription on a cluster is tried again. */
const TRIES = 20;
const TRY_AGAIN = 50;

/**
 * Nothing is kept for a broker that is not there, and nothing is sent twice. Whatever else the app has set stays, such
 * as TLS and credentials.
 */
const CLIENT = {
  autoResendUnfulfilledCommands: false,
  autoResubscribe: false,
  enableAutoPipelining: false,
  enableOfflineQueue: false,
  keyPrefix: '',
  lazyConnect: true,
  maxRetriesPerRequest: 0,
  retryStrategy: retryDelay,
};

const CLUSTER = {
  clusterRetryStrategy: retryDelay,
  enableAutoPipelining: false,
  enableOfflineQueue: false,
  keyPrefix: '',
  lazyConnect: true,
  shardedSubscribers: true,
};

/**
 * Follows a client, and has it connect.
 *
 * @param {Redis | Cluster} client
 * @param {string} name
 * @param {Connections} connections
 */
function follow(client, name, connections) {
  client.on('error', (error) => connections.failed(error));
  client.on('ready', () => connections.ready(name));
  client.on('close', () => connections.gone(name));
  // That of the first try. It tries again, and its events say how it went.
  client.connect().catch((error) => connections.failed(error));
}

/** Redis, by ioredis: a connection that publishes, and one that is subscribed. */
class IoRedis {
  /** @type {{ connections: Connections, publisher: Redis, subscriber: Redis } | null} */
  #started = null;
  #make;
  #prefix;

  /**
   * @param {(options: typeof CLIENT) => Redis} make makes a client of our own
   * @param {string} prefix
   */
  constructor(make, prefix) {
    this.#make = make;
    this.#prefix = `${prefix}/`;
  }

  /** @param {BackplaneEvents} events */
  start(events) {
    checkUnused(this.#started);
    const connections = new Connections(events, ['publisher', 'subscriber']);
    const [publisher, subscriber] = [this.#make(CLIENT), this.#make(CLIENT)];
    this.#started = { connections, publisher, subscriber };
    subscriber.on('messageBuffer', (channel, payload) => {
      events.message(channel.toString().slice(this.#prefix.length), payload);
    });
    follow(publisher, 'publisher', connections);
    follow(subscriber, 'subscriber', connections);
  }

  /** @param {readonly string[]} channels */
  async subscribe(channels) {
    await started(this.#started).subscriber.subscribe(...this.#names(channels));
  }

  /** @param {readonly string[]} channels */
  async unsubscribe(channels) {
    await started(this.#started).subscriber.unsubscribe(...this.#names(channels));
  }

  /** @param {string} channel @param {Uint8Array} payload @returns {Promise<unknown>} */
  publish(channel, payload) {
    const { publisher } = started(this.#started);
    if (publisher.status !== 'ready') throw new Error('there is no connection to Redis');
    return publisher.publish(this.#prefix + channel, bufferOf(payload));
  }

  /** Ends the connections. */
  async close() {
    this.#started?.connections.close();
    this.#started?.publisher.disconnect();
    this.#started?.subscriber.disconnect();
  }

  /** @param {readonly string[]} channels */
  #names(channels) {
    return channels.map((channel) => this.#prefix + channel);
  }
}

/** A Redis cluster, by ioredis: each channel lies on the shard of its name. */
class IoRedisCluster {
  /** @type {{ connections: Connections, cluster: Cluster } | null} */
  #started = null;
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
    const connections = new Connections(events, ['cluster']);
    const { autoResendUnfulfilledCommands, keyPrefix } = CLIENT;
    const cluster = this.#given.duplicate([], {
      ...CLUSTER,
      redisOptions: { autoResendUnfulfilledCommands, keyPrefix },
    });
    this.#started = { connections, cluster };
    cluster.on('smessageBuffer', (channel, payload) => {
      events.message(channel.toString().slice(this.#prefix.length), payload);
    });
    // It connects to a node when it needs it, and would not notice that the others are gone.
    cluster.on('ready', () => {
      for (const node of cluster.nodes('master')) {
        if (node.status === 'wait') node.connect().catch(() => {});
      }
    });
    follow(cluster, 'cluster', connections);
  }

  /** @param {readonly string[]} channels on any shard: a command for each */
  async subscribe(channels) {
    await Promise.all(channels.map((channel) => this.#ask('ssubscribe', this.#prefix + channel)));
  }

  /**
   * Subscribes to a channel, or leaves it. When a cluster comes back, it is ready before its connections for subscriptions
   * are.
   *
   * @param {'ssubscribe' | 'sunsubscribe'} what
   * @param {string} name
   */
  async #ask(what, name) {
    const { cluster } = started(this.#started);
    for (let tries = 0; ; tries += 1) {
      try {
        await cluster[what](name);
        return;
      } catch (error) {
        if (tries === TRIES || cluster.status !== 'ready') throw error;
        await pause(TRY_AGAIN);
      }
    }
  }

  /** @param {readonly string[]} channels */
  async unsubscribe(channels) {
    await Promise.all(channels.map((channel) => this.#ask('sunsubscribe', this.#prefix + channel)));
  }

  /** @param {string} channel @param {Uint8Array} payload @returns {Promise<unknown>} */
  publish(channel, payload) {
    const { cluster } = started(this.#started);
    if (cluster.status !== 'ready') throw new Error('there is no connection to the Redis cluster');
    return cluster.spublish(this.#prefix + channel, bufferOf(payload));
  }

  /** Ends the connections. */
  async close() {
    this.#started?.connections.close();
    this.#started?.cluster.disconnect();
  }
}

module.exports = { IoRedis, IoRedisCluster };
