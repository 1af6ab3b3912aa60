'use strict';

/** A broker within the process: tests see and change what is under way. */
class MemoryBroker {
  /** Each backplane of it, and its channels. @type {Map<MemoryBackplane, Set<string>>} */
  members = new Map();
  /** What was published, in order. @type {{ channel: string, payload: Uint8Array }[]} */
  published = [];
  /** Whether what is published arrives. */
  delivers = true;

  /** @returns {MemoryBackplane} */
  backplane() {
    return new MemoryBackplane(this);
  }

  /** @param {string} channel @param {Uint8Array} payload */
  deliver(channel, payload) {
    for (const [{ events }, channels] of this.members) if (channels.has(channel)) events.message(channel, payload);
  }

  /** Ends all connections. */
  down(error = new Error('gone')) {
    for (const [member, channels] of this.members) {
      channels.clear();
      member.isUp = false;
      member.events.down(error);
    }
  }

  up() {
    for (const member of this.members.keys()) member.up();
  }
}

/** Its adapter. */
class MemoryBackplane {
  isUp = false;
  /** What `subscribe` and `publish` do before anything else: they may throw, or take their time. */
  onSubscribe = () => {};
  onPublish = () => {};
  /** The requests, as the broker got them. */
  requests = [];
  #broker;

  constructor(broker) {
    this.#broker = broker;
  }

  start(events) {
    this.events = events;
    this.#broker.members.set(this, new Set());
    this.up();
  }

  up() {
    this.isUp = true;
    this.events.up();
  }

  async subscribe(channels) {
    this.requests.push(['subscribe', ...channels]);
    await this.onSubscribe(channels);
    for (const channel of channels) this.#broker.members.get(this).add(channel);
  }

  async unsubscribe(channels) {
    this.requests.push(['unsubscribe', ...channels]);
    for (const channel of channels) this.#broker.members.get(this).delete(channel);
  }

  publish(channel, payload) {
    const result = this.onPublish(channel, payload);
    this.#broker.published.push({ channel, payload });
    if (this.#broker.delivers) this.#broker.deliver(channel, payload);
    return result;
  }

  async close() {
    this.#broker.members.delete(this);
    this.events.down(new Error('closed'));
  }
}

module.exports = { MemoryBroker };
