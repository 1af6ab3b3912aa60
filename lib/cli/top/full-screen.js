'use strict';

const readline = require('node:readline');

/** The other screen, no cursor, and what is too long for a line is cut: the terminal knows how wide a character is. */
const ENTER = '\u001b[?1049h\u001b[?25l\u001b[?7l';
const LEAVE = '\u001b[?7h\u001b[?25h\u001b[?1049l';
const HOME = '\u001b[H';
const REST_OF_LINE = '\u001b[K';
const REST_OF_SCREEN = '\u001b[J';

/** A terminal that is filled, until the process ends in whichever way: then it is as it was before. */
class FullScreen {
  #out;
  #input;
  #isOn = false;
  /** Whether it was left for good. */
  #isOver = false;
  /** Draws it again. @type {() => void} */
  #redraw;

  /**
   * @param {NodeJS.WriteStream} out
   * @param {NodeJS.ReadStream} input
   * @param {{ redraw: () => void, end: () => void }} app what happens on other sizes, and on q or Ctrl-C
   */
  constructor(out, input, { redraw, end }) {
    this.#out = out;
    this.#input = input;
    this.#redraw = redraw;
    out.on('resize', redraw);
    process.on('exit', () => this.leave());
    process.on('SIGCONT', () => this.#goOn());
    if (input.isTTY) {
      readline.emitKeypressEvents(input);
      input.on('keypress', (_text, key) => {
        if (key.name === 'q' || (key.ctrl && key.name === 'c')) end();
        else if (key.ctrl && key.name === 'z') this.#stop();
      });
    }
    this.#enter();
  }

  /** How many lines it has. */
  get rows() {
    return this.#out.rows || 24;
  }

  #enter() {
    if (this.#isOn) return;
    this.#isOn = true;
    if (this.#input.isTTY) this.#input.setRawMode(true).resume();
    this.#out.write(ENTER);
  }

  /** Gives the terminal back for good. */
  leave() {
    this.#isOver = true;
    this.#release();
  }

  #release() {
    if (!this.#isOn) return;
    this.#isOn = false;
    if (this.#input.isTTY) this.#input.setRawMode(false).pause();
    this.#out.write(LEAVE);
  }

  /** @param {string[]} lines what does not fit is left out */
  draw(lines) {
    if (!this.#isOn) return;
    const text = lines.slice(0, this.rows).map((line) => line + REST_OF_LINE);
    this.#out.write(HOME + text.join('\r\n') + REST_OF_SCREEN);
  }

  /** Ctrl-Z: in raw mode the terminal does not stop the job, with all of its processes, by itself. */
  #stop() {
    if (process.platform === 'win32') return;
    this.#release();
    process.kill(0, 'SIGTSTP');
    setImmediate(() => this.#goOn());
  }

  /** The shell has us go on, and may have changed the terminal meanwhile. */
  #goOn() {
    if (this.#isOver) return;
    this.#isOn = false;
    this.#enter();
    this.#redraw();
  }
}

module.exports = { FullScreen };
