'use strict';

const { createHash } = require('node:crypto');
const { setTimeout } = require('node:timers/promises');
const { seeded } = require('../support/random');

/**
 * A source of choices of its own for each actor, so that what one chooses does not hang on when
 * another had its turn.
 *
 * @param {number} seed of the run
 * @param {string} name
 * @returns {(below: number) => number}
 */
function choicesOf(seed, name) {
  return seeded(createHash('sha256').update(`${seed}/${name}`).digest().readUInt32LE(0));
}

/**
 * @template T
 * @param {(below: number) => number} random
 * @param {[number, T][]} weighted
 * @returns {T} one of them, more often by its weight
 */
function choose(random, weighted) {
  let at = random(weighted.reduce((sum, [weight]) => sum + weight, 0));
  for (const [weight, value] of weighted) {
    at -= weight;
    if (at < 0) return value;
  }
  throw new Error('there is nothing to choose from');
}

/** A close code that an application may use, and a reason. */
function closing(random) {
  const code = [1000, 1001, 1011, 3000 + random(1000), 4000 + random(1000)][random(5)];
  return { code, reason: ['', 'bye', 'müde 漢字'][random(3)] };
}

/** @param {number} ms @returns {Promise<void>} */
const sleep = (ms) => setTimeout(ms);

/** The same as a limit, for which nobody is kept from ending. @param {number} ms @returns {Promise<void>} */
const limit = (ms) => setTimeout(ms, undefined, { ref: false });

/**
 * Ends a connection as badly as can be: by a reset, where the system has one for this kind.
 *
 * @param {import('node:net').Socket} socket
 * @param {{ path?: string }} where
 */
function reset(socket, where) {
  if (where.path === undefined) socket.resetAndDestroy();
  else socket.destroy();
}

module.exports = { choicesOf, choose, closing, limit, reset, sleep };
