'use strict';

const { Connections, checkPrefix, checkUnused, load, pause, started } = require('./common.js');
const { invalidType } = require('../../util/errors.js');

/**
 * @typedef {import('../../../index').Backplane} Backplane
 * @typedef {import('../../../index').BackplaneEvents} BackplaneEvents
 * @typedef {import('@nats-io/transport-node').NatsConnection} NatsConnection
 * @typedef {import('@nats-io/transport-node').Subscription} Subscription
 */

/** Milliseconds between two tries to connect. */
const DELAY = 250;

/**
 * A connection of our own: it comes back for as long as it takes, also when a server refuses its credentials for a while,
 * and notices a broker that is silent.
 */
const CONNECTION = {
  ignoreAuthErrorAbort: true,
  maxPingOut: 2,
  maxReconnectAttempts: -1,
  pingInterval: 10_000,
  reconnectTimeWait: DELAY,
};

/**
 * A subject has no blanks and no wildcards, and dots mean something: letters, digits, `_` and `-` stay, any other byte
 * becomes `=` and two hexadecimal digits.
 *
 * @param {string} channel
 * @returns {string}
 */
function subjectOf(channel) {
  return channel.replaceAll(/[^\w-]+/g, (other) => Buffer.from(other).toString('hex').replaceAll(/../g, '=$&'));
}

/** NATS: one connection for both ways, that of the app or one of our own. */
class Nats {
  /** @type {{ connections: Connections, events: BackplaneEvents } | null} */
  #started = null;
  /** @type {NatsConnection | null} */
  #connection = null;
  /** By channel. @type {Map<string, Subscription>} */
  #subscriptions = new Map();
  /** That the broker has taken what was published in this tick. @type {Promise<void> | null} */
  #flushed = null;
  #isOwn;
  #connect;
  #prefix;

  /**
   * @param {() => Promise<NatsConnection> | NatsConnection} connect gives the connection
   * @param {boolean} isOwn whether it is ours to close
   * @param {string} prefix
   */
  constructor(connect, isOwn, prefix) {
    this.#connect = connect;
    this.#isOwn = isOwn;
    // A topic has no dot there, and so is not taken for a part of the prefix.
    this.#prefix = `${prefix.split('.').map(subjectOf).join('.')}.`;
  }

  /** @param {BackplaneEvents} events */
  start(events) {
    checkUnused(this.#started);
    const connections = new Connections(events, ['connection']);
    this.#started = { connections, events };
    this.#begin(connections);
  }

  /**
   * Connects, and says what becomes of the connection. If one of our own ends all the same, another takes its place.
   *
   * @param {Connections} connections
   */
  async #begin(connections) {
    while (!connections.isClosed) {
      try {
        const connection = await this.#connect();
        if (connections.isClosed) {
          this.#leave(connection);
          return;
        }
        this.#connection = connection;
        const states = connection.status();
        if (!connection.isClosed()) connections.ready('connection');
        this.#follow(states, connections).catch((error) => connections.failed(error));
        const error = await connection.closed();
        if (error) throw error;
        connections.gone('connection');
      } catch (error) {
        connections.failed(/** @type {Error} */ (error));
        connections.gone('connection');
      }
      if (!this.#isOwn || connections.isClosed) return;
      await pause(DELAY);
    }
  }

  /**
   * @param {AsyncIterable<import('@nats-io/transport-node').Status>} states
   * @param {Connections} connections
   */
  async #follow(states, connections) {
    for await (const state of states) {
      if (state.type === 'error') connections.failed(state.error);
      else if (state.type === 'disconnect' || state.type === 'staleConnection') connections.gone('connection');
      else if (state.type === 'reconnect') connections.ready('connection');
    }
  }

  /** @param {readonly string[]} channels */
  async subscribe(channels) {
    const connection = started(this.#connection);
    const { events } = started(this.#started);
    /** @type {Error | null} */
    let refused = null;
    for (const channel of channels) {
      // The client has subscribed again by itself to what it had before.
      if (this.#subscriptions.get(channel)?.isClosed() === false) continue;
      const subscription = connection.subscribe(this.#prefix + subjectOf(channel), {
        callback(error, message) {
          if (error) refused = error;
          else events.message(channel, message.data);
        },
      });
      this.#subscriptions.set(channel, subscription);
    }
    await connection.flush();
    if (refused !== null) throw refused;
  }

  /** @param {readonly string[]} channels */
  async unsubscribe(channels) {
    for (const channel of channels) {
      this.#subscriptions.get(channel)?.unsubscribe();
      this.#subscriptions.delete(channel);
    }
  }

  /** @param {string} channel @param {Uint8Array} payload @returns {Promise<void>} */
  publish(channel, payload) {
    const connection = started(this.#connection);
    // While it is not connected the client would keep it.
    if (!started(this.#started).connections.isUp) throw new Error('there is no connection to NATS');
    connection.publish(this.#prefix + subjectOf(channel), payload);
    this.#flushed ??= this.#flush(connection);
    return this.#flushed;
  }

  /**
   * Asks the broker for an answer, after all that this tick publishes.
   *
   * @param {NatsConnection} connection
   */
  async #flush(connection) {
    await undefined;
    this.#flushed = null;
    await connection.flush();
  }

  /** Ends the subscriptions, and the connection if it is ours. */
  async close() {
    this.#started?.connections.close();
    if (this.#connection !== null) await this.#leave(this.#connection);
  }

  /** @param {NatsConnection} connection */
  async #leave(connection) {
    await this.unsubscribe([...this.#subscriptions.keys()]);
    if (this.#isOwn) await connection.close();
  }
}

/**
 * A backplane over NATS.
 *
 * @param {string | string[] | object} target servers, such as `localhost:4222`, or a connection of
 *   `@nats-io/transport-node`, which stays the app's to close
 * @param {{ prefix?: string }} [options] `prefix` stands before the subjects of this app
 * @returns {Backplane}
 * @throws {TypeError} if the target is none of these
 * @throws {Error} `ERR_WS_NO_CLIENT_LIBRARY` for servers, if `@nats-io/transport-node` is not installed
 */
function nats(target, options) {
  const prefix = checkPrefix(options);
  if (typeof target === 'string' || (Array.isArray(target) && target.every((one) => typeof one === 'string'))) {
    const servers = target;
    const [, library] = load(['@nats-io/transport-node']);
    const { connect } = /** @type {typeof import('@nats-io/transport-node')} */ (library);
    return new Nats(() => connect({ ...CONNECTION, servers }), true, prefix);
  }
  const connection = /** @type {NatsConnection | null} */ (/** @type {unknown} */ (target));
  if (typeof connection === 'object' && typeof connection?.status === 'function' && 'publish' in connection) {
    return new Nats(() => connection, false, prefix);
  }
  throw invalidType('The "connection" argument', 'servers, or a connection of @nats-io/transport-node', target);
}

module.exports = { nats };
