'use strict';

const assert = require('node:assert/strict');
const { run } = require('./child');
const { inMiB } = require('./memory');
const { Told } = require('./told');

/** What the suite runs over. */
const TRANSPORTS = ['socket', 'stream', 'tls'];

/**
 * A process of clients.
 *
 * @param {import('node:test').TestContext} t
 * @param {object} at as `TestServer` has it
 * @param {object} [deflate] of `Inflater`, where permessage-deflate is agreed upon
 * @returns {Promise<Told>}
 */
async function pressing(t, at, deflate) {
  const clients = new Told(run(t, 'pressing-clients.js', [at, ...(deflate ? [deflate] : [])]));
  await clients.says('ready');
  return clients;
}

/**
 * A server in a process of its own, the memory of which is measured, and a process of clients.
 *
 * @param {import('node:test').TestContext} t
 * @param {object} options of `TestServer`, as far as JSON has them, and of `fixtures/pressed-server.js`
 * @param {object} [deflate] of `Inflater`, where permessage-deflate is agreed upon
 * @returns {Promise<{ server: Told, clients: Told }>}
 */
async function pressed(t, options, deflate) {
  const server = new Told(run(t, 'pressed-server.js', [options]));
  const [at] = await server.says('at');
  return { server, clients: await pressing(t, at, deflate) };
}

/**
 * Asks a server what has happened; its memory has to be within a bound.
 *
 * @param {import('node:test').TestContext} t
 * @param {Told} server
 * @param {number} bound bytes more than when it was told to measure
 * @returns {Promise<object>}
 */
async function reportWithin(t, server, bound) {
  const [report] = await server.ask('report');
  const grown = report.peak - report.before;
  t.diagnostic(`${inMiB(grown)} more than before, bound ${inMiB(bound)}`);
  assert.ok(grown <= bound, `${inMiB(grown)} more than before`);
  return report;
}

module.exports = { TRANSPORTS, pressed, pressing, reportWithin };
