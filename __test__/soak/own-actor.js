'use strict';

const { Actor } = require('./actor');
const { Client } = require('../..');
const { CLOSE_TIMEOUT } = require('./model');
const { DAWDLER, dawdler } = require('./endpoints');
const { choicesOf } = require('./choice');

/** ms: a machine that does much else is slow to answer. */
const HANDSHAKE_TIMEOUT = 60_000;

/** Our own `Client`s, each with connections of many actors. */
class OwnClients {
  /** @param {number} seed @param {string} sender */
  constructor(seed, sender) {
    /** @type {Map<string, OwnActor>} cid → actor, while it has no sid; then by its sid */
    this.actors = new Map();
    this.strays = 0;
    const settings = [
      {},
      { perMessageDeflate: { level: 1, threshold: 50 } },
      { perMessageDeflate: { clientNoContextTakeover: true, clientMaxWindowBits: 10, threshold: 0 } },
      { perMessageDeflate: { level: 1 }, extensions: true },
    ];
    this.clients = settings.map(({ extensions, ...options }) => {
      const client = new Client({ ...options, closeTimeout: CLOSE_TIMEOUT, handshakeTimeout: HANDSHAKE_TIMEOUT });
      if (extensions) client.extensions[DAWDLER] = dawdler(choicesOf(seed, `extension of ${sender}`));
      client.on('open', (sid) => this.#opened(client, sid));
      for (const name of ['message', 'binary', 'ping', 'pong']) {
        client.on(name, (payload, sid) => this.#of(sid)?.take(name, payload));
      }
      client.on('close', (_reason, sid, code) => {
        this.#of(sid)?.closed(code);
        this.actors.delete(sid);
      });
      client.on('error', (error) => this.#error(error));
      return client;
    });
  }

  #of(sid) {
    const actor = this.actors.get(sid);
    if (actor === undefined) this.strays++;
    return actor;
  }

  #opened(client, sid) {
    // The subprotocol that was asked for is the client's name.
    const cid = client.sockets[sid].protocol;
    const actor = this.actors.get(cid);
    this.actors.delete(cid);
    this.actors.set(sid, actor);
    actor.opened(sid);
  }

  #error(error) {
    if (error.sid !== undefined) {
      this.#of(error.sid)?.strays.push(error.code);
      return;
    }
    const cid = new URL(error.url).searchParams.get('c');
    this.actors.get(cid).refused(error.statusCode ?? 0, error.code);
    this.actors.delete(cid);
  }
}

/** A connection of our own `Client`. */
class OwnActor extends Actor {
  kind = 'own';

  get endings() {
    return [
      [60, 'well'],
      [15, 'patient'],
      [12, 'terminate'],
      [6, 'destroy'],
    ];
  }

  get #url() {
    const { path, host, port, ca } = this.endpoint.where;
    return path ? `ws+unix:${path}:${this.target}` : `${ca ? 'wss' : 'ws'}://${host}:${port}${this.target}`;
  }

  async open() {
    const { actors, clients } = this.context.own;
    this.client = clients[this.random(clients.length)];
    const { ca, servername } = this.endpoint.where;
    actors.set(this.cid, this);
    const answered = new Promise((resolve) => (this.answered = resolve));
    this.client.open(this.#url, { protocols: this.cid, ...(ca && { ca, servername }) });
    await answered;
  }

  opened(sid) {
    this.sid = sid;
    this.status = 101;
    const { extensions, transport } = this.client.sockets[sid];
    this.mode = `${extensions.join(', ') || 'plain'} by ${transport}`;
    this.answered();
  }

  refused(status, code) {
    this.status = status;
    this.strays.push(code);
    this.ended();
    this.answered();
  }

  /** An event. */
  take(name, payload) {
    // A destroyed socket may have been lost before: then what had come is delivered.
    const isClosed = this.began !== null || this.fault?.name === 'terminate';
    if (isClosed || this.isOver) this.strays.push(`${name} while closing`);
    if (name === 'ping') this.transcript.hearPing(payload);
    else if (name === 'pong') this.transcript.hearPong(payload);
    else this.transcript.hear(payload);
  }

  closed(code) {
    if (this.isOver) this.strays.push('a second close');
    // Where we began, the code may be our own.
    if (code !== 1006) this.saw = code;
    this.ended();
  }

  get canSpeak() {
    return super.canSpeak && this.client.sockets[this.sid] !== undefined;
  }

  say() {
    const { data, id } = this.message();
    if (!this.canSpeak) return;
    this.transcript.say(id);
    this.client.send(this.sid, data, { compress: this.random(4) > 0 });
    if (Buffer.isBuffer(data)) data.fill(0xdd);
  }

  ping() {
    if (this.canSpeak) this.client.ping(this.sid, this.pinged());
  }

  queued() {
    return this.client.bufferedAmount(this.sid);
  }

  pause() {
    this.client.pause(this.sid);
  }

  resume() {
    this.client.resume(this.sid);
  }

  close(code, reason) {
    this.client.close(this.sid, code, reason);
  }

  async terminate() {
    this.fault = { name: 'terminate' };
    this.client.terminate(this.sid);
  }

  async destroy() {
    this.fault = { name: 'destroy' };
    this.client.sockets[this.sid].socket.destroy();
  }

  drop() {
    if (this.sid !== undefined) this.client.terminate(this.sid);
  }
}

module.exports = { OwnActor, OwnClients };
