'use strict';

/** Pings stand in transcripts as the numbers from here down. */
const FIRST_PING = -10;

/**
 * What one end of a connection has sent and heard, as numbers, in order: messages, and pings among
 * them. Contents are compared as they come, and not kept.
 */
class Transcript {
  /**
   * @param {import('./content').Contents} contents
   * @param {string} peer whose messages it hears
   */
  constructor(contents, peer) {
    this.contents = contents;
    this.peer = peer;
    this.sent = [];
    this.received = [];
    this.bytesReceived = 0;
    this.corrupted = 0;
    this.wrongPongs = 0;
    this.pongs = 0;
    this.lastPong = -1;
    this.pings = new Set();
  }

  /** @param {number} id of a message, as `Contents.make` gives it */
  say(id) {
    this.sent.push(id);
  }

  /** @param {string | Buffer} data a message that has come */
  hear(data) {
    this.bytesReceived += data.length;
    const id = this.contents.idOf(data, this.peer);
    if (Number.isNaN(id)) this.corrupted++;
    else this.received.push(id);
  }

  /** @param {number} n of a ping that is being sent */
  ping(n) {
    this.sent.push(FIRST_PING - n);
    this.pings.add(n);
  }

  /** @param {string} payload of a ping that has come */
  hearPing(payload) {
    const n = numberOf(payload);
    if (Number.isNaN(n)) this.corrupted++;
    else this.received.push(FIRST_PING - n);
  }

  /**
   * A pong answers one of our pings, and a later one than the pong before: not each has to be
   * answered (RFC 6455 §5.5.3).
   *
   * @param {string} payload
   */
  hearPong(payload) {
    const n = numberOf(payload);
    this.pongs++;
    if (!this.pings.has(n) || n <= this.lastPong) this.wrongPongs++;
    this.lastPong = n;
  }

  /** @returns {object} what the model needs of it */
  get summary() {
    const { sent, received, bytesReceived, corrupted, wrongPongs, pongs } = this;
    return { sent, received, bytesReceived, corrupted, wrongPongs, pongs };
  }
}

/**
 * @param {(below: number) => number} random
 * @param {number} n
 * @returns {string} the payload of a ping, 125 bytes at most
 */
function pingPayload(random, n) {
  return `${n}:${'é'.repeat(random(50))}`;
}

/** @param {string} payload @returns {number} `NaN` where it is none of ours */
function numberOf(payload) {
  const [, n] = /^(\d+):é*$/.exec(payload) ?? [];
  return n === undefined ? NaN : Number(n);
}

module.exports = { FIRST_PING, Transcript, pingPayload };
