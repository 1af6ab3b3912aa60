'use strict';

const { EventEmitter } = require('node:events');
const { Inbox } = require('../support/inbox');

/** Events of a connection, and how they are kept. */
const EVENTS = [
  ['message', 'message'],
  ['binary', 'message'],
  ['ping', 'ping'],
  ['pong', 'pong'],
  ['close', 'close'],
];

/** Our end of the next connection of a `Base`, with all it hears kept; messages in their order. */
class End extends EventEmitter {
  #inbox = new Inbox(this, ['open', 'message', 'ping', 'pong', 'close', 'failed']);
  #received = 0;

  /** @param {import('../..').Base} base */
  constructor(base) {
    super();
    this.base = base;
    base.once('open', (sid, message) => {
      this.sid = sid;
      this.emit('open', message);
    });
    for (const [event, name] of EVENTS) {
      base.on(event, (...args) => args[1] === this.sid && this.emit(name, ...args));
    }
    base.on('error', (error) => {
      if (error.sid === undefined || error.sid === this.sid) this.emit('failed', error);
    });
  }

  /** @returns {Promise<any>} what comes with `open`: the request, or the response */
  async opened() {
    return (await this.next('open'))[0];
  }

  /**
   * @param {string} name
   * @returns {Promise<unknown[]>} the arguments of the next event of that name
   * @throws {Error} where one comes instead that ends the connection
   */
  async next(name) {
    const index = this.#inbox.taken.get(name);
    await this.#atLeast(name, index + 1);
    return this.#inbox.next(name);
  }

  /**
   * @param {number} count
   * @returns {Promise<(string | Buffer)[]>} the next messages
   */
  async receive(count) {
    const start = this.#received;
    this.#received += count;
    const all = await this.#atLeast('message', this.#received);
    return all.slice(start, start + count).map(([data]) => data);
  }

  /**
   * Sends the next messages back, each as it comes.
   *
   * @param {number} count
   * @returns {Promise<(string | Buffer)[]>} these messages
   */
  async echo(count) {
    const back = (data, sid) => this.base.send(sid, data);
    this.on('message', back);
    try {
      return await this.receive(count);
    } finally {
      this.off('message', back);
    }
  }

  async #atLeast(name, count) {
    const [failed, closed, all] = ['failed', 'close', name].map((each) => this.#inbox.list(each));
    await this.#inbox.until(() => all.length >= count || failed.length > 0 || closed.length > 0);
    if (failed.length > 0) throw failed[0][0];
    if (all.length < count) {
      const [[reason, , code]] = closed;
      throw new Error(`closed with ${code} "${reason}" after ${all.length} of ${count} ${name} events`);
    }
    return all;
  }
}

module.exports = { End };
