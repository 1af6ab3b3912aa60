'use strict';

// What the runs have measured, and pairs of it: two servers in the same round, scenario and mode.

const { median } = require('./statistics');

/**
 * @typedef {{ round: number, scenario: string, mode: string, server: string,
 *   values: Record<string, number> }} Sample
 */

class Samples {
  /** @type {Sample[]} */
  all = [];

  /** @param {Sample} sample */
  add(sample) {
    this.all.push(sample);
  }

  /** One metric of one server, by round. @returns {Map<number, number>} */
  byRound({ scenario, mode, server }, metric) {
    const of = this.all.filter(
      (sample) =>
        sample.scenario === scenario && sample.mode === mode && sample.server === server && metric in sample.values,
    );
    return new Map(of.map(({ round, values }) => [round, values[metric]]));
  }

  /** @returns {number[]} one metric of one server */
  of(where, metric) {
    return [...this.byRound(where, metric).values()];
  }

  /** @returns {number[]} of each round in which both were measured, the one by the other */
  ratios(where, server, peer, metric) {
    const theirs = this.byRound({ ...where, server: peer }, metric);
    return [...this.byRound({ ...where, server }, metric)]
      .filter(([round]) => theirs.has(round))
      .map(([round, value]) => value / theirs.get(round));
  }

  /** @returns {string | undefined} the one of several whose median is best */
  best(where, servers, metric, sense) {
    const medians = servers
      .map((server) => ({ server, value: median(this.of({ ...where, server }, metric)) }))
      .filter(({ value }) => !Number.isNaN(value))
      .sort((a, b) => (sense === '≥' ? b.value - a.value : a.value - b.value));
    return medians[0]?.server;
  }
}

module.exports = { Samples };
