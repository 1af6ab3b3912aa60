'use strict';

const { WebSocket: ReferenceWebSocket } = require('ws');
const { WebSocket: EntryWebSocket } = require('../../ws.js');
const { Actor } = require('./actor');
const { reset } = require('./choice');

/** @param {(below: number) => number} random @returns {object | false} as the option of `ws` has it */
function deflateOption(random) {
  if (random(3) === 0) return false;
  const maybe = (value) => (random(3) === 0 ? value : undefined);
  return {
    threshold: random(2) * 100,
    zlibDeflateOptions: { level: random(4) },
    serverNoContextTakeover: maybe(true),
    clientNoContextTakeover: maybe(true),
    serverMaxWindowBits: maybe(9 + random(7)),
    clientMaxWindowBits: maybe(9 + random(7)),
  };
}

/** The `ws` package as a client. */
class WsActor extends Actor {
  kind = 'ws';
  WebSocket = ReferenceWebSocket;

  get endings() {
    return [
      [60, 'well'],
      [15, 'patient'],
      [12, 'terminate'],
      [8, 'reset'],
    ];
  }

  get #url() {
    const { path, host, port, ca } = this.endpoint.where;
    return path ? `ws+unix:${path}:${this.target}` : `${ca ? 'wss' : 'ws'}://${host}:${port}${this.target}`;
  }

  async open() {
    const perMessageDeflate = deflateOption(this.random);
    const { ca, servername } = this.endpoint.where;
    this.ws = new this.WebSocket(this.#url, { perMessageDeflate, ...(ca && { ca, servername }) });
    this.ws.on('message', (data, isBinary) => this.transcript.hear(isBinary ? data : data.toString()));
    this.ws.on('ping', (data) => this.transcript.hearPing(data.toString()));
    this.ws.on('pong', (data) => this.transcript.hearPong(data.toString()));
    this.ws.on('error', (error) => {
      if (error.code?.startsWith('WS_ERR')) this.strays.push(error.code);
    });
    this.ws.on('close', (code) => {
      if (code !== 1006) this.saw = code;
      this.ended();
    });
    const answered = new Promise((resolve) => {
      this.ws.on('open', () => {
        this.status = 101;
        resolve(this.status);
      });
      this.ws.on('unexpected-response', (_request, response) => {
        this.status = response.statusCode;
        this.ws.terminate();
        resolve();
      });
    });
    await Promise.race([answered, this.over]);
    this.mode = this.ws.extensions || 'plain';
  }

  get canSpeak() {
    return super.canSpeak && this.ws.readyState === this.WebSocket.OPEN;
  }

  say() {
    const { random, ws } = this;
    const { data, id } = this.message();
    const options = { compress: random(4) > 0, binary: typeof data !== 'string' };
    const bytes = Buffer.from(data);
    for (let left = random(4) === 0 ? random(4) : 0, at = 0; ; left--) {
      if (left === 0) {
        this.transcript.say(id);
        ws.send(at === 0 ? data : bytes.subarray(at), options);
        return;
      }
      const end = at + random(bytes.length - at + 1);
      ws.send(bytes.subarray(at, end), { ...options, fin: false });
      if (random(2) === 0) this.ping();
      at = end;
    }
  }

  ping() {
    this.ws.ping(this.pinged());
  }

  queued() {
    return this.ws.bufferedAmount;
  }

  pause() {
    this.ws.pause();
  }

  resume() {
    this.ws.resume();
  }

  close(code, reason) {
    this.ws.close(code, reason);
  }

  async terminate() {
    this.fault = { name: 'terminate' };
    this.ws.terminate();
  }

  async reset() {
    this.fault = { name: 'reset' };
    // Node's refuses to reset TLS.
    if (this.endpoint.where.ca) this.ws._socket.destroy();
    else reset(this.ws._socket, this.endpoint.where);
  }

  drop() {
    if (!this.isOver) this.strays.push(`readyState ${this.ws.readyState}, paused ${this.ws.isPaused}`);
    this.ws.terminate();
  }
}

/** The client of `websockets/ws`. */
class EntryActor extends WsActor {
  kind = 'entry';
  WebSocket = EntryWebSocket;
}

module.exports = { EntryActor, WsActor };
