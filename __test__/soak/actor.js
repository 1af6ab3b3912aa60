'use strict';

const { choicesOf, choose, closing, limit, sleep } = require('./choice');
const { Transcript, pingPayload } = require('./transcript');

/** ms that a connection may take to end, once its client has done all it will do. */
const PATIENCE = 60_000;
/** How much a client lets wait in its own queue. */
const ENOUGH = 1 << 20;

/**
 * A client with a life: it connects, does this and that, and ends well or badly. Subclasses say how
 * it is done.
 *
 * They set `saw` to the code of the server's close frame, and call `ended()` when the connection is over.
 */
class Actor {
  /**
   * @param {string} cid its name: that of the process, and a number
   * @param {{ house: string, name: string, where: object, path: string }} endpoint
   * @param {{ seed: number, contents: import('./content').Contents, sender: string, nextId: () => number, isStopping: () => boolean }} context
   */
  constructor(cid, endpoint, context) {
    this.cid = cid;
    this.endpoint = endpoint;
    this.context = context;
    this.random = choicesOf(context.seed, `client ${cid}`);
    this.transcript = new Transcript(context.contents, endpoint.house);
    this.status = 0;
    this.saw = null;
    this.fault = null;
    this.began = null;
    this.beganAt = 0;
    this.closingMs = 0;
    this.ending = null;
    this.strays = [];
    this.isOver = false;
    this.over = new Promise((resolve) => (this.resolveOver = resolve));
  }

  /** What is asked for. */
  get target() {
    return `${this.endpoint.path}?c=${this.cid}`;
  }

  /** Whether it can still say something. */
  get canSpeak() {
    return !this.isOver && this.saw === null;
  }

  ended() {
    this.isOver = true;
    if (this.beganAt > 0) this.closingMs = Date.now() - this.beganAt;
    this.resolveOver();
  }

  /** A message that is about to leave. */
  message() {
    const { contents, nextId, sender } = this.context;
    return contents.make(this.random, sender, nextId());
  }

  /** A ping that is about to leave. @returns {string} its payload */
  pinged() {
    const n = this.context.nextId();
    this.transcript.ping(n);
    return pingPayload(this.random, n);
  }

  /** @param {number} ms, or less, where the connection ends before */
  async rest(ms) {
    await Promise.race([sleep(ms), this.over]);
  }

  /** Waits while much is queued. */
  async whileFull() {
    while (this.canSpeak && this.queued() > ENOUGH) await this.rest(20);
  }

  async #step() {
    await choose(this.random, [
      [60, () => this.say()],
      [8, () => this.ping()],
      [15, () => this.rest(this.random(30))],
      [4, () => this.stall(this.random(8) === 0 ? 500 + this.random(2500) : this.random(200))],
      [3, () => this.pauseAndResume()],
    ])();
    await this.whileFull();
  }

  /** Reads nothing for a moment, more than once. */
  async pauseAndResume() {
    for (let i = 1 + this.random(5); i > 0; i--) await this.stall(this.random(10));
  }

  async stall(ms) {
    this.pause();
    await this.rest(ms);
    this.resume();
  }

  /** Does wrong; from now on the end is due. @param {object} fault */
  err(fault) {
    this.fault = fault;
    this.beganAt = Date.now();
  }

  /** Closes as it should be done. */
  async well() {
    const { code, reason } = closing(this.random);
    this.began = { code, reason };
    this.beganAt = Date.now();
    this.close(code, reason);
  }

  /** Leaves the end to the server, for some seconds. */
  async patient() {
    const until = Date.now() + 500 + this.random(4000);
    while (this.canSpeak && Date.now() < until && !this.context.isStopping()) await this.rest(100);
    if (this.canSpeak) await this.well();
  }

  /** From the handshake to the end. @returns {Promise<object>} the record */
  async live() {
    await this.open();
    if (this.status === 101) {
      // Few have much to say.
      for (
        let left = this.random(1 << (1 + this.random(8)));
        left > 0 && this.canSpeak && !this.context.isStopping();
        left--
      )
        await this.#step();
      this.ending = choose(this.random, this.endings);
      if (this.canSpeak) await this[this.ending]();
      else this.ending = 'server';
      await Promise.race([this.over, limit(PATIENCE)]);
    }
    const hung = this.status === 101 && !this.isOver;
    this.drop();
    const { cid, endpoint, status, saw, fault, began, ending, closingMs, strays, transcript } = this;
    return {
      side: 'client',
      cid,
      kind: this.kind,
      endpoint: endpoint.name,
      mode: this.mode,
      status,
      saw,
      fault,
      began,
      ending,
      closingMs,
      strays,
      hung,
      ...transcript.summary,
    };
  }
}

module.exports = { Actor };
