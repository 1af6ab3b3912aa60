'use strict';

const http = require('node:http');
const https = require('node:https');
const { once } = require('node:events');
const { WebSocket, WebSocketServer } = require('ws');
const { Inbox } = require('../../support/inbox');
const { fromWire, toWire } = require('../messages');

/** A connection of `ws`, in either role. */
class Connection {
  #ws;
  #inbox;
  #received = 0;

  /**
   * @param {WebSocket} ws
   * @param {string | undefined} extensions the header
   */
  constructor(ws, extensions = '') {
    this.#ws = ws;
    this.#inbox = new Inbox(ws, ['message', 'pong', 'close', 'error']);
    this.extensions = extensions;
  }

  async #next() {
    const [messages, closes, errors] = ['message', 'close', 'error'].map((name) => this.#inbox.list(name));
    const index = this.#received++;
    await this.#inbox.until(() => messages.length > index || closes.length > 0);
    if (messages.length <= index) throw errors[0]?.[0] ?? new Error(`closed with ${closes[0][0]}`);
    return messages[index];
  }

  async send(messages) {
    for (const message of messages) this.#ws.send(fromWire(message));
  }

  async receive(count) {
    const messages = [];
    while (messages.length < count) {
      const [data, isBinary] = await this.#next();
      messages.push(toWire(isBinary ? data : data.toString()));
    }
    return messages;
  }

  async echo(count) {
    for (let i = 0; i < count; i++) {
      const [data, binary] = await this.#next();
      this.#ws.send(data, { binary });
    }
  }

  /** With a ping before each but the first. @returns {Promise<number>} how many pings */
  async fragments(parts) {
    parts.forEach((part, i) => {
      if (i > 0) this.#ws.ping();
      this.#ws.send(fromWire(part), { fin: i === parts.length - 1 });
    });
    return parts.length - 1;
  }

  async ping(data) {
    this.#ws.ping(data);
    const pongs = this.#inbox.list('pong');
    await this.#inbox.until(() => pongs.some(([pong]) => pong.toString() === data));
  }

  close(code, reason) {
    this.#ws.close(code, reason);
    return this.closed();
  }

  async closed() {
    const [[code, reason]] = await this.#inbox.atLeast('close', 1);
    return { code, reason: reason.toString() };
  }
}

/** How `ws` is told what to do: everything is compressed, as by the other peers. */
const settingsOf = (deflate) => deflate !== false && { threshold: 0, ...deflate };

/** @returns {Promise<Connection>} */
async function connect(url, { deflate }) {
  const ws = new WebSocket(url, { perMessageDeflate: settingsOf(deflate), rejectUnauthorized: false });
  let extensions;
  ws.once('upgrade', (response) => {
    extensions = response.headers['sec-websocket-extensions'];
  });
  await once(ws, 'open');
  return new Connection(ws, extensions);
}

/** @returns {Promise<{ port: number, accept: () => Promise<Connection>, stop: () => Promise<void> }>} */
async function listen({ deflate, tls }) {
  const httpServer = tls ? https.createServer(tls) : http.createServer();
  const server = new WebSocketServer({ server: httpServer, perMessageDeflate: settingsOf(deflate) });
  let extensions;
  server.on('headers', (lines) => {
    const name = 'sec-websocket-extensions: ';
    extensions = lines.find((line) => line.toLowerCase().startsWith(name))?.slice(name.length);
  });
  const inbox = new Inbox(server, ['connection']);
  httpServer.listen(0, '127.0.0.1');
  await once(httpServer, 'listening');
  return {
    port: httpServer.address().port,
    accept: async () => new Connection((await inbox.next('connection'))[0], extensions),
    stop: () =>
      new Promise((resolve) => {
        for (const ws of server.clients) ws.terminate();
        httpServer.close(resolve);
      }),
  };
}

module.exports = { connect, end: () => {}, listen };
