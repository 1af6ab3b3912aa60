'use strict';

const { EventEmitter } = require('node:events');
const { performance } = require('node:perf_hooks');

const INTERVAL = 5000;

/**
 * Measures round-trip times. A page cannot send a ping frame, so the server does: the frame carries
 * the time it was sent at, the peer's pong brings that back (RFC 6455 §5.5.3).
 *
 * Emits `rtt (sid, ms, asked)`: `asked` says that it was measured on demand, not by the clock.
 */
class Pinger extends EventEmitter {
  /** sid → what was sent last, until its pong is here. @type {Map<string, { sent: string, asked: boolean }>} */
  #waiting = new Map();
  #base;
  #timer;

  /** @param {import('websockets').Base} base */
  constructor(base) {
    super();
    this.#base = base;
    this.#timer = setInterval(() => this.#round(), INTERVAL);
    base.on('pong', (text, sid) => this.#pong(text, sid));
    base.on('close', (reason, sid) => this.#waiting.delete(sid));
  }

  /**
   * @param {string} sid
   * @param {boolean} asked
   */
  ping(sid, asked = false) {
    const sent = String(performance.now());
    this.#waiting.set(sid, { sent, asked: asked || this.#waiting.get(sid)?.asked === true });
    this.#base.ping(sid, sent);
  }

  /** Pings whoever has answered the last one: a slow peer is not made to look a fast one. */
  #round() {
    for (const sid of this.#base.socketsHistory) {
      if (!this.#waiting.has(sid)) this.ping(sid);
    }
  }

  /** Only the pong to our last ping counts: a peer may send any it likes. */
  #pong(text, sid) {
    const { sent, asked } = this.#waiting.get(sid) ?? {};
    if (text !== sent) return;
    this.#waiting.delete(sid);
    this.emit('rtt', sid, performance.now() - Number(sent), asked);
  }

  stop() {
    clearInterval(this.#timer);
  }
}

module.exports = Pinger;
