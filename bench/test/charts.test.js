'use strict';

const assert = require('node:assert/strict');
const { mkdtempSync, readFileSync, rmSync } = require('node:fs');
const { tmpdir } = require('node:os');
const path = require('node:path');
const { after, test } = require('node:test');
const { draw } = require('../lib/charts/draw');

const folder = mkdtempSync(path.join(tmpdir(), 'charts-'));
after(() => rmSync(folder, { recursive: true }));

/** A run of three rounds: what each server gave in a scenario. */
function runOf(samples) {
  return {
    date: '2026-01-02T03:04:05.000Z',
    machine: 'a machine',
    rounds: 3,
    seconds: 1,
    samples: [0, 1, 2].flatMap((round) => samples.map((sample) => ({ round, mode: 'shared', ...sample }))),
  };
}

/** The texts of an SVG file. @param {string} file */
const textsOf = (file) =>
  [...readFileSync(file, 'utf8').matchAll(/<(?:text|tspan)[^>]*>([^<]+)</g)].map(([, text]) => text);

test('a run has a chart of each thing that was measured, for light and for dark pages, with its machine and date', async () => {
  const files = await draw(
    runOf([
      {
        scenario: 'echo-64x1',
        server: 'websockets',
        values: { rate: 200_000, cpu: 4, jsCpu: 1, p50: 100, p99: 300, p999: 900 },
      },
      {
        scenario: 'echo-64x1',
        server: 'raw-epoll',
        values: { rate: 300_000, cpu: 2, jsCpu: 2, p50: 90, p99: 200, p999: 400 },
      },
      { scenario: 'idle', server: 'websockets', values: { bytes: 2048 } },
    ]),
    folder,
  );
  const names = files.map((file) => path.basename(file));
  const charts = ['rate-shared', 'cpu-shared', 'js-cpu-shared', 'latency-shared', 'memory'];
  assert.deepEqual(
    names,
    charts.flatMap((name) => [`${name}.light.svg`, `${name}.dark.svg`]),
  );
  const [rate] = files;
  const texts = textsOf(rate);
  for (const text of ['a machine, on 2026-01-02', 'websockets', 'raw-epoll', '200k', '300k']) {
    assert.ok(texts.includes(text), `${text} in ${texts.join('; ')}`);
  }
  const light = readFileSync(rate, 'utf8');
  assert.notEqual(light, readFileSync(files[1], 'utf8'), 'the themes differ');
  assert.ok(textsOf(files.at(-1)).includes('2'), 'KiB');
  assert.ok(!textsOf(files[4]).includes('raw-epoll'), 'the main thread of a server without one is not compared');
});

test('the runs with several numbers of I/O threads become a line', async () => {
  const own = (threads, rate) => ({ scenario: 'echo-64x1', server: `websockets/${threads}`, values: { rate } });
  const files = await draw(runOf([own(1, 100_000), own(2, 180_000)]), folder);
  assert.deepEqual(
    files.map((file) => path.basename(file)),
    ['threads.light.svg', 'threads.dark.svg'],
  );
  assert.ok(textsOf(files[0]).includes('I/O threads'));
});

test('what was not measured has no chart', async () => {
  assert.deepEqual(await draw(runOf([]), folder), []);
});
