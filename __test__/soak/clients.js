'use strict';

// A client process: `fork`ed. As many actors as it is told, one life after another.

const { once } = require('node:events');
const { Contents } = require('./content');
const { OwnActor, OwnClients } = require('./own-actor');
const { PasserBy } = require('./passer-by');
const { RawActor } = require('./raw-actor');
const { EntryActor, WsActor } = require('./ws-actor');
const { choicesOf, choose } = require('./choice');
const { stalls } = require('./memory');

const KINDS = [
  [45, RawActor],
  [20, WsActor],
  [20, EntryActor],
  [25, OwnActor],
  [8, PasserBy],
];

async function main() {
  const [{ seed, sender, actors, endpoints }] = await once(process, 'message');
  let lives = 0;
  let ids = 0;
  let stopping = true;
  let done;
  const own = new OwnClients(seed, sender);
  const stalled = stalls();
  const context = { seed, sender, own, contents: new Contents(seed), nextId: () => ids++, isStopping: () => stopping };

  /** One place, which is never empty. */
  async function place() {
    while (!stopping) {
      const cid = `${sender}${lives++}`;
      const random = choicesOf(seed, `life ${cid}`);
      const Kind = choose(random, KINDS);
      const endpoint = endpoints[random(endpoints.length)];
      const record = await new Kind(cid, endpoint, context).live();
      process.send({ record });
    }
  }

  const orders = {
    start() {
      stopping = false;
      done = Promise.all(Array.from({ length: actors }, place));
      return null;
    },
    async stop() {
      stopping = true;
      await done;
      return { strays: own.strays, leftOver: own.actors.size, stalled: stalled() };
    },
    end() {
      process.disconnect();
    },
  };
  process.on('message', async (order) => {
    const answer = await orders[order]();
    if (answer !== undefined) process.send({ answer });
  });
  process.send({ answer: null });
}

main();
