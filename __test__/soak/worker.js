'use strict';

// The worker of the server process.

const { parentPort, workerData } = require('node:worker_threads');
const { openWorkerHouse } = require('./endpoints');
const { settleIn } = require('./resident');

const tell = (message) => parentPort.postMessage(message);

async function main() {
  const own = await settleIn(tell, workerData.seed, openWorkerHouse);
  parentPort.on('message', async (order) => {
    tell({ answer: (await own[order]()) ?? null });
    if (order === 'stop') parentPort.unref();
  });
  tell({ answer: own.endpoints });
}

main();
