'use strict';

const { escaped, shown } = require('../output.js');
const { FullScreen } = require('./full-screen.js');
const { timeOfDay } = require('./units.js');
const { baseLine, sampleLines } = require('./view.js');

/** @typedef {import('../output.js').Output} Output */
/** @typedef {import('./sample.js').ReadSample} ReadSample */
/** @typedef {import('./view.js').Line} Line */

/** Samples whose messages are drawn. */
const KEPT = 60;

/** Samples in lines: as JSON, or each Base in a line. */
class Lines {
  #out;
  #json;

  /** @param {Output} out @param {boolean} json */
  constructor(out, json) {
    this.#out = out;
    this.#json = json;
  }

  /** @param {ReadSample} sample */
  sample(sample) {
    if (this.#json) this.#out.line(escaped(JSON.stringify(sample)));
    else for (const base of sample.bases) this.#out.line(`${timeOfDay(sample.time)} ${baseLine(base)}`);
  }

  /** @param {string} text about the connection */
  note(text) {
    console.error(text);
  }

  close() {}
}

/** One sample as a whole. */
class Once {
  #out;

  /** @param {Output} out */
  constructor(out) {
    this.#out = out;
  }

  /** @param {ReadSample} sample */
  sample(sample) {
    for (const line of sampleLines(sample, new Map())) this.#out.line(this.#out.styled(line));
  }

  note() {}

  close() {}
}

/** The last sample, on the whole screen of a terminal. */
class Screen {
  #out;
  #url;
  #screen;
  #state = 'connecting';
  /** @type {ReadSample | undefined} */
  #sample;
  /** @type {Map<string, number[]>} */
  #history = new Map();

  /** @param {Output} out @param {string} url @param {() => void} end */
  constructor(out, url, end) {
    this.#out = out;
    this.#url = url;
    this.#screen = new FullScreen(process.stdout, process.stdin, { redraw: () => this.#draw(), end });
    this.#draw();
  }

  /** @param {ReadSample} sample */
  sample(sample) {
    this.#sample = sample;
    this.#state = 'live';
    const histories = sample.bases.map(({ name, rates: { messagesReceived = 0, messagesSent = 0 } }) => {
      const history = [...(this.#history.get(name) ?? []), messagesReceived + messagesSent];
      return /** @type {[string, number[]]} */ ([name, history.slice(-KEPT)]);
    });
    // Those that are gone are forgotten.
    this.#history = new Map(histories);
    this.#draw();
  }

  /** @param {string} text about the connection */
  note(text) {
    this.#state = text;
    this.#draw();
  }

  #draw() {
    const sample = this.#sample;
    /** @type {Line} */
    const title = [
      ['websockets top', 'bold'],
      [`   ${shown(this.#url)}   `],
      [this.#state, this.#state === 'live' ? 'green' : 'yellow'],
      [sample === undefined ? '' : `   ${timeOfDay(sample.time)}`],
      ['   q ends it', 'dim'],
    ];
    const lines = [title, ...(sample === undefined ? [] : sampleLines(sample, this.#history))];
    const missing = lines.length - this.#screen.rows;
    if (missing > 0) lines.splice(this.#screen.rows - 1, missing + 1, [[`… ${missing + 1} lines more`, 'dim']]);
    this.#screen.draw(lines.map((line) => this.#out.styled(line)));
  }

  close() {
    this.#screen.leave();
  }
}

module.exports = { Lines, Once, Screen };
