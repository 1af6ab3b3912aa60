'use strict';

const { EventEmitter } = require('node:events');
const { dial } = require('./dial');
const { Inbox } = require('./inbox');
const { CLOSE, TEXT, FrameReader, closePayload, encode } = require('./frames');

const KEY = 'dGhlIHNhbXBsZSBub25jZQ==';

/**
 * A client that does nothing by itself, neither pong nor close frame, and sends any bytes it is
 * told to. All it does is to end its side when the peer has ended.
 * Events: `head` (the HTTP response head), `frame`, `end`, `close`, `error`.
 */
class RawClient extends EventEmitter {
  /**
   * @param {import('node:net').NetConnectOpts} where with a `ca`, it speaks TLS
   * @param {object} [options]
   * @param {string} [options.path]
   * @param {string[]} [options.headers] more header lines
   * @param {Buffer} [options.head] bytes to send in the same write as the upgrade request
   * @param {boolean} [options.paused] read nothing until `resume()`
   * @param {boolean} [options.upgrade] `false`: no HTTP at all, frames from the first byte on
   * @param {boolean} [options.halfOpen] do not end our side when the peer has ended its own
   */
  constructor(
    where,
    { path = '/', headers = [], head = Buffer.alloc(0), paused = false, upgrade = true, halfOpen = false } = {},
  ) {
    super();
    this.inbox = new Inbox(this, ['head', 'frame', 'end', 'close', 'error']);
    this.reader = new FrameReader();
    this.upgraded = !upgrade;
    this.pending = [];
    this.searched = '';
    this.socket = dial(where, { halfOpen });
    this.socket.setNoDelay(true);
    this.socket.on('error', (error) => this.emit('error', error));
    this.socket.on('end', () => this.emit('end'));
    this.socket.on('close', () => this.emit('close'));
    if (upgrade) {
      const request =
        `GET ${path} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
        `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${KEY}\r\n${headers.map((line) => `${line}\r\n`).join('')}\r\n`;
      this.socket.write(Buffer.concat([Buffer.from(request), head]));
    }
    if (!paused) this.resume();
  }

  /** Starts reading. */
  resume() {
    if (!this.reading) this.socket.on('data', (chunk) => this.take(chunk));
    this.reading = true;
    this.socket.resume();
  }

  /** Stops reading. */
  pause() {
    this.socket.pause();
  }

  take(chunk) {
    if (!this.upgraded) {
      this.pending.push(chunk);
      this.searched = this.searched.slice(-3) + chunk.toString('latin1');
      const at = this.searched.indexOf('\r\n\r\n');
      if (at < 0) return;
      const behind = this.searched.length - at - 4;
      const all = Buffer.concat(this.pending);
      chunk = all.subarray(all.length - behind);
      this.upgraded = true;
      this.emit('head', all.toString('latin1', 0, all.length - behind - 4));
    }
    if (chunk.length > 0) for (const frame of this.reader.push(chunk)) this.emit('frame', frame);
  }

  /**
   * @param {Buffer} bytes
   * @returns {Promise<void>} once the kernel has them
   */
  write(bytes) {
    return new Promise((resolve, reject) => {
      this.socket.write(bytes, (error) => (error ? reject(error) : resolve()));
    });
  }

  /** @param {object} frame as `encode` takes it */
  send(frame) {
    return this.write(encode(frame));
  }

  /** @param {string} payload */
  text(payload) {
    return this.send({ opcode: TEXT, payload });
  }

  /**
   * @param {number} code
   * @param {string} [reason]
   */
  close(code, reason) {
    return this.send({ opcode: CLOSE, payload: closePayload(code, reason) });
  }

  /** @returns {Promise<object>} the next frame; rejected if the connection is closed before that */
  async frame() {
    return (await this.inbox.nextBefore('frame', 'close'))[0];
  }

  /** @returns {Promise<string>} the payload of the next frame */
  async said() {
    return (await this.frame()).payload.toString();
  }

  /** @returns {Promise<{code: number, reason: string}>} what the next frame, a close frame, says */
  async closeFrame() {
    const { opcode, payload } = await this.frame();
    if (opcode !== CLOSE) throw new Error(`a close frame was due, not opcode ${opcode}`);
    return payload.length === 0
      ? { code: 1005, reason: '' }
      : { code: payload.readUInt16BE(0), reason: payload.toString('utf8', 2) };
  }

  /** @returns {object[]} all frames so far */
  get frames() {
    return this.inbox.list('frame').map(([frame]) => frame);
  }

  /** Resolves once the peer has ended or reset the connection. */
  async ended() {
    await this.inbox.until(() => ['end', 'close', 'error'].some((name) => this.inbox.list(name).length > 0));
  }

  destroy() {
    this.socket.destroy();
  }
}

module.exports = { KEY, RawClient };
