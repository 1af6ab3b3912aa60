'use strict';

const { eventLoopUtilization, monitorEventLoopDelay, now } = require('../util/clock.js');

/** How often, in ms, the delay of the event loop is looked at: what is measured has this much in it. */
const RESOLUTION = 10;

/** What the process costs, from one look to the next. */
class ProcessFigures {
  #delay = monitorEventLoopDelay({ resolution: RESOLUTION });
  #at = now();
  #cpu = process.cpuUsage();
  #loop = eventLoopUtilization();

  constructor() {
    this.#delay.enable();
  }

  /** @returns {{ seconds: number, figures: import('../../monitor').ProcessSample }} since the last call */
  take() {
    const at = now();
    const seconds = (at - this.#at) / 1000;
    const { user, system } = process.cpuUsage(this.#cpu);
    const loop = eventLoopUtilization();
    const { rss, heapUsed } = process.memoryUsage();
    const figures = {
      pid: process.pid,
      version: process.version,
      uptime: process.uptime(),
      cpu: (user + system) / 1e6 / seconds,
      memory: rss,
      heapUsed,
      loopUtilization: eventLoopUtilization(loop, this.#loop).utilization,
      loopDelay: Math.max(0, this.#delay.max / 1e6 - RESOLUTION),
    };
    this.#at = at;
    this.#cpu = process.cpuUsage();
    this.#loop = loop;
    this.#delay.reset();
    return { seconds, figures };
  }

  /** Looks no more. */
  close() {
    this.#delay.disable();
  }
}

module.exports = { ProcessFigures };
