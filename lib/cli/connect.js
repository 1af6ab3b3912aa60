'use strict';

const fs = require('node:fs');
const readline = require('node:readline');
const { Client } = require('../client/client.js');
const { UsageError, number } = require('./commands.js');
const { explain } = require('./explain.js');
const { shown, shownBytes } = require('./output.js');
const { Pings } = require('./pings.js');
const { onInterrupt } = require('./signals.js');

/** @typedef {import('./commands.js').Values} Values */

/** Close codes that say that all went well. */
const FINE = [1000, 1001, 1005];
/** Bytes that may wait for the server before no more of the input is read. */
const HIGH_WATER = 1024 * 1024;
/** ms that the pong after the last line may take. */
const LAST_PONG = 5000;

/** The options of the opening handshake. @param {Values} values @returns {import('../../index').ClientOptions} */
function requestOptions({ header = [], origin, protocol: protocols, deflate = false, ca, insecure = false }) {
  /** @type {Record<string, string | string[]>} */
  const headers = {};
  for (const line of header) {
    const [, name, value] = /^([^:\s]+):\s*(.*)$/.exec(line) ?? [];
    if (name === undefined) throw new UsageError(`--header must be 'NAME: VALUE', not ${line}`);
    headers[name] = Object.hasOwn(headers, name) ? [headers[name], value].flat() : value;
  }
  return {
    headers,
    origin: /** @type {string | undefined} */ (origin),
    protocols,
    perMessageDeflate: deflate,
    ...(ca !== undefined && { ca: fs.readFileSync(ca) }),
    ...(insecure && { rejectUnauthorized: false }),
  };
}

/** One connection, between the terminal and the server. */
class Session {
  #client;
  #out;
  #pings;
  /** What is typed, from `open` on. @type {readline.Interface & { terminal?: boolean } | undefined} */
  #lines;
  /** Of the connection, while it is open. @type {string | undefined} */
  #sid;
  #wait;
  #interval;
  /** @type {NodeJS.Timeout[]} */
  #timers = [];

