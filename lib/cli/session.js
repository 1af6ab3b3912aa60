'use strict';

const { Client } = require('../client/client.js');
const { UsageError, number } = require('./commands.js');
const { closing, explain } = require('./explain.js');
const { atTerminal, linesOf } = require('./input.js');
const { shown } = require('./output.js');
const { Pings } = require('./pings.js');
const { onInterrupt } = require('./signals.js');

/** Close codes that say that all went well. */
const FINE = [1000, 1001, 1005];
/** Bytes that may wait for the server before no more of the input is read. */
const HIGH_WATER = 1024 * 1024;
/** ms that the pong after the last line may take. */
const LAST_PONG = 5000;

/** What one run of `connect` does: a connection, and with `--reconnect` those that follow it. */
class Session {
  #client;
  #display;
  #out;
  #pings;
  /** What is typed, at a terminal. @type {import('node:readline').Interface | undefined} */
  #typing;
  /** Of the connection, while it is open. @type {string | undefined} */
  #sid;
  #wait;
  #interval;
  #reconnects;
  #binary;
  #execute;
  /** @type {NodeJS.Timeout[]} */
  #timers = [];
  /** Has whoever waits in `#ready` look again. @type {() => void} */
  #wake = () => {};
  #hasOpened = false;
  /** The input is over, and the connection is left once its last pong is here. */
  #isLeaving = false;
  /** Nothing is sent or opened any more. */
  #isEnding = false;

