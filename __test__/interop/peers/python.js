'use strict';

const { spawn } = require('node:child_process');
const path = require('node:path');
const readline = require('node:readline');
const { python } = require('../environment');

/** A connection of a Python peer. */
class Connection {
  #peer;
  #number;

  constructor(peer, { connection, extensions }) {
    this.#peer = peer;
    this.#number = connection;
    this.extensions = extensions;
  }

  #call(op, args) {
    return this.#peer.call({ op, connection: this.#number, ...args });
  }

  send = (messages) => this.#call('send', { messages });
  receive = (count) => this.#call('receive', { count });
  echo = (count) => this.#call('echo', { count });
  fragments = (parts) => this.#call('fragments', { parts });
  ping = (data) => this.#call('ping', { data });
  close = (code, reason) => this.#call('close', { code, reason });
  closed = () => this.#call('closed', {});
}

/** A Python peer: a process that does as lines of JSON say. */
class PythonPeer {
  #child;
  #calls = new Map();
  #errors = '';
  #ended = null;

  /** @param {string} script in this folder */
  constructor(script) {
    this.#child = spawn(python(), [path.join(__dirname, script)], { stdio: 'pipe' });
    this.#child.stderr.setEncoding('utf8').on('data', (text) => {
      this.#errors += text;
    });
    this.#child.stdin.on('error', () => {}); // it has ended, and that is heard below
    readline.createInterface({ input: this.#child.stdout }).on('line', (line) => this.#answered(JSON.parse(line)));
    const ended = (how) => {
      this.#ended = new Error(`${script} has ended: ${how}\n${this.#errors}`.trimEnd());
      for (const { reject } of this.#calls.values()) reject(this.#ended);
    };
    this.#child.on('error', (error) => ended(error.message));
    this.#child.on('close', (status, signal) => ended(signal ?? status));
  }

  #answered({ id, result, error }) {
    const { resolve, reject } = this.#calls.get(id);
    this.#calls.delete(id);
    if (error === undefined) resolve(result);
    else reject(new Error(`the peer: ${error}\n${this.#errors}`.trimEnd()));
  }

  /**
   * @param {object} call `op`, the number of the connection where there is one, and the arguments
   * @returns {Promise<any>}
   */
  call(call) {
    return new Promise((resolve, reject) => {
      if (this.#ended !== null) throw this.#ended;
      const id = this.#calls.size === 0 ? 0 : Math.max(...this.#calls.keys()) + 1;
      this.#calls.set(id, { resolve, reject });
      this.#child.stdin.write(`${JSON.stringify({ id, call })}\n`);
    });
  }

  async connect(url, { deflate, pongs }) {
    return new Connection(this, await this.call({ op: 'connect', url, deflate, pongs }));
  }

  async listen({ deflate, tls }) {
    const port = await this.call({ op: 'listen', deflate, tls: tls?.file });
    return {
      port,
      accept: async () => new Connection(this, await this.call({ op: 'accept' })),
      stop: () => this.call({ op: 'stop' }),
    };
  }

  /** Lets the process end. */
  end() {
    this.#child.stdin.end();
  }
}

module.exports = { PythonPeer };
