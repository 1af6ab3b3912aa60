'use strict';

const { SharedSession } = require('./shared-session.js');

/** @typedef {import('./target.js').Target} Target */
/** @typedef {import('./types').Ways} Ways */

/**
 * Sessions of HTTP/2 that the WebSockets of a `Client` share: one a server, and another once that has as many streams
 * as the server allows. A session is closed with the last of its WebSockets.
 *
 * @implements {Ways}
 */
class Sessions {
  /** @type {Set<SharedSession>} */
  #all = new Set();

  /** Each server has its own. */
  get isGiven() {
    return false;
  }

  /** Without TLS nothing says whether a server speaks HTTP/2. @param {Target} target */
  takes({ secure }) {
    return secure;
  }

  /** @param {Target} target @param {import('./types').Connect} connect @param {import('./types').Callback} callback */
  take(target, connect, callback) {
    let giveUp = () => {};
    const begin = () => {
      giveUp = this.#sharedFor({ target, connect }).wait({ callback, again: begin });
    };
    begin();
    return () => giveUp();
  }

  /** @param {import('./types').Place} place @returns {SharedSession} */
  #sharedFor(place) {
    const found = [...this.#all].find((one) => one.serves(place));
    if (found !== undefined) {
      return found;
    }
    const made = new SharedSession(place, () => this.#all.delete(made));
    this.#all.add(made);
    return made;
  }
}

module.exports = { Sessions };