  /**
   * @param {string} url
   * @param {Values} values the options
   * @param {import('./output.js').Output} out
   */
  constructor(url, values, out) {
    this.#out = out;
    this.#wait = (number(values, 'wait', { min: 0, max: 86_400 }) ?? 1) * 1000;
    this.#interval = (number(values, 'ping', { min: 0.1, max: 86_400 }) ?? 0) * 1000;
    this.#client = new Client(requestOptions(values));
    this.#pings = new Pings((sid, text) => this.#client.ping(sid, text));
    this.#listen();
    try {
      this.#client.open(url);
    } catch (error) {
      throw new UsageError(/** @type {Error} */ (error).message);
    }
    this.interrupt = onInterrupt(() => this.#close());
  }

  #listen() {
    const client = this.#client;
    client.on('open', (sid) => this.#opened(sid));
    client.on('message', (text) => this.#show(`< ${shown(text)}`, 'cyan'));
    client.on('binary', (data) => this.#show(`< binary, ${shownBytes(data)}`, 'cyan'));
    client.on('drain', () => this.#lines?.resume());
    client.on('ping', (text) => this.#show(`< ping ${shown(text)}`.trimEnd(), 'dim'));
    client.on('pong', (text) => this.#pong(text));
    client.on('error', (error) => {
      process.exitCode = 1;
      this.#say(`websockets: ${error.sid === undefined ? 'no connection: ' : ''}${explain(error)}`);
      if (error.sid === undefined) this.#over();
    });
    client.on('close', (reason, _sid, code) => {
      if (!FINE.includes(code)) process.exitCode = 1;
      this.#out.endPrompt();
      this.#out.line(
        `closed, ${code === 1006 ? 'the connection was lost' : `${code} ${shown(reason)}`.trimEnd()}`,
        'dim',
      );
      this.#over();
    });
  }

  /**
   * Something of the server's, which says nothing more until it has been read.
   *
   * @param {string} text
   * @param {import('./output.js').Style} style
   */
  #show(text, style) {
    this.#out.line(text, style);
    if (this.#out.isFull && this.#sid !== undefined) this.#client.pause(this.#sid);
  }

  /** Errors have a stream of their own. @param {string} text */
  #say(text) {
    if (this.#lines?.terminal) this.#out.line(text, 'red');
    else console.error(text);
  }

  /** The connection is open. @param {string} sid */
  #opened(sid) {
    this.#sid = sid;
    const { protocol = '', extensions = [] } = this.#client.sockets[sid] ?? {};
    const agreed = [protocol, ...extensions]
      .filter(Boolean)
      .map((name) => `, ${shown(name)}`)
      .join('');
    this.#out.line(`connected${agreed}`, 'dim');
    const terminal = process.stdin.isTTY === true && process.stdout.isTTY === true;
    const lines = readline.createInterface({
      input: process.stdin,
      ...(terminal && { output: process.stdout, prompt: '> ' }),
      terminal,
    });
    this.#lines = lines;
    if (terminal) {
      this.#out.prompt = lines;
      lines.prompt();
      this.#ping();
    }
    if (this.#interval > 0) this.#timers.push(setInterval(() => this.#ping(), this.#interval));
    this.#out.onDrain(() => this.#client.resume(this.#sid ?? []));
    lines.on('line', (line) => this.#typed(line));
    lines.on('SIGINT', this.interrupt);
    lines.on('close', () => this.#ended());
  }

  /** Asks how long a pong takes. */
  #ping() {
    if (this.#sid !== undefined) this.#pings.send(this.#sid);
  }

  /** A pong has come. @param {string} text */
  #pong(text) {
    const took = this.#pings.took(text);
    this.#out.line(took === undefined ? `< pong ${shown(text)}`.trimEnd() : `pong after ${took.toFixed(1)} ms`, 'dim');
  }

  /** A line was typed. @param {string} line */
  #typed(line) {
    const sid = this.#sid;
    if (sid === undefined) return;
    const [, command, rest] = /^\/(?!\/)(\S*)\s*(.*)$/.exec(line) ?? [];
    if (command === undefined) this.#send(sid, line.replace(/^\/\//, '/'));
    else if (command === 'ping') this.#ping();
    else if (command === 'close') this.#closeAs(sid, rest);
    else this.#say(`there is no /${shown(command)}, only /ping and /close; // sends one slash`);
    this.#out.prompt?.prompt(true);
  }

  /** @param {string} sid @param {string} line */
  #send(sid, line) {
    this.#client.send(sid, line);
    if (this.#client.bufferedAmount(sid) > HIGH_WATER) this.#lines?.pause();
  }

  /** @param {string} sid @param {string} text a code and a reason, or less */
  #closeAs(sid, text) {
    const [, code = '1000', reason = ''] = /^(\d+)?\s*(.*)$/.exec(text) ?? [];
    try {
      this.#client.close(sid, Number(code), reason);
    } catch (error) {
      this.#say(/** @type {Error} */ (error).message);
    }
  }

  /** The input is over: what was sent is answered, as far as one can tell, before we go. */
  #ended() {
    if (this.#sid === undefined) return;
    this.#out.endPrompt();
    if (this.#lines?.terminal) {
      this.#close();
      return;
    }
    const leave = () => this.#timers.push(setTimeout(() => this.#close(), this.#wait));
    const late = setTimeout(() => this.#close(), LAST_PONG + this.#wait);
    this.#timers.push(late);
    this.#pings.last(this.#sid, () => {
      clearTimeout(late);
      leave();
    });
  }

  #close() {
    if (this.#sid === undefined) {
      this.#client.close();
      this.#over();
    } else {
      this.#client.close(this.#sid);
    }
  }

  #over() {
    this.#sid = undefined;
    this.#out.endPrompt();
    for (const timer of this.#timers) clearTimeout(timer);
    this.#lines?.close();
    process.stdin.destroy(); // or what is read of it keeps the process
  }
}

/**
 * @param {Values} values the options
 * @param {string[]} positionals
 * @param {import('./output.js').Output} out
 */
function connect(values, positionals, out) {
  const [given, more] = positionals;
  if (given === undefined) throw new UsageError('connect needs a URL: websockets connect ws://localhost:3000');
  if (more !== undefined) throw new UsageError(`connect takes one URL, not ${more} as well`);
  // `localhost:3000` is no URL, and means one.
  void new Session(/^[a-z+]+:\//i.test(given) ? given : `ws://${given}`, values, out);
}

module.exports = { connect };
