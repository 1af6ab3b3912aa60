'use strict';

// A run of the bench as charts: SVG files, each for a light and for a dark page.

const { mkdirSync, writeFileSync } = require('node:fs');
const path = require('node:path');
const { Samples } = require('../samples');
const SCENARIOS = require('../scenarios');
const { namesOf, rowsOf } = require('./rows');
const { bars, percentiles, scaling } = require('./specs');
const { THEMES } = require('./theme');

/**
 * A run, as `--json` writes it.
 *
 * @typedef {{ date: string, machine: string, rounds: number, seconds: number, samples: import('../samples').Sample[] }} Run
 */

/** The number of I/O threads in the name of a server of `--shards`; NaN in others. */
const threadsOf = (server) => Number(/^websockets\/(\d+)$/.exec(server)?.[1]);

/**
 * The charts of a run: those of which something was measured.
 *
 * @param {Run} run
 * @returns {{ name: string, spec: (colors: typeof THEMES.light) => object }[]}
 */
function chartsOf(run) {
  const samples = new Samples();
  samples.all = run.samples;
  const subtitle = [
    `${run.machine}, on ${run.date.slice(0, 10)}`,
    `medians of ${run.rounds} rounds of ${run.seconds} s, with their 95 % intervals`,
  ];
  const rows = (mode, ...metrics) => rowsOf(samples, SCENARIOS, mode, metrics);
  const memory = rows('shared', 'bytes').map((row) => ({
    ...row,
    value: row.value / 1024,
    low: row.low / 1024,
    high: row.high / 1024,
  }));
  const threads = rows('shared', 'rate')
    .map((row) => ({ ...row, threads: threadsOf(row.server) }))
    .filter((row) => row.threads > 0);
  const all = [
    ...namesOf(samples, 'mode').flatMap((mode) => [
      {
        name: `rate-${mode}`,
        rows: rows(mode, 'rate').filter((row) => !threadsOf(row.server)),
        draw: bars,
        title: `Messages a second (${mode}): more is better`,
        axis: 'a second',
        format: '.3~s',
      },
      {
        name: `cpu-${mode}`,
        rows: rows(mode, 'cpu').filter((row) => !threadsOf(row.server)),
        draw: bars,
        title: `CPU time of the process for a message (${mode}): less is better`,
        axis: 'µs',
        format: '.3~r',
      },
      {
        name: `js-cpu-${mode}`,
        rows: rows(mode, 'jsCpu').filter((row) => row.role !== 'limit' && !threadsOf(row.server)),
        draw: bars,
        title: `CPU time of the main thread for a message (${mode}): less is better`,
        axis: 'µs',
        format: '.3~r',
      },
      {
        name: `latency-${mode}`,
        rows: rows(mode, 'p50', 'p99', 'p999').filter((row) => !threadsOf(row.server)),
        draw: percentiles,
        title: `Latency (${mode}): less is better`,
      },
    ]),
    {
      name: 'memory',
      rows: memory,
      draw: bars,
      title: 'Memory of an idle connection: less is better',
      axis: 'KiB',
      format: '.3~r',
    },
    { name: 'threads', rows: threads, draw: scaling, title: 'Messages a second, by I/O threads' },
  ];
  return all
    .filter((chart) => chart.rows.length > 0)
    .map(({ name, rows: own, draw, ...how }) => ({
      name,
      spec: (colors) => draw(own, { subtitle, colors, ...how }),
    }));
}

/** What no program asks of a picture: it is said by the text of its `<img>`. A third of the file. */
const OF_PAGES = / (?:aria-[a-z]+|class|pointer-events|role)="[^"]*"/g;

/** @param {string} svg */
const plain = (svg) => svg.replace(OF_PAGES, '');

/**
 * Draws a run's charts into a folder, as `NAME.light.svg` and `NAME.dark.svg`.
 *
 * @param {Run} run
 * @param {string} folder made if it is not there
 * @returns {Promise<string[]>} the files
 */
async function draw(run, folder) {
  const [vega, { compile }] = await Promise.all([import('vega'), import('vega-lite')]);
  mkdirSync(folder, { recursive: true });
  const files = [];
  for (const { name, spec } of chartsOf(run)) {
    for (const [theme, colors] of Object.entries(THEMES)) {
      const view = new vega.View(vega.parse(compile(spec(colors)).spec), { renderer: 'none' });
      const file = path.join(folder, `${name}.${theme}.svg`);
      writeFileSync(file, `${plain(await view.toSVG())}\n`);
      view.finalize();
      files.push(file);
    }
  }
  return files;
}

module.exports = { draw };
