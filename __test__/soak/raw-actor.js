'use strict';

const { Actor } = require('./actor');
const { RawClient } = require('../support/raw-client');
const { BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, closePayload, encode } = require('../support/frames');
const { Deflater, Inflater, NAME, RSV1 } = require('../support/deflate');
const { choose, reset } = require('./choice');
const { DAWDLER } = require('./endpoints');
const { violationsOf } = require('./violations');

/** @param {(below: number) => number} random @returns {string[]} elements of an offer, each with or without its parameters */
function offer(random) {
  const bits = () => 9 + random(7);
  const parameters = [
    `server_max_window_bits=${bits()}`,
    `client_max_window_bits=${bits()}`,
    'server_no_context_takeover',
    'client_no_context_takeover',
  ].filter(() => random(3) === 0);
  return [random(3) === 0 ? [DAWDLER] : [], random(3) > 0 ? [[NAME, ...parameters].join('; ')] : []].flat();
}

/** @param {string} head @returns {string} the extensions that were agreed upon */
const agreedOf = (head) => /^sec-websocket-extensions: *(.*)$/im.exec(head)?.[1].trim() ?? '';

/** A client of bare frames, which can do what must not be done. */
class RawActor extends Actor {
  kind = 'raw';

  get endings() {
    return [
      [40, 'well'],
      [15, 'patient'],
      [22, 'violate'],
      [6, 'halfFrame'],
      [4, 'fin'],
      [10, 'reset'],
      [4, 'deaf'],
    ];
  }

