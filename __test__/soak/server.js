'use strict';

// The server process: `fork`ed, told what to do by messages. Its worker has a house of its own.

const path = require('node:path');
const { Worker } = require('node:worker_threads');
const { once } = require('node:events');
const { openHouses } = require('./endpoints');
const { settleIn } = require('./resident');

const tell = (message) => process.send(message);

/** ms in which a process ends that nothing keeps alive. */
const LONG = 10_000;

/** Something keeps us alive: whoever reads what we said last is to know what. */
function tellWhatIsLeft() {
  const { libuv } = /** @type {any} */ (process.report.getReport());
  const left = libuv.filter((handle) => handle.is_active && handle.is_referenced);
  console.error(`still alive: ${JSON.stringify(left)}; ${process.getActiveResourcesInfo().join()}`);
}

async function main() {
  const [{ seed, setup, isAlone }] = await once(process, 'message');
  const worker = new Worker(path.join(__dirname, 'worker.js'), { workerData: { seed } });
  worker.on('message', (message) =>
    message.answer === undefined ? tell(message) : worker.emit('answer', message.answer),
  );
  const ended = once(worker, 'exit');
  const ask = async (order) => {
    worker.postMessage(order);
    return (await once(worker, 'answer'))[0];
  };
  const [theirs] = await once(worker, 'answer');
  const own = await settleIn(tell, seed, (context) => openHouses(setup, context));

  const orders = {
    async start() {
      own.start();
      return ask('start');
    },
    async settle() {
      const inWorker = await ask('settle');
      const here = await own.settle();
      return { threads: [here, inWorker], peak: process.resourceUsage().maxRSS * 1024 };
    },
    async stop() {
      await Promise.all([own.stop(), ask('stop')]);
      await ended;
      // Nothing but the channel to our parent may keep us alive.
      process.nextTick(() => process.disconnect());
      setTimeout(tellWhatIsLeft, LONG).unref();
      return null;
    },
  };
  process.on('message', async (order) => tell({ answer: await orders[order]() }));
  tell({ answer: isAlone ? own.endpoints : [...own.endpoints, ...theirs] });
}

main();
