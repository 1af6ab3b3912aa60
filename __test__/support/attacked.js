'use strict';

const { run } = require('./child');
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
 * @param {number} count
 * @returns {Promise<Told>}
 */
async function attack(t, { at }, kind, count) {
  const attackers = new Told(run(t, 'attackers.js', [at, JSON.stringify(kind), count]));
  await attackers.says('attack');
  return attackers;
}

module.exports = { attack, attacked };
