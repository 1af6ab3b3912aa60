'use strict';

const nodeTest = require('node:test');
const { Duplex, Stream } = require('node:stream');
const { Base } = require('../..');
const { Inbox } = require('./inbox');
const { FrameReader, TEXT, encode } = require('./frames');

/** A hang is a failure; no test is near this on a slow machine, though others run beside it. */
const limit = { timeout: 60_000 };

/**
 * A test of streams that nothing of the system is behind: they do not keep the event loop running.
 *
 * @param {string} name
 * @param {(t: import('node:test').TestContext) => unknown} body
 */
function test(name, body) {
  nodeTest.test(name, limit, async (t) => {
    const awake = setInterval(() => {}, 60_000);
    const sleep = () => clearInterval(awake);
    t.signal.addEventListener('abort', sleep);
    try {
      await body(t);
    } finally {
      sleep();
    }
  });
}

const EVENTS = ['open', 'message', 'binary', 'ping', 'pong', 'close', 'drain', 'error'];

/**
 * @param {import('../..').Base} base
 * @returns {Inbox} all that it emits
 */
function listen(base) {
  return new Inbox(base, EVENTS);
}

/** An old-style stream as a test mock-up has it: `write`, `end`, `setTimeout`, and `'data'`. */
class OldStream extends Stream {
  constructor() {
    super();
    this.readable = this.writable = true;
    this.reader = new FrameReader();
    this.inbox = new Inbox(this, ['frame', 'ended']);
  }

  write(chunk) {
    for (const frame of this.reader.push(chunk)) this.emit('frame', frame);
    return true;
  }

  end() {
    this.emit('ended');
  }

  setTimeout() {
    return this;
  }

  /** The peer says this. */
  say(frame) {
    this.emit('data', encode({ mask: false, ...frame }));
  }

  text(payload) {
    this.say({ opcode: TEXT, payload });
  }

  /** @returns {object[]} the frames that were written */
  get frames() {
    return this.inbox.list('frame').map(([frame]) => frame);
  }

  /** @returns {string[]} their payloads */
  get texts() {
    return this.frames.map(({ payload }) => payload.toString());
  }
}

/** One that is its own peer: what is written comes back before `write` returns. */
class LoopBack extends OldStream {
  write(chunk) {
    super.write(chunk);
    this.emit('data', chunk);
    return true;
  }
}

/**
 * One end of a pair of Duplexes: what is written to one can be read from the other.
 */
class PairEnd extends Duplex {
  /** @type {PairEnd} */
  other;

  _read() {
    const { taken } = this;
    this.taken = undefined; // the next write may come at once
    taken?.();
  }

  _write(chunk, _encoding, done) {
    this.other.push(chunk);
    if (this.other.readableLength < this.other.readableHighWaterMark) done();
    else this.other.taken = done;
  }

  _final(done) {
    this.other.push(null);
    done();
  }

  _destroy(error, done) {
    if (!this.other.destroyed && !this.other.readableEnded) this.other.push(null);
    done(error);
  }
}

/** @returns {[PairEnd, PairEnd]} */
function pair(options) {
  const [one, two] = [new PairEnd(options), new PairEnd(options)];
  [one.other, two.other] = [two, one];
  return [one, two];
}

/** A Duplex of which a test says when a write is done. */
class Slow extends Duplex {
  constructor({ writableHighWaterMark } = {}) {
    super({ writableHighWaterMark, read() {}, allowHalfOpen: true });
    this.pending = [];
    this.calls = [];
    this.got = [];
    this.reader = new FrameReader();
  }

  _write(chunk, _encoding, done) {
    this.calls.push(1);
    this.take([chunk], done);
  }

  _writev(chunks, done) {
    this.calls.push(chunks.length);
    this.take(
      chunks.map(({ chunk }) => chunk),
      done,
    );
  }

  take(chunks, done) {
    this.pending.push(done);
    for (const chunk of chunks) this.got.push(...this.reader.push(chunk).map(({ payload }) => payload.toString()));
  }

  /** Ends the write under way. */
  release() {
    this.pending.shift()();
  }
}

/** @returns {object} a `Base`, what it emits, and the stream it was given */
function assigned(stream, options, assignOptions) {
  const base = new Base(options);
  const events = listen(base);
  const sid = base.assignSocket(stream, assignOptions);
  return { base, events, sid, stream };
}

module.exports = { LoopBack, OldStream, Slow, assigned, listen, pair, test };
