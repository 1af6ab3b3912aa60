'use strict';

const { randomUUID } = require('node:crypto');
const { EventEmitter } = require('node:events');
const { WebSocket, WebSocketServer } = require('../../ws.js');

/** Bytes queued, above which a house may wait for `drain`: as with a `Base`. */
const HIGH_WATER = 64 << 10;

/** The code of a connection that has ended without the peer's close frame. */
const ABNORMAL = 1006;

/**
 * A server of `websockets/ws`, as far as a house has to do with its `Base`: each WebSocket has a sid, and its events
 * come by here.
 */
class EntryBase extends EventEmitter {
  /** @type {Map<string, WebSocket>} */
  #webSockets = new Map();
  /** Those with more than `HIGH_WATER` queued, until they have nothing. @type {WeakSet<WebSocket>} */
  #full = new WeakSet();
  /** The violation that each has reported. @type {WeakMap<WebSocket, Error>} */
  #errors = new WeakMap();
  #wss;

  /** Whether the next are refused with 503. */
  isFull = false;

  /** @param {object} options of the WebSocketServer, without where it listens */
  constructor(options) {
    super();
    const verifyClient = (_info, verdict) => verdict(!this.isFull, 503);
    this.#wss = new WebSocketServer({ ...options, noServer: true, verifyClient });
    this.#wss.on('connection', (webSocket, req) => this.#opened(webSocket, req));
  }

  /** Answers the upgrades of an HTTP server. @param {import('node:http').Server} server */
  listen(server) {
    server.on('upgrade', (req, socket, head) => {
      this.#wss.handleUpgrade(req, socket, head, (webSocket) => this.#wss.emit('connection', webSocket, req));
    });
  }

  /** @param {WebSocket} webSocket @param {import('node:http').IncomingMessage} req */
  #opened(webSocket, req) {
    const sid = randomUUID();
    this.#webSockets.set(sid, webSocket);
    webSocket.on('message', (data, isBinary) =>
      isBinary ? this.emit('binary', data, sid) : this.emit('message', String(data), sid),
    );
    webSocket.on('ping', (data) => this.emit('ping', String(data), sid));
    webSocket.on('pong', (data) => this.emit('pong', String(data), sid));
    webSocket.on('error', ({ cause }) => {
      this.#errors.set(webSocket, cause);
      this.emit('error', Object.assign(cause, { sid }));
    });
    webSocket.on('close', (code, reason) => {
      this.#webSockets.delete(sid);
      const error = this.#errors.get(webSocket);
      // After a violation it is 1006 here, and what the peer was told with a `Base`.
      this.emit('close', String(reason), sid, error !== undefined && code === ABNORMAL ? error.closeCode : code);
    });
    this.emit('open', sid, req);
  }

  /** The open connections. @returns {[string, WebSocket][]} */
  get #open() {
    return [...this.#webSockets].filter(([, { readyState }]) => readyState === WebSocket.OPEN);
  }

  get sockets() {
    return Object.fromEntries(this.#open.map(([sid]) => [sid, { transport: 'entry' }]));
  }

  get socketsHistory() {
    return this.#open.map(([sid]) => sid);
  }

  /** @param {string | string[] | null} sids @returns {WebSocket[]} the open ones among them */
  #named(sids) {
    const all = sids === null ? this.socketsHistory : [sids].flat();
    const open = new Map(this.#open);
    return all.filter((sid) => open.has(sid)).map((sid) => open.get(sid));
  }

  /** @param {string | string[] | null} sids @param {string | Buffer} data @param {object} [options] */
  send(sids, data, { except = [], ...options } = {}) {
    const spared = new Set(this.#named(except));
    for (const webSocket of this.#named(sids)) {
      if (spared.has(webSocket)) continue;
      webSocket.send(data, options, this.#written(webSocket));
      if (webSocket.bufferedAmount > HIGH_WATER) this.#full.add(webSocket);
    }
  }

  /** @param {...unknown} args sids and the payload, or the payload alone */
  ping(...args) {
    const [sids, payload] = args.length === 1 ? [null, args[0]] : args;
    for (const webSocket of this.#named(sids)) webSocket.ping(payload, this.#written(webSocket));
  }

  /** What is called once something has been written: says that nothing is queued any more. @param {WebSocket} webSocket */
  #written(webSocket) {
    return (error) => {
      if (error || webSocket.readyState !== WebSocket.OPEN) return;
      if (!this.#full.has(webSocket) || webSocket.bufferedAmount > 0) return;
      this.#full.delete(webSocket);
      const [sid] = [...this.#webSockets].find(([, one]) => one === webSocket) ?? [];
      if (sid !== undefined) this.emit('drain', sid);
    };
  }

  /** @param {string[]} sids @param {number} code @param {string} reason */
  close(sids, code, reason) {
    for (const webSocket of this.#named(sids)) webSocket.close(code, reason);
  }

  /** @param {string[]} sids */
  terminate(sids) {
    for (const webSocket of this.#named(sids)) webSocket.terminate();
  }

  /** @param {string} sid */
  pause(sid) {
    this.#webSockets.get(sid)?.pause();
  }

  /** @param {string} sid */
  resume(sid) {
    this.#webSockets.get(sid)?.resume();
  }

  /** @param {string} sid @returns {number} */
  bufferedAmount(sid) {
    return this.#webSockets.get(sid)?.bufferedAmount ?? 0;
  }

  /** What a server of `ws` knows of itself. */
  stats() {
    const all = [...this.#wss.clients];
    const open = this.#open.length;
    const queuedBytes = all.reduce((sum, { bufferedAmount }) => sum + bufferedAmount, 0);
    return { connections: open, closing: all.length - open, queuedBytes };
  }

  /** Takes no more. */
  stop() {
    return new Promise((resolve) => this.#wss.close(resolve));
  }
}

module.exports = { EntryBase };