  async open() {
    const offered = offer(this.random);
    const headers = offered.length > 0 ? [`Sec-WebSocket-Extensions: ${offered.join(', ')}`] : [];
    // Some say something before they have an answer; plain, as nothing is agreed upon yet.
    const early = this.random(4) === 0 ? [this.#plain(), this.#plain()] : [];
    this.client = new RawClient(this.endpoint.where, {
      path: this.target,
      headers,
      head: Buffer.concat(early),
      paused: this.random(10) === 0,
      halfOpen: true,
    });
    // What it hears is looked at as it comes, and not kept.
    this.client.removeAllListeners('frame');
    this.client.on('error', () => {});
    this.client.on('frame', (frame) => this.#take(frame));
    this.client.on('end', () => this.client.socket.end());
    this.client.on('close', () => this.ended());
    const answered = new Promise((resolve) => this.client.on('head', (head) => resolve(this.#agree(head))));
    await this.rest(this.random(3));
    this.client.resume();
    await Promise.race([answered, this.over]);
  }

  #agree(head) {
    this.status = Number(head.split(' ')[1]);
    this.mode = agreedOf(head) || 'plain';
    this.isCompressed = this.mode.includes(NAME);
    if (!this.isCompressed) return;
    const of = (role) => ({
      takeover: !this.mode.includes(`${role}_no_context_takeover`),
      windowBits: Number(new RegExp(`${role}_max_window_bits=(\\d+)`).exec(this.mode)?.[1] ?? 15),
    });
    this.deflater = new Deflater(of('client'));
    this.inflater = new Inflater(of('server'));
  }

  #take({ fin, rsv, opcode, payload }) {
    if (this.saw !== null) this.strays.push(`opcode ${opcode} behind the close frame`);
    if (!fin) this.strays.push(`opcode ${opcode} without FIN`);
    if (opcode === TEXT || opcode === BINARY) {
      if (rsv === RSV1 && this.isCompressed) payload = this.inflater.inflate(payload);
      else if (rsv !== 0) this.strays.push(`RSV ${rsv}`);
      this.transcript.hear(opcode === TEXT ? payload.toString() : payload);
    } else if (opcode === PING) {
      this.transcript.hearPing(payload.toString());
      if (this.saw === null && this.#mayAnswer) this.client.socket.write(encode({ opcode: PONG, payload }));
    } else if (opcode === PONG) {
      this.transcript.hearPong(payload.toString());
    } else if (opcode === CLOSE) {
      this.saw = payload.length === 0 ? 1005 : payload.readUInt16BE(0);
      if (this.#mayAnswer) this.client.socket.write(encode({ opcode: CLOSE, payload }));
    } else {
      this.strays.push(`opcode ${opcode}`);
    }
  }

  /** Nothing may follow our close frame, and nothing should follow what is broken. */
  get #mayAnswer() {
    return this.began === null && this.fault === null && this.client.socket.writable;
  }

  /** A message in one frame, uncompressed. @returns {Buffer} */
  #plain() {
    const { data, id } = this.message();
    this.transcript.say(id);
    return encode({ opcode: typeof data === 'string' ? TEXT : BINARY, payload: data });
  }

  /** A message, compressed or not, in one frame or several with control frames between. */
  say() {
    const { random } = this;
    const { data, id } = this.message();
    const bytes = Buffer.from(data);
    const isCompressed = this.isCompressed && random(4) > 0;
    const payload = isCompressed ? this.deflater.compress(bytes, { level: random(4), last: random(10) === 0 }) : bytes;
    const fragments = 1 + (random(3) === 0 ? random(6) : 0);
    for (let i = 0, at = 0; i < fragments; i++) {
      const isLast = i === fragments - 1;
      const end = isLast ? payload.length : at + random(payload.length - at + 1);
      const opcode = i > 0 ? CONTINUATION : typeof data === 'string' ? TEXT : BINARY;
      if (isLast) this.transcript.say(id);
      this.#write(
        encode({ opcode, rsv: isCompressed && i === 0 ? RSV1 : 0, payload: payload.subarray(at, end), fin: isLast }),
      );
      at = end;
      if (!isLast && random(2) === 0) this.ping();
    }
  }

  ping() {
    this.#write(encode({ opcode: PING, payload: this.pinged() }));
  }

  /** At once, or in two writes. */
  #write(bytes) {
    const { socket } = this.client;
    const at = this.random(4) === 0 ? this.random(bytes.length) : 0;
    if (at > 0) socket.write(bytes.subarray(0, at));
    socket.write(bytes.subarray(at));
  }

  queued() {
    return this.client.socket.writableLength;
  }

  pause() {
    this.client.pause();
  }

  resume() {
    this.client.resume();
  }

  close(code, reason) {
    this.client.socket.write(encode({ opcode: CLOSE, payload: closePayload(code, reason) }));
  }

  /** Breaks a rule, then reads to the end. */
  async violate() {
    const possible = violationsOf(this.isCompressed);
    const { name, error, closeCode, bytes } = possible[this.random(possible.length)];
    this.err({ name, error, closeCode });
    this.client.socket.write(bytes(this.random));
  }

  /** Ends its side in the middle of a frame. */
  async halfFrame() {
    this.err({ name: 'half a frame, then FIN' });
    const frame = encode({ opcode: BINARY, payload: Buffer.alloc(1 + this.random(5000)) });
    this.client.socket.end(frame.subarray(0, 1 + this.random(frame.length - 1)));
  }

  /** Ends its side without a close frame. */
  async fin() {
    this.err({ name: 'FIN without a close frame' });
    this.client.socket.end();
  }

  /** Resets the connection, at once or behind something more. */
  async reset() {
    this.fault = { name: 'reset' };
    if (this.random(2) === 0) this.say();
    reset(this.client.socket, this.endpoint.where);
  }

  /** Says and hears nothing any more, until the server has had enough, or it leaves. */
  async deaf() {
    this.fault = { name: 'deaf and mute' };
    this.pause();
    await this.rest(
      choose(this.random, [
        [3, 1000],
        [1, 8000],
      ]),
    );
    this.client.destroy();
  }

  drop() {
    this.client.destroy();
  }
}

module.exports = { RawActor, offer };
