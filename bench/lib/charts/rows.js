'use strict';

// What the charts show: medians of the rounds with their 95 % intervals, a row for each server in each scenario.

const { interval, median } = require('../statistics');

/** Who has made which bar. @param {string} server @returns {'own' | 'peer' | 'limit'} */
function roleOf(server) {
  if (server === 'raw-epoll') return 'limit';
  return server === 'ws-entry' || server.startsWith('websockets') ? 'own' : 'peer';
}

/** The names that occur in samples, in the order in which they come first. */
function namesOf(samples, key) {
  return [...new Set(samples.all.map((sample) => sample[key]))];
}

/**
 * @typedef {{ scenario: string, title: string, server: string, role: string, metric: string, value: number, low: number,
 *   high: number }} Row
 */

/**
 * @param {import('../samples').Samples} samples
 * @param {import('../scenarios')} scenarios
 * @param {string} mode
 * @param {string[]} metrics
 * @returns {Row[]} none of what was not measured
 */
function rowsOf(samples, scenarios, mode, metrics) {
  return scenarios.flatMap(({ name: scenario, title }) =>
    namesOf(samples, 'server').flatMap((server) =>
      metrics.flatMap((metric) => {
        const values = samples.of({ scenario, mode, server }, metric);
        if (values.length === 0) return [];
        const [low, high] = interval(values);
        return [{ scenario, title, server, role: roleOf(server), metric, value: median(values), low, high }];
      }),
    ),
  );
}

module.exports = { namesOf, rowsOf };
