'use strict';

const { layOut } = require('./json.js');
const { shown, shownBytes, shownLines } = require('./output.js');

/** A session on a terminal: everything stands there, and nothing that a peer says commands it. */
class Screen {
  #out;
  #json;

  /** @param {import('./output.js').Output} out @param {{ json?: boolean }} options */
  constructor(out, { json = false }) {
    this.#out = out;
    this.#json = json;
  }

  /** @param {string | Buffer} data */
  message(data) {
    this.#out.line(`< ${typeof data === 'string' ? this.#text(data) : `binary, ${shownBytes(data)}`}`, 'cyan');
  }

  /** @param {string} text of a message @returns {string} */
  #text(text) {
    const laidOut = this.#json ? layOut(text) : null;
    return laidOut === null ? shown(text) : shownLines(laidOut);
  }

  /** @param {string} text about the connection */
  note(text) {
    this.#out.line(text, 'dim');
  }

  /** @param {string} text about what went wrong */
  fault(text) {
    if (this.#out.prompt === undefined) console.error(text);
    else this.#out.line(text, 'red');
  }

  /** @returns {boolean} whether whoever reads this is behind */
  get isFull() {
    return this.#out.isFull;
  }
}

/** A session in a pipe: the messages alone, whole and as they are, go on; everything else is said beside. */
class Pipe {
  #out;
  #beside;
  #json;
  #binary;

  /**
   * @param {import('./output.js').Output} out for the messages
   * @param {import('./output.js').Output} beside for everything else
   * @param {{ json?: boolean, binary?: boolean }} options
   */
  constructor(out, beside, { json = false, binary = false }) {
    this.#out = out;
    this.#beside = beside;
    this.#json = json;
    this.#binary = binary;
  }

  /** @param {string | Buffer} data */
  message(data) {
    const laidOut = this.#json && typeof data === 'string' ? layOut(data) : null;
    this.#out.write(laidOut ?? data);
    if (!this.#binary) this.#out.write('\n');
  }

  /** @param {string} text about the connection */
  note(text) {
    this.#beside.line(text, 'dim');
  }

  /** @param {string} text about what went wrong */
  fault(text) {
    this.#beside.line(text, 'red');
  }

  /** @returns {boolean} whether whoever reads the messages is behind */
  get isFull() {
    return this.#out.isFull;
  }
}

module.exports = { Pipe, Screen };
