'use strict';

// What is printed at the end: a table for each scenario and mode.

const { median } = require('./statistics');
const { figure, table } = require('./table');

const RATES = [
  ['cpu', 'CPU µs'],
  ['jsCpu', 'JS thread µs'],
  ['p50', 'p50 µs'],
  ['p99', 'p99 µs'],
  ['p999', 'p99.9 µs'],
  ['rss', 'RSS MB'],
];

/** `median (least–most)` */
function spread(values) {
  return `${figure(median(values))} (${figure(Math.min(...values))}–${figure(Math.max(...values))})`;
}

/** A column that only some scenarios have. */
function extra(scenario) {
  if (scenario.load.scenario === 'broadcast') return [['jsCpuBroadcast', 'JS µs / broadcast']];
  if (scenario.load.scenario === 'topics') return [['jsCpuBroadcast', 'JS µs / publish']];
  return scenario.needs === 'deflate' ? [['bytesBack', 'bytes back']] : [];
}

/**
 * @param {import('./samples').Samples} samples
 * @param {import('./scenarios')[number]} scenario
 * @param {string} mode
 * @param {string[]} servers in their order; ratios are to the first
 * @returns {string}
 */
function scenarioTable(samples, scenario, mode, servers) {
  const where = { scenario: scenario.name, mode };
  const idle = scenario.load.scenario === 'idle';
  const main = idle ? 'bytes' : 'rate';
  const columns = idle
    ? [
        ['first', 'of those before'],
        ['rss', 'RSS MB'],
      ]
    : [...RATES, ...extra(scenario)];
  const measured = servers.filter((server) => samples.of({ ...where, server }, main).length > 0);
  const rows = measured.map((server) => {
    const of = (metric) => samples.of({ ...where, server }, metric);
    const ratios = samples.ratios(where, measured[0], server, main);
    const rest = columns.map(([metric]) => figure(median(of(metric)) / (metric === 'rss' ? 1e6 : 1)));
    return [server, spread(of(main)), figure(median(ratios)), ...rest];
  });
  if (rows.length === 0) return '';
  const head = ['server', idle ? 'bytes / connection' : 'per second', `${measured[0]} ÷ it`];
  const others = measured.flatMap((server) => samples.of({ ...where, server }, 'others'));
  const noise = idle ? '' : `; others took ${figure(median(others))} cores, at most ${figure(Math.max(...others))}`;
  return `${scenario.title}: ${mode}${noise}\n\n${table([...head, ...columns.map(([, name]) => name)], rows)}\n`;
}

module.exports = { scenarioTable };
