'use strict';

const path = require('node:path');
const { once } = require('node:events');
const { Worker } = require('node:worker_threads');
const { flood } = require('./flood');

/**
 * A worker thread with a server in it is flooded by clients, and terminated once each of them has read enough.
 *
 * @param {object} round
 * @param {number} round.clients
 * @param {Buffer} round.packet what they write, over and over
 * @param {number} round.enough bytes
 * @param {object} [round.workerData] for `worker-server.js`
 * @returns {Promise<number>} ms from its end until all clients had seen it
 */
async function terminateFlooded({ clients: count, packet, enough, workerData }) {
  const worker = new Worker(path.join(__dirname, 'fixtures', 'worker-server.js'), { workerData });
  const [{ port }] = await once(worker, 'message');
  const clients = Array.from({ length: count }, () => flood(port, packet));
  while (clients.some(({ read }) => read < enough)) await once(clients[0].socket, 'data');
  await worker.terminate();
  const start = process.hrtime.bigint();
  await Promise.all(clients.map(({ ended }) => ended));
  return Number((process.hrtime.bigint() - start) / 1_000_000n);
}

module.exports = { terminateFlooded };
