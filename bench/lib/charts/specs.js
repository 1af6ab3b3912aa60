'use strict';

// The charts, as Vega-Lite has them.

const { config } = require('./theme');

const WIDTH = 420;
const STEP = 22;

/** @typedef {import('./rows').Row} Row */
/** @typedef {typeof import('./theme').THEMES.light} Colors */

/** @param {Colors} colors */
const byRole = (colors) => ({
  field: 'role',
  type: 'nominal',
  legend: null,
  scale: { domain: ['own', 'peer', 'limit'], range: [colors.own, colors.peer, colors.limit] },
});

const SERVER = { field: 'server', type: 'nominal', title: null, sort: null };

/**
 * A small chart for each scenario, one below the other, each with a scale of its own.
 *
 * @param {Row[]} rows
 * @param {(rows: Row[]) => object[]} layers of one of them
 * @param {{ title: string, subtitle: string[], colors: Colors }} how
 */
function each(rows, layers, { title, subtitle, colors }) {
  const titles = [...new Set(rows.map((row) => row.title))];
  return {
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    title: { text: title, subtitle, offset: 16 },
    config: config(colors),
    spacing: 22,
    vconcat: titles.map((text) => {
      const own = rows.filter((row) => row.title === text);
      return {
        title: { text, fontSize: 13 },
        width: WIDTH,
        height: { step: STEP },
        data: { values: own },
        layer: layers(own),
      };
    }),
  };
}

/**
 * Bars with the interval of each, and its figure.
 *
 * @param {Row[]} rows
 * @param {{ title: string, subtitle: string[], axis: string, format: string, colors: Colors }} how
 */
function bars(rows, { axis, format, ...how }) {
  const { colors } = how;
  const x = { field: 'value', type: 'quantitative', title: axis, axis: { format, tickCount: 5 } };
  return each(
    rows,
    () => [
      { mark: { type: 'bar', height: 13, cornerRadiusEnd: 2 }, encoding: { y: SERVER, x, color: byRole(colors) } },
      {
        mark: { type: 'rule', strokeWidth: 1.5, color: colors.text },
        encoding: { y: SERVER, x: { field: 'low', type: 'quantitative' }, x2: { field: 'high' } },
      },
      {
        mark: { type: 'text', align: 'left', dx: 6, color: colors.text, fontSize: 11 },
        encoding: { y: SERVER, x: { field: 'high', type: 'quantitative' }, text: { field: 'value', format } },
      },
    ],
    how,
  );
}

/**
 * Latency: the percentiles of each server on one line, on a logarithmic scale.
 *
 * @param {Row[]} rows
 * @param {{ title: string, subtitle: string[], colors: Colors }} how
 */
function percentiles(rows, how) {
  const { colors } = how;
  const x = {
    field: 'value',
    type: 'quantitative',
    scale: { type: 'log', nice: false },
    title: 'µs',
    axis: { format: '~s' },
  };
  const shape = {
    field: 'percentile',
    type: 'nominal',
    title: null,
    sort: null,
    scale: { domain: ['p50', 'p99', 'p99.9'], range: ['circle', 'diamond', 'triangle-right'] },
  };
  return each(
    rows.map((row) => ({ ...row, percentile: row.metric === 'p999' ? 'p99.9' : row.metric })),
    () => [
      {
        mark: { type: 'line', strokeWidth: 1.5 },
        encoding: { y: SERVER, x, detail: { field: 'server' }, color: byRole(colors) },
      },
      {
        mark: { type: 'point', filled: true, size: 70, opacity: 1 },
        encoding: { y: SERVER, x, shape, color: byRole(colors) },
      },
    ],
    how,
  );
}

/**
 * A line over the number of I/O threads.
 *
 * @param {(Row & { threads: number })[]} rows
 * @param {{ title: string, subtitle: string[], colors: Colors }} how
 */
function scaling(rows, how) {
  const { colors } = how;
  const x = { field: 'threads', type: 'ordinal', title: 'I/O threads', axis: { labelAngle: 0 } };
  const y = { field: 'value', type: 'quantitative', title: 'messages a second', axis: { format: '~s' } };
  const chart = each(
    rows,
    () => [
      { mark: { type: 'line', color: colors.own, point: { color: colors.own, filled: true } }, encoding: { x, y } },
      {
        mark: { type: 'rule', strokeWidth: 1.5, color: colors.own },
        encoding: { x, y: { field: 'low', type: 'quantitative' }, y2: { field: 'high' } },
      },
    ],
    how,
  );
  for (const one of chart.vconcat) one.height = 160;
  return chart;
}

module.exports = { bars, percentiles, scaling };
