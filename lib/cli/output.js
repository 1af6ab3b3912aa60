'use strict';

const readline = require('node:readline');

/** @typedef {'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan'} Style */

/** @type {Record<Style, [on: number, off: number]>} */
const STYLES = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  cyan: [36, 39],
};
const MAX_CHARACTERS = 2000;
const MAX_BYTES = 64;
/** Bytes that may wait for whoever reads our output; past that lines are left out. */
const MAX_WAITING = 1024 * 1024;

/** @type {Record<string, string>} */
const ESCAPES = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/**
 * What would end the line, turn it around or command the terminal, a peer's text above all, as an escape.
 *
 * @param {string} text
 */
const escaped = (text) =>
  text.replace(
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for.
    /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g,
    (character) => ESCAPES[character] ?? `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );

/**
 * @param {string} text of a message, or anything else that a peer says
 * @param {(text: string) => string} [harmless] how its beginning is made harmless
 * @returns {string}
 */
function shown(text, harmless = escaped) {
  const rest = text.length - MAX_CHARACTERS;
  return rest > 0 ? `${harmless(text.slice(0, MAX_CHARACTERS))}… (${rest} characters more)` : harmless(text);
}

/** @param {string} text whose line ends are ours @returns {string} its lines, each as `shown` has it */
function shownLines(text) {
  return shown(text, (beginning) => beginning.split('\n').map(escaped).join('\n  '));
}

/** @param {Buffer} data @returns {string} */
function shownBytes(data) {
  const hex = data
    .subarray(0, MAX_BYTES)
    .toString('hex')
    .replace(/..(?=.)/g, '$& ');
  return `${data.length} bytes${hex && `: ${hex}`}${data.length > MAX_BYTES ? ' …' : ''}`;
}

/** Lines on a stream: with colours on a terminal that has them, around a prompt where there is one. */
class Output {
  #stream;
  #colours;
  #leftOut = 0;
  /** @type {readline.Interface | undefined} whose prompt stays below, on a terminal */
  prompt;

  /** @param {NodeJS.WriteStream} stream */
  constructor(stream) {
    this.#stream = stream;
    this.#colours = stream.isTTY === true && stream.hasColors();
    // Whoever read it is gone, as `head` is: there is nobody to tell.
    stream.on('error', () => process.exit());
    stream.on('drain', () => this.#resume());
  }

  /** @returns {boolean} whether whoever reads this is behind, so that lines would be left out */
  get isFull() {
    return this.#stream.writableLength > MAX_WAITING;
  }

  /** @param {() => void} listener is called when all has been read */
  onDrain(listener) {
    this.#stream.on('drain', listener);
  }

  /** @param {string | Uint8Array} content which is written as it is, and never left out */
  write(content) {
    this.#stream.write(content);
  }

  /** @param {string} text one line, or several @param {Style} [style] */
  line(text, style) {
    if (this.isFull) {
      this.#leftOut += 1;
      return;
    }
    this.#clear();
    this.#stream.write(`${this.styled([[text, style]])}\n`);
    this.prompt?.prompt(true);
  }

  /**
   * @param {[text: string, style?: Style][]} pieces of a line
   * @returns {string} all of it, with colours if the terminal has them
   */
  styled(pieces) {
    return pieces
      .map(([text, style]) => {
        if (style === undefined || !this.#colours) return text;
        const [on, off] = STYLES[style];
        return `\u001b[${on}m${text}\u001b[${off}m`;
      })
      .join('');
  }

  #clear() {
    if (this.prompt === undefined) return;
    readline.cursorTo(this.#stream, 0);
    readline.clearLine(this.#stream, 0);
  }

  /** Takes the prompt away for good, with what is typed there. */
  endPrompt() {
    this.#clear();
    this.prompt = undefined;
  }

  #resume() {
    if (this.#leftOut === 0) return;
    const lines = this.#leftOut;
    this.#leftOut = 0;
    this.line(`(${lines} lines left out)`);
  }
}

module.exports = { Output, escaped, shown, shownBytes, shownLines };
