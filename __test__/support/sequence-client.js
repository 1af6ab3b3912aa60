'use strict';

const assert = require('node:assert/strict');
const net = require('node:net');
const { CLOSE, FrameReader, TEXT, closePayload, encode } = require('./frames');

/** How many messages it has under way. */
const WINDOW = 32;

/**
 * A client of `fixtures/busy-server.js`: it says numbers, one after another, each of which has to come
 * back once and in its place, among `chat` numbers, none of which may be missing or come twice.
 */
class SequenceClient {
  #reader = new FrameReader();
  #said = 0;
  #heard = 0;
  #chat = null;
  #stopped = false;
  #goals = [];

  /** @param {number} port */
  constructor(port) {
    this.socket = net.connect(port, '127.0.0.1');
    /** The close frame, or nothing where the connection was lost. */
    this.closed = undefined;
    this.ended = new Promise((resolve, reject) => {
      this.socket.on('close', resolve);
      this.socket.on('error', resolve);
      this.socket.on('data', (chunk) => {
        try {
          for (const frame of this.#reader.push(chunk)) this.#take(frame);
        } catch (error) {
          this.socket.destroy();
          reject(error);
        }
      });
    });
    for (let i = 0; i < WINDOW; i++) this.#say();
  }

  /** Resolves once so many more of its messages have come back. */
  goOn(more) {
    const reached = new Promise((resolve) => this.#goals.push({ at: this.#heard + more, resolve }));
    const lost = this.ended.then(() => assert.fail('the connection ended'));
    return Promise.race([reached, lost]);
  }

  /** Says no more, hears what is under way, and closes. */
  async stop() {
    this.#stopped = true;
    await this.ended;
    assert.equal(this.#heard, this.#said, 'all that was said came back');
    assert.equal(this.closed?.readUInt16BE(0), 1000, 'the connection was closed, not lost');
  }

  #say() {
    this.socket.write(encode({ opcode: TEXT, payload: `${this.#said++}` }));
  }

  #take({ opcode, payload }) {
    const text = payload.toString();
    if (opcode === CLOSE) {
      this.closed = payload;
      this.socket.end();
    } else if (text.startsWith('chat ')) {
      const number = Number(text.slice(5));
      assert.equal(number, (this.#chat ?? number - 1) + 1, 'no chat is missing, none comes twice');
      this.#chat = number;
    } else {
      assert.equal(text, `${this.#heard++}`);
      while (this.#goals[0]?.at <= this.#heard) this.#goals.shift().resolve();
      if (!this.#stopped) this.#say();
      else if (this.#heard === this.#said) this.socket.write(encode({ opcode: CLOSE, payload: closePayload(1000) }));
    }
  }
}

module.exports = { SequenceClient };
