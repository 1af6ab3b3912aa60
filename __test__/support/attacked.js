'use strict';

const { setTimeout: sleep } = require('node:timers/promises');
const { run } = require('./child');
const { TEXT, encode } = require('./frames');
const { RawClient } = require('./raw-client');
const { Told } = require('./told');
const { selfSigned } = require('./certificate');

/** What is to be attacked runs on one I/O thread, whatever the machine has. */
const ONE_THREAD = { WEBSOCKETS_IO_THREADS: '1' };

/**
 * A server in a process of its own.
 *
 * @param {import('node:test').TestContext} t
 * @param {object} options of `fixtures/attacked-server.js`
 * @param {string[]} [flags] of Node.js
 * @returns {Promise<Told & { at: object }>}
 */
async function attacked(t, options, flags = []) {
  const pair = options.transport === 'tls' ? selfSigned() : undefined;
  const server = new Told(run(t, 'attacked-server.js', [{ ...options, pair }], { env: ONE_THREAD, flags }));
  const [at] = await server.says('at');
  return Object.assign(server, { at: pair ? { ...at, ca: pair.cert, servername: 'localhost' } : at });
}

/**
 * Peers in a process of their own, which are at it by the time this resolves.
 *
 * @param {import('node:test').TestContext} t
 * @param {{ at: object }} server
 * @param {string} kind of `fixtures/attackers.js`
 * @param {number} [count]
 * @param {number} [times] how often each says it; forever by default
 * @returns {Promise<Told>}
 */
async function attack(t, { at }, kind, count = 1, times) {
  const attackers = new Told(run(t, 'attackers.js', [at, JSON.stringify(kind), count, ...(times ? [times] : [])]));
  await attackers.says('attack');
  return attackers;
}

/** ms between two questions of an innocent peer; how long it waits for the last answers. */
const EVERY = 20;
const PATIENCE = 10_000;

/** A peer that asks every now and then, and notes how long each answer takes. */
class Innocent {
  /** @param {{ at: object }} server */
  constructor({ at }) {
    this.asked = [];
    this.latencies = [];
    this.client = new RawClient(at);
    this.client.on('frame', () => this.latencies.push(performance.now() - this.asked[this.latencies.length]));
  }

  /** Asks, once. */
  ask() {
    this.client.socket.write(encode({ opcode: TEXT, payload: `t${this.asked.length}` }));
    this.asked.push(performance.now());
  }

  /** @param {number} ms how long it is to wait @returns {Promise<void>} until all is answered, or that long */
  async answered(ms) {
    const isLate = AbortSignal.timeout(ms);
    while (this.latencies.length < this.asked.length && !isLate.aborted) await sleep(1);
  }

  /**
   * @param {number} ms
   * @returns {Promise<number[]>} what the answers to questions of so long took; `Infinity` for those that did not come
   */
  async listen(ms) {
    const from = this.asked.length;
    for (const until = performance.now() + ms; performance.now() < until; await sleep(EVERY)) this.ask();
    await this.answered(PATIENCE);
    return this.asked.slice(from).map((_, i) => this.latencies[from + i] ?? Infinity);
  }
}

/** @param {number[]} values @param {number} part 0 to 1 @returns {number} */
function quantile(values, part) {
  return [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * part))];
}

module.exports = { Innocent, attack, attacked, quantile };
