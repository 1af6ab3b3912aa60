'use strict';

const { Base } = require('../base/base.js');
const { follow } = require('../base/follow.js');
const { checkNamedBases } = require('../base/named-bases.js');
const { integer, object } = require('../options/check.js');
const { checkNames } = require('../options/names.js');
const { clearInterval, setInterval, wallTime } = require('../util/clock.js');
const { invalidType } = require('../util/errors.js');
const { ProcessFigures } = require('./process-figures.js');
const { Watch } = require('./watch.js');

/** @typedef {{ figures: ProcessFigures, timer: NodeJS.Timeout, latest: string | null }} Looking `latest` is as JSON */

/** What all viewers subscribe to. */
const TOPIC = 'samples';

const checkInterval = integer(100, 2 ** 31 - 1);

/** Watches some Bases, and sends samples to viewers while there are any. */
class Monitor {
  #viewers;
  #interval;
  /** @type {Map<object, Watch>} */
  #watches;
  #unfollow;
  /** Who is connected. @type {Set<string>} */
  #sids = new Set();
  /** While somebody looks. @type {Looking | null} */
  #looking = null;

  /**
   * @param {import('../../index').Server} viewers
   * @param {Record<string, import('../../index').Base>} bases
   * @param {number} interval ms
   */
  constructor(viewers, bases, interval) {
    this.#viewers = viewers;
    this.#interval = interval;
    this.#watches = new Map(Object.entries(bases).map(([name, base]) => [base, new Watch(name, base)]));
    for (const sid of viewers.socketsHistory) this.#came(sid);
    viewers.on('open', this.#came);
    viewers.on('close', this.#went);
    this.#unfollow = follow(this.#watches, {
      opened: (watch) => watch.opened(),
      closed: (watch, { code }) => watch.closed(code),
      failed: (watch, { error, sid, connection }) => watch.failed(error, sid, connection),
    });
  }

  close() {
    this.#viewers.off('open', this.#came);
    this.#viewers.off('close', this.#went);
    this.#unfollow();
    this.#viewers.unsubscribe([...this.#sids], TOPIC);
    this.#rest();
  }

  /** Somebody looks. @param {string} sid */
  #came = (sid) => {
    this.#sids.add(sid);
    this.#viewers.subscribe(sid, TOPIC);
    if (this.#looking === null) this.#look();
    else if (this.#looking.latest !== null) this.#viewers.send(sid, this.#looking.latest);
  };

  /** @param {string} _reason @param {string} sid */
  #went = (_reason, sid) => {
    this.#sids.delete(sid);
    if (this.#sids.size === 0) this.#rest();
  };

  /** Begins to take samples: the first has the rates of one interval. */
  #look() {
    for (const watch of this.#watches.values()) watch.begin();
    const figures = new ProcessFigures(); // what may fail comes before there is a timer
    const timer = setInterval(() => this.#take(), this.#interval);
    timer.unref();
    this.#looking = { figures, timer, latest: null };
  }

  /** Nobody looks any more. */
  #rest() {
    if (this.#looking === null) return;
    clearInterval(this.#looking.timer);
    this.#looking.figures.close();
    this.#looking = null;
  }

  /** Takes a sample, and sends it. A viewer that does not keep up misses some. */
  #take() {
    const looking = /** @type {Looking} */ (this.#looking);
    const { seconds, figures } = looking.figures.take();
    /** @type {import('../../monitor').Sample} */
    const sample = {
      version: 1,
      time: Math.round(wallTime()),
      seconds,
      process: figures,
      bases: [...this.#watches.values()].map((watch) => watch.take(seconds)),
    };
    looking.latest = JSON.stringify(sample);
    this.#viewers.publish(TOPIC, looking.latest, { volatile: true, local: true });
  }
}

/**
 * Sends samples of what some Bases do to everybody who is connected to `viewers`.
 *
 * @param {import('../../index').Server} viewers
 * @param {Record<string, import('../../index').Base>} bases by the names that they have in a sample
 * @param {import('../../monitor').MonitorOptions} [options]
 * @returns {Monitor}
 * @throws {TypeError | RangeError} naming what is wrong
 */
function monitor(viewers, bases, options = {}) {
  if (!(viewers instanceof Base)) throw invalidType('The "viewers" argument', 'a Server', viewers);
  checkNamedBases(bases);
  const given = object('The "options" argument', options);
  checkNames('monitor', given, ['interval'], {});
  return new Monitor(viewers, bases, checkInterval('The "interval" option', given.interval ?? 1000));
}

module.exports = { monitor };
