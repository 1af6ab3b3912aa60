'use strict';

const native = require('../native/native.js');

/**
 * What somebody else does about the topics of a group: it carries messages between processes.
 *
 * @typedef {object} Follower
 * @property {(name: string) => void} first the topic has its first subscriber here
 * @property {(name: string) => void} last its last subscriber has left it
 * @property {(name: string, opcode: number, data: string | ArrayBufferView, how: How) => void} publish a message was
 *   published here. The bytes are the caller's, who may reuse them
 */

/**
 * How a message goes to a topic.
 *
 * @typedef {object} How
 * @property {boolean} compress whether permessage-deflate may compress it
 * @property {number} fragment most bytes of payload of a frame
 * @property {boolean} volatile whether subscribers are skipped for which much waits
 * @property {readonly string[]} except sids of those who do not get it
 * @property {boolean} local whether it is for the subscribers of this process alone
 */

/**
 * A topic, for as long as it has subscribers. The shards know it by its number.
 *
 * @template C
 */
class Topic {
  id = native.newTopic();
  /** @type {Set<C>} */
  subscribers = new Set();
  /** Those of them that go by streams; of most topics none do. @type {Set<C> | null} */
  streams = null;

  /** @param {string} name */
  constructor(name) {
    this.name = name;
  }
}

/**
 * Which connections of a group subscribe to which topics.
 *
 * @template C a connection. The type of it would make an import upward
 */
class Topics {
  /** @type {Map<string, Topic<C>>} */
  #byName = new Map();
  /**
   * The topics of each connection that has some, and what carries it.
   *
   * @type {Map<C, { topics: Set<Topic<C>>, transport: import('./transport').Transport<C> | null }>}
   */
  #members = new Map();
  /** @type {Follower | null} */
  follower = null;
  /** How many there are, of all connections. */
  subscriptions = 0;

  /** How many topics there are. */
  get size() {
    return this.#byName.size;
  }

  /** @returns {string[]} their names */
  names() {
    return [...this.#byName.keys()];
  }

  /** @returns {Generator<[name: string, subscribers: number], void>} how many each of them has */
  *sizes() {
    for (const { name, subscribers } of this.#byName.values()) yield [name, subscribers.size];
  }

  /**
   * @param {string} name
   * @returns {Topic<C> | undefined} nothing if it has no subscriber
   */
  get(name) {
    return this.#byName.get(name);
  }

  /**
   * @param {C} connection
   * @returns {string[]} the names of its topics
   */
  namesOf(connection) {
    const topics = this.#members.get(connection)?.topics ?? [];
    return [...topics].map(({ name }) => name);
  }

  /**
   * A connection gets what is published to a topic from now on.
   *
   * @param {C} connection that is open
   * @param {import('./transport').Transport<C> | null} transport what carries it
   * @param {string} name a checked one
   */
  subscribe(connection, transport, name) {
    const known = this.#byName.get(name);
    if (known?.subscribers.has(connection)) {
      return;
    }
    const topic = known ?? this.#make(name);
    topic.subscribers.add(connection);
    this.#member(connection, transport).topics.add(topic);
    this.subscriptions++;
    if (transport?.name === 'stream') {
      topic.streams ??= new Set();
      topic.streams.add(connection);
    } else {
      transport?.subscribe(topic.id);
    }
    if (known === undefined) this.follower?.first(name);
  }

  /** @param {string} name of a topic that is not there yet */
  #make(name) {
    /** @type {Topic<C>} */
    const topic = new Topic(name);
    this.#byName.set(name, topic);
    return topic;
  }

  /**
   * What is known of a connection.
   *
   * @param {C} connection
   * @param {import('./transport').Transport<C> | null} transport
   */
  #member(connection, transport) {
    const known = this.#members.get(connection);
    if (known !== undefined) {
      return known;
    }
    const member = { topics: new Set(), transport };
    this.#members.set(connection, member);
    return member;
  }

  /**
   * It gets that no more.
   *
   * @param {C} connection
   * @param {string[] | null} names those of the topics that it leaves; `null` is all
   */
  unsubscribe(connection, names) {
    const member = this.#members.get(connection);
    if (member === undefined) {
      return;
    }
    const { topics, transport } = member;
    const left = names === null ? topics : names.map((name) => this.#byName.get(name));
    for (const topic of left) {
      if (topic !== undefined && topics.delete(topic)) this.#leave(connection, transport, topic);
    }
    if (topics.size === 0) this.#members.delete(connection);
  }

  /**
   * Nothing can reach a connection any more, though the app may still have to see what it sent: it is a subscriber until
   * then.
   *
   * @param {C} connection
   */
  detach(connection) {
    const member = this.#members.get(connection);
    if (member === undefined) {
      return;
    }
    for (const { id, streams } of member.topics) {
      if (!streams?.has(connection)) member.transport?.unsubscribe(id);
    }
    member.transport = null;
  }

  /**
   * @param {C} connection
   * @param {import('./transport').Transport<C> | null} transport
   * @param {Topic<C>} topic
   */
  #leave(connection, transport, topic) {
    topic.subscribers.delete(connection);
    this.subscriptions--;
    if (!topic.streams?.delete(connection)) {
      transport?.unsubscribe(topic.id);
    }
    if (topic.subscribers.size === 0) {
      this.#byName.delete(topic.name);
      this.follower?.last(topic.name);
    }
  }
}

module.exports = { Topics };
