'use strict';

const { WebSocket } = require('ws');
const { EventEmitter } = require('node:events');
const { Inbox } = require('./inbox');

/**
 * The real `ws` client, with all it hears kept. A text message is a string here, a binary one a
 * Buffer.
 */
class Client extends EventEmitter {
  /**
   * @param {string} url
   * @param {object} [options] of `ws`
   */
  constructor(url, options) {
    super();
    this.inbox = new Inbox(this, ['message', 'ping', 'pong', 'close']);
    this.ws = new WebSocket(url, options);
    this.ws.on('message', (data, isBinary) => this.emit('message', isBinary ? data : data.toString()));
    this.ws.on('ping', (data) => this.emit('ping', data.toString()));
    this.ws.on('pong', (data) => this.emit('pong', data.toString()));
    this.ws.on('close', (code, reason) => this.emit('close', code, reason.toString()));
    this.opened = new Promise((resolve, reject) => {
      this.ws.once('open', resolve);
      // Stays on: a connection that is reset later says so here and in `close`.
      this.ws.on('error', reject);
    });
  }

  /**
   * @param {unknown} data
   * @param {object} [options]
   * @returns {Promise<void>}
   */
  send(data, options = {}) {
    return new Promise((resolve, reject) => {
      this.ws.send(data, options, (error) => (error ? reject(error) : resolve()));
    });
  }

  /** @returns {Promise<string|Buffer>} the next message */
  async message() {
    return (await this.inbox.next('message'))[0];
  }

  /** @returns {Promise<{code: number, reason: string}>} how the connection ended, as the client saw it */
  async closed() {
    const [code, reason] = (await this.inbox.atLeast('close', 1))[0];
    return { code, reason };
  }

  /** @returns {(string|Buffer)[]} all messages so far */
  get messages() {
    return this.inbox.list('message').map(([data]) => data);
  }

  destroy() {
    this.ws.terminate();
  }
}

module.exports = { Client };
