'use strict';

/** The latest pings are remembered; a peer that answers none costs no more. */
const REMEMBERED = 100;

/** Pings of ours that have not been answered, by their data. */
class Pings {
  #send;
  #count = 0;
  /** @type {Map<string, number>} */
  #sent = new Map();
  /** The one whose pong is waited for. @type {{ text: string, answered: () => void } | undefined} */
  #last;

  /** @param {(sid: string, text: string) => void} send */
  constructor(send) {
    this.#send = send;
  }

  /** @param {string} sid @returns {string} the data of the ping */
  send(sid) {
    const text = String(++this.#count);
    this.#sent.set(text, performance.now());
    const [oldest] = this.#sent.keys();
    if (this.#sent.size > REMEMBERED) this.#sent.delete(oldest);
    this.#send(sid, text);
    return text;
  }

  /** @param {string} sid @param {() => void} answered is called when its pong is there */
  last(sid, answered) {
    this.#last = { text: this.send(sid), answered };
  }

  /**
   * @param {string} text the data of a pong
   * @returns {number | undefined} ms since its ping, if there was one
   */
  took(text) {
    const began = this.#sent.get(text);
    this.#sent.delete(text);
    if (text === this.#last?.text) this.#last.answered();
    return began === undefined ? undefined : performance.now() - began;
  }
}

module.exports = { Pings };
