'use strict';

/**
 * The houses of one thread, and what they are told to do. The same in the process's main thread and in its
 * worker.
 */

const { keepActing } = require('./actions');
const { Contents } = require('./content');
const { sleep } = require('./choice');
const { held, stalls } = require('./memory');

/** ms that connections may take to end once their clients have. */
const PATIENCE = 60_000;

/**
 * @param {(message: object) => void} tell
 * @param {number} seed
 * @param {(context: object) => Promise<object>} openAll
 */
async function settleIn(tell, seed, openAll) {
  const context = { seed, contents: new Contents(seed), report: (record) => tell({ record }) };
  const { houses, listeners, endpoints } = await openAll(context);
  const complain = (problem) => tell({ problem });
  const stalled = stalls();
  return {
    endpoints,

    /** Begins to act. */
    start() {
      for (const house of houses) {
        house.acting = true;
        keepActing(house, complain);
      }
    },

    /** Acts no more, waits until all connections are over, and says what is left. */
    async settle() {
      for (const house of houses) house.acting = false;
      const until = Date.now() + PATIENCE;
      while (houses.some(({ records }) => records.size > 0) && Date.now() < until) await sleep(50);
      const figures = { opened: 0, leftOver: [], strays: 0, wrongStats: [] };
      for (const house of houses) {
        const { base, name, records, heard, said } = house;
        for (const { cid, began, error } of records.values())
          figures.leftOver.push(`${cid} on ${name}, began: ${began}, error: ${error}`);
        figures.strays += house.strays;
        const stats = base.stats();
        const due = {
          connections: 0,
          streams: 0,
          closing: 0,
          queuedBytes: 0,
          messagesReceived: heard,
          messagesSent: said,
        };
        for (const [key, value] of Object.entries(due)) {
          // A server of `ws` knows less of itself.
          if (key in stats && stats[key] !== value)
            figures.wrongStats.push(`${name}: ${key} is ${stats[key]}, not ${value}`);
        }
      }
      const { leaderChanges } = houses[0].base.stats();
      return { ...figures, leaderChanges, stalled: stalled(), ...(await held()) };
    },

    /** Stops listening; the thread ends by itself then. */
    async stop() {
      await Promise.all(houses.map((house) => house.stop()));
      await Promise.all(listeners.map((server) => new Promise((resolve) => server.close(resolve))));
    },
  };
}

module.exports = { settleIn };
