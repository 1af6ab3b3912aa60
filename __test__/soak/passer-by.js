'use strict';

const { choicesOf, choose, reset, sleep } = require('./choice');
const { dial } = require('../support/dial');
const { requestText } = require('../support/raw-http');

/** Who never becomes a client: goes during the handshake, or asks for what is none. */
class PasserBy {
  /** As `Actor`. */
  constructor(cid, endpoint, { seed }) {
    this.cid = cid;
    this.endpoint = endpoint;
    this.random = choicesOf(seed, `client ${cid}`);
  }

  get #request() {
    return requestText({ line: `GET ${this.endpoint.path}?c=${this.cid} HTTP/1.1` });
  }

  /** Leaves, by FIN or by a reset. */
  #leave() {
    if (this.random(2) === 0) reset(this.socket, this.endpoint.where);
    else this.socket.destroy();
  }

  /** @returns {Promise<object>} the record */
  async live() {
    this.socket = dial(this.endpoint.where);
    this.socket.on('error', () => {});
    const closed = new Promise((resolve) => this.socket.on('close', resolve));
    const connected = new Promise((resolve) =>
      this.socket.once(this.endpoint.where.ca ? 'secureConnect' : 'connect', resolve),
    );
    const [name, act] = choose(this.random, [
      [1, ['gone before it said anything', () => this.#leave()]],
      [2, ['gone within the request', () => this.#write(this.#request.slice(0, this.random(this.#request.length)))]],
      [4, ['gone behind the request', () => this.#write(this.#request)]],
      [2, ['a request that is none', () => this.#ask(closed)]],
    ]);
    await Promise.race([connected, closed]);
    const status = await act();
    await closed;
    return {
      side: 'client',
      cid: this.cid,
      kind: 'passer-by',
      endpoint: this.endpoint.name,
      fault: { name },
      status: status ?? 0,
      strays: [],
    };
  }

  async #write(text) {
    this.socket.write(text);
    if (this.random(2) === 0) await sleep(this.random(20));
    this.#leave();
  }

  /** A handshake that cannot be accepted. @returns {Promise<number>} the status of the answer */
  async #ask(closed) {
    let got = '';
    this.socket.setEncoding('latin1').on('data', (text) => (got += text));
    const wrong = [
      { 'Sec-WebSocket-Key': 'short' },
      { 'Sec-WebSocket-Version': '12' },
      { 'Sec-WebSocket-Extensions': 'a;;b' },
    ];
    const line = `GET ${this.endpoint.path}?c=${this.cid} HTTP/1.1`;
    this.socket.write(requestText({ line, headers: wrong[this.random(wrong.length)] }));
    await closed;
    const status = Number(got.split(' ')[1]);
    return [400, 426, 503].includes(status) ? 0 : status;
  }
}

module.exports = { PasserBy };
