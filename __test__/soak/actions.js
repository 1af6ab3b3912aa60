'use strict';

const { choose } = require('./choice');

/** Past this the streaming waits for `drain`. */
const ENOUGH = 256 << 10;
/** Peers that are this far behind are mostly spared, or all would end by back-pressure. */
const BEHIND = 768 << 10;

/** What connections subscribe to. */
const TOPICS = ['a', 'b', 'c'];

/** Some of the open connections. */
function some({ random, open }) {
  const first = random(open.length);
  return open.slice(first, first + 1 + random(4));
}

/** Nobody ever wakes this thread. */
const ASLEEP = new Int32Array(new SharedArrayBuffer(4));

/**
 * Keeps this thread from doing anything else, as an app may.
 *
 * @param {(below: number) => number} random
 */
function stall(random) {
  Atomics.wait(ASLEEP, 0, 0, random(10) === 0 ? 300 : 1 + random(30));
}

/**
 * Sends a lot to one peer, and waits for `drain` whenever much is queued.
 *
 * @param {import('./house').House} house
 * @param {object} record
 * @param {(problem: string) => void} complain
 */
async function stream(house, record, complain) {
  if (record.drained !== null) return;
  const { base, random } = house;
  const isOpen = () => base.sockets[record.sid] !== undefined;
  for (let left = 5 + random(40); left > 0 && isOpen(); left--) {
    house.send([record], { most: 64 << 10 });
    if (base.bufferedAmount(record.sid) < ENOUGH) continue;
    await new Promise((resolve) => {
      let emptyFor = 0;
      const watch = setInterval(() => {
        emptyFor = isOpen() && base.bufferedAmount(record.sid) === 0 ? emptyFor + 1 : 0;
        if (emptyFor < 10) return;
        complain(`no drain on ${record.cid} (${house.name}, ${record.transport}), though nothing is queued for 10 s`);
        record.drained();
      }, 1000);
      record.drained = () => {
        clearInterval(watch);
        record.drained = null;
        resolve();
      };
    });
  }
}

/**
 * One thing that an app does at any time, of those that hit one, several or all.
 *
 * @param {import('./house').House} house
 * @param {(problem: string) => void} complain
 */
function act(house, complain) {
  const { base, random } = house;
  const { open } = house;
  if (open.length === 0) return;
  const one = open[random(open.length)];
  const topic = TOPICS[random(TOPICS.length)];
  const spared = base.bufferedAmount(one.sid) < BEHIND || random(20) === 0 ? [one] : [];
  choose(random, [
    [400, () => spared.forEach((record) => house.send([record]))],
    [
      60,
      () =>
        house.send(
          some(house).filter(({ sid }) => base.bufferedAmount(sid) < BEHIND),
          { most: 32 << 10 },
        ),
    ],
    [40, () => house.send([], { toAll: true, most: 4 << 10 })],
    [2, () => house.send([], { toAll: true, most: 128 << 10 })],
    [10, () => house.send([], { toAll: true, most: 4 << 10, except: some(house) })],
    // The API of `ws` has none.
    [house.hasTopics ? 40 : 0, () => house.subscribe(some(house), topic, true)],
    [house.hasTopics ? 15 : 0, () => house.subscribe(some(house), topic, false)],
    [house.hasTopics ? 40 : 0, () => house.publish(topic, random(2) === 0 ? [] : some(house), 4 << 10)],
    [30, () => house.ping([one])],
    [10, () => house.ping(some(house))],
    [10, () => house.ping([], { toAll: true })],
    [12, () => house.close([one])],
    [1, () => house.close(some(house))],
    [6, () => house.terminate([one])],
    [20, () => house.rest(one)],
    [12, () => stream(house, one, complain)],
    [2, () => house.limit()],
    [house.renew ? 2 : 0, () => house.renew()],
    [2, () => stall(random)],
  ])();
}

/**
 * Acts until `house.acting` is no more.
 *
 * @param {import('./house').House} house
 * @param {(problem: string) => void} complain
 */
function keepActing(house, complain) {
  if (!house.acting) return;
  for (let i = 1 + house.random(4); i > 0; i--) act(house, complain);
  setTimeout(keepActing, house.random(20), house, complain);
}

module.exports = { keepActing };