  /**
   * @param {string} url
   * @param {import('../../index').ClientOptions} options those of the `Client`
   * @param {import('./commands.js').Values} values those of the command line
   * @param {import('./display.js').Screen | import('./display.js').Pipe} display
   * @param {import('./output.js').Output} out what the display writes messages to
   */
  constructor(url, options, values, display, out) {
    this.#display = display;
    this.#out = out;
    this.#wait = (number(values, 'wait', { min: 0, max: 86_400 }) ?? 1) * 1000;
    this.#interval = (number(values, 'ping', { min: 0.1, max: 86_400 }) ?? 0) * 1000;
    this.#reconnects = values.reconnect === true;
    this.#binary = values.binary === true;
    this.#execute = values.execute;
    this.#client = new Client(options);
    this.#pings = new Pings((sid, text) => this.#client.ping(sid, text));
    this.#listen();
    try {
      this.#client.open(url);
    } catch (error) {
      throw new UsageError(/** @type {Error} */ (error).message);
    }
    this.interrupt = onInterrupt(() => this.#close());
  }

  /** Hears what becomes of the connections, and shows it. */
  #listen() {
    const client = this.#client;
    const display = this.#display;
    /** @param {string | Buffer} data */
    const message = (data) => this.#show(() => display.message(data));
    client.on('open', (sid) => this.#opened(sid));
    client.on('message', message);
    client.on('binary', message);
    client.on('drain', () => this.#wake());
    client.on('ping', (text) => this.#show(() => display.note(`< ping ${shown(text)}`.trimEnd())));
    client.on('pong', (text) => this.#show(() => display.note(this.#pong(text))));
    client.on('error', (error) => this.#failed(error));
    client.on('close', (reason, _sid, code, wasClean) => this.#lost(reason, code, wasClean));
    client.on('reconnecting', (_attempt, delay) => display.note(`next try in ${(delay / 1000).toFixed(1)} s`));
    client.on('giveup', () => this.#gaveUp());
    this.#out.onDrain(() => client.resume(this.#sid ?? []));
  }

  /** Something of the server's, which says nothing more until it has been read. @param {() => void} show */
  #show(show) {
    show();
    if (this.#display.isFull) this.#client.pause(this.#sid ?? []);
  }

  /**
   * @param {string} text
   * @returns {string} what is shown of a pong: how long it took, if it answers one of our pings
   */
  #pong(text) {
    const took = this.#pings.took(text);
    return took === undefined ? `< pong ${shown(text)}`.trimEnd() : `pong after ${took.toFixed(1)} ms`;
  }

  /**
   * A handshake came to nothing, or a peer did something wrong.
   *
   * @param {import('../../index').WebSocketError | import('../../index').HandshakeError} error
   */
  #failed(error) {
    process.exitCode = 1;
    const isHandshake = !('sid' in error) || error.sid === undefined;
    this.#display.fault(`websockets: ${isHandshake ? 'no connection: ' : ''}${explain(error)}`);
    if (isHandshake && !this.#reconnects) this.#over();
  }

  /**
   * A connection is over, and what follows is the Client's to say.
   *
   * @param {string} reason
   * @param {number} code
   * @param {boolean} wasClean
   */
  #lost(reason, code, wasClean) {
    this.#sid = undefined;
    for (const timer of this.#timers.splice(0)) clearTimeout(timer);
    if (!FINE.includes(code)) process.exitCode = 1;
    const goesOn = this.#reconnects && !this.#isEnding;
    if (!goesOn) this.#out.endPrompt();
    const why = code === 1006 ? 'the connection was lost' : closing(code, reason, wasClean);
    this.#display.note(`closed, ${why}`);
    if (!goesOn) this.#over();
  }

  /** With `--reconnect`: what the server has said is final. The exit code is that of the last failure or close. */
  #gaveUp() {
    this.#out.endPrompt();
    this.#display.note('given up: the answer of the server is final');
    this.#over();
  }

  /** A connection is there: the first one, or one that follows a lost one. @param {string} sid */
  #opened(sid) {
    process.exitCode = 0;
    this.#sid = sid;
    const { protocol = '', extensions = [] } = this.#client.sockets[sid] ?? {};
    const agreed = [protocol, ...extensions]
      .filter(Boolean)
      .map((name) => `, ${shown(name)}`)
      .join('');
    this.#display.note(`connected${agreed}`);
    if (!this.#hasOpened) this.#begin();
    this.#hasOpened = true;
    if (this.#typing !== undefined) this.#ping();
    if (this.#interval > 0) this.#timers.push(setInterval(() => this.#ping(), this.#interval));
    if (this.#isLeaving) this.#leave(sid);
    this.#wake();
  }

  /** Begins to take what is to be sent. */
  #begin() {
    if (this.#execute !== undefined) this.#read(this.#execute, (message) => this.#send(message));
    else if (process.stdin.isTTY === true && process.stdout.isTTY === true) this.#type();
    else if (this.#binary) this.#read(process.stdin, (bytes) => this.#send(bytes));
    else this.#read(linesOf(process.stdin), (line) => this.#line(line));
  }

  /** Takes what is typed, below what is shown. */
  #type() {
    this.#typing = atTerminal({
      line: (line) => {
        this.#line(line);
        this.#out.prompt?.prompt(true);
      },
      end: () => {
        if (!this.#isEnding) this.#close();
      },
      interrupt: this.interrupt,
    });
    this.#out.prompt = this.#typing;
    this.#typing.prompt();
  }

  /**
   * Sends all of an input, no faster than the server takes it.
   *
   * @template T
   * @param {Iterable<T> | AsyncIterable<T>} input
   * @param {(piece: T) => void} take
   */
  async #read(input, take) {
    try {
      for await (const piece of input) {
        await this.#ready();
        if (this.#isEnding) return;
        take(piece);
      }
    } catch (error) {
      if (this.#isEnding) return; // it is no fault that the input ends with the session
      process.exitCode = 1;
      this.#display.fault(`websockets: the input cannot be read: ${explain(error)}`);
    }
    this.#isLeaving = true;
    if (this.#sid !== undefined) this.#leave(this.#sid);
  }

  /** Waits until there is a connection that takes more. */
  async #ready() {
    while (
      !this.#isEnding &&
      !(this.#client.bufferedAmount(this.#sid ?? '') <= HIGH_WATER && this.#sid !== undefined)
    ) {
      await new Promise((resolve) => {
        this.#wake = () => resolve(undefined);
      });
    }
  }

  /** A line is a message, or with a slash a command. @param {string} line */
  #line(line) {
    const [, command, rest] = /^\/(?!\/)(\S*)\s*(.*)$/s.exec(line) ?? [];
    if (this.#sid === undefined) this.#display.fault('not sent: there is no connection now');
    else if (command === undefined) this.#send(line.replace(/^\/\//, '/'));
    else if (command === 'ping') this.#ping();
    else if (command === 'close') this.#closeAs(rest);
    else this.#display.fault(`there is no /${shown(command)}, only /ping and /close; // sends one slash`);
  }

  /** @param {string | Buffer} data */
  #send(data) {
    this.#client.send(this.#sid ?? [], this.#binary ? Buffer.from(data) : data);
  }

  /** Pings, and notes the time. */
  #ping() {
    if (this.#sid !== undefined) this.#pings.send(this.#sid);
  }

  /** Closes with what was typed. @param {string} text a code and a reason, or less */
  #closeAs(text) {
    const [, code = '1000', reason = ''] = /^(\d+)?\s*(.*)$/s.exec(text) ?? [];
    try {
      this.#client.close(this.#sid ?? [], Number(code), reason);
      this.#isEnding = true;
    } catch (error) {
      this.#display.fault(/** @type {Error} */ (error).message);
    }
  }

  /**
   * The input is over: what was sent is answered, as far as one can tell, before we go.
   *
   * @param {string} sid
   */
  #leave(sid) {
    /** @param {number} ms @returns {NodeJS.Timeout} */
    const go = (ms) =>
      setTimeout(() => {
        // What has come and could not be written yet is waited for.
        if (this.#display.isFull) this.#timers.push(go(this.#wait));
        else this.#close();
      }, ms);
    const late = go(LAST_PONG + this.#wait);
    this.#timers.push(late);
    this.#pings.last(sid, () => {
      clearTimeout(late);
      this.#timers.push(go(this.#wait));
    });
  }

  /** Closes, and opens nothing any more. */
  #close() {
    this.#isEnding = true;
    if (this.#sid !== undefined) {
      this.#client.close(this.#sid);
      return;
    }
    this.#client.close();
    this.#over();
  }

  /** Nothing comes any more: lets go of what would keep the process. */
  #over() {
    this.#isEnding = true;
    this.#sid = undefined;
    this.#out.endPrompt();
    for (const timer of this.#timers) clearTimeout(timer);
    this.#typing?.close();
    this.#wake();
    process.stdin.destroy(); // or what is read of it keeps the process
  }
}

module.exports = { Session };
