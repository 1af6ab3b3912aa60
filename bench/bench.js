'use strict';

// npm run bench -- [--scenario NAME,…] [--server NAME,…] [--mode shared,pinned] [--rounds N]
//                  [--seconds S] [--warmup S] [--shards 1,2,…] [--before FOLDER] [--threads N] [--json FILE]
//                  [--charts FOLDER] [--list]
// npm run bench -- --from FILE [--charts FOLDER]
//
// Runs scenarios × servers, interleaved, and prints what it has measured; or tells again of a run that was kept. See
// README.md.

const { readFileSync, writeFileSync } = require('node:fs');
const os = require('node:os');
const { parseArgs } = require('node:util');
const { draw } = require('./lib/charts/draw');
const { checkGenerator, makeCertificate, startServer } = require('./lib/child');
const { scenarioTable } = require('./lib/report');
const { MODES, run } = require('./lib/run');
const { Samples } = require('./lib/samples');
const SCENARIOS = require('./lib/scenarios');
const { namesOf } = require('./lib/charts/rows');
const { lineUp, takesPart } = require('./lib/servers');
const { changes, targets } = require('./lib/targets');

const several = { type: 'string', multiple: true, default: [] };
const OPTIONS = {
  scenario: several,
  server: several,
  mode: several,
  shards: several,
  rounds: { type: 'string', default: '9' },
  seconds: { type: 'string', default: '2' },
  warmup: { type: 'string', default: '0.5' },
  before: { type: 'string' },
  threads: { type: 'string', default: '1' },
  json: { type: 'string' },
  charts: { type: 'string' },
  from: { type: 'string' },
  list: { type: 'boolean', default: false },
};

/** Those of `all` that are named, in their own order; all where none is. */
function pick(all, names, what) {
  const wanted = names.flatMap((name) => name.split(','));
  const unknown = wanted.filter((name) => !all.some((one) => one.name === name));
  if (unknown.length > 0)
    throw new Error(`no ${what} ${unknown.join(', ')}; there are ${all.map(({ name }) => name).join(', ')}`);
  return wanted.length === 0 ? all : all.filter(({ name }) => wanted.includes(name));
}

/** @param {string} text */
function positive(text, what) {
  const value = Number(text);
  if (!(value > 0)) throw new Error(`--${what} wants a number above 0, not ${text}`);
  return value;
}

/** Those servers that start; says why the others are left out. */
async function available(servers) {
  const found = [];
  for (const server of servers) {
    try {
      const started = await startServer(server, {}, null);
      await started.stop();
      found.push(server);
    } catch (error) {
      console.log(`${server.name} is left out: ${error.message}`);
    }
  }
  return found;
}

/** `list`, beginning elsewhere in each round: nobody always comes after the same. */
function rotate(list, by) {
  const at = by % list.length;
  return [...list.slice(at), ...list.slice(0, at)];
}

/** Runs everything; a run that fails does not count, and is named at the end. */
async function measure({ scenarios, servers, modes, rounds, settings }) {
  const samples = new Samples();
  const failures = [];
  for (let round = 0; round < rounds; round += 1) {
    for (const scenario of scenarios) {
      for (const mode of modes) {
        const part = servers.filter((server) => takesPart(server, scenario));
        for (const server of part.length > 0 ? rotate(part, round) : []) {
          try {
            const values = await run(server, scenario, mode, settings);
            samples.add({ round, scenario: scenario.name, mode, server: server.name, values });
          } catch (error) {
            failures.push(`round ${round + 1}, ${scenario.name}, ${mode}, ${server.name}: ${error.message}`);
          }
        }
      }
      process.stderr.write(`round ${round + 1} of ${rounds}: ${scenario.name}\n`);
    }
  }
  return { samples, failures };
}

/**
 * A run, as it is kept.
 *
 * @typedef {{ date: string, machine: string, rounds: number, seconds: number, warmup: number, threads: number,
 *   samples: import('./lib/samples').Sample[], failures: string[] }} Run
 */

/** Measures what the command line asks for. @returns {Promise<Run>} */
async function measured(values, all) {
  checkGenerator();
  const scenarios = pick(SCENARIOS, values.scenario, 'scenario');
  const servers = await available(pick(all, values.server, 'server'));
  const modes = pick(
    Object.keys(MODES).map((name) => ({ name })),
    values.mode,
    'mode',
  ).map(({ name }) => name);
  const rounds = positive(values.rounds, 'rounds');
  const certificate = makeCertificate();
  const numbers = Object.fromEntries(
    ['seconds', 'warmup', 'threads'].map((name) => [name, positive(values[name], name)]),
  );
  const date = new Date().toISOString();
  try {
    const settings = { ...numbers, certificate };
    const { samples, failures } = await measure({ scenarios, servers, modes, rounds, settings });
    const machine = `${os.cpus().length} × ${os.cpus()[0].model}, ${os.type()} ${os.release()}, Node.js ${process.version}`;
    return { date, machine, rounds, ...numbers, samples: samples.all, failures };
  } finally {
    certificate.remove();
  }
}

/** Prints the tables of a run. @param {Run} run */
function tell({ machine, rounds, seconds, samples: all, failures }) {
  const samples = new Samples();
  samples.all = all;
  const servers = namesOf(samples, 'server');
  console.log(`\n${machine}; ${rounds} rounds of ${seconds} s\n`);
  for (const scenario of SCENARIOS) {
    for (const mode of Object.keys(MODES)) {
      const text = scenarioTable(samples, scenario, mode, servers);
      if (text) console.log(text);
    }
  }
  const aims = targets(samples);
  if (aims) console.log(`Targets\n\n${aims}\n`);
  const changed = changes(samples);
  if (changed) console.log(`This build ÷ the one before it\n\n${changed}\n`);
  if (failures.length > 0) {
    console.log(`Runs that do not count:\n\n${failures.map((text) => `- ${text}`).join('\n')}`);
  }
}

async function main() {
  const { values } = parseArgs({ options: OPTIONS });
  const shards = values.shards.flatMap((text) => text.split(',')).map((text) => positive(text, 'shards'));
  const all = lineUp(shards, values.before);
  if (values.list) {
    console.log(SCENARIOS.map(({ name, title }) => `${name.padEnd(18)} ${title}`).join('\n'));
    console.log(`\n${all.map(({ name }) => name).join('\n')}`);
    return;
  }
  /** @type {Run} */
  const run = values.from ? JSON.parse(readFileSync(values.from, 'utf8')) : await measured(values, all);
  tell(run);
  if (values.json) writeFileSync(values.json, `${JSON.stringify(run, null, 1)}\n`);
  if (values.charts) {
    const files = await draw(run, values.charts);
    console.log(files.length > 0 ? `Charts\n\n${files.join('\n')}` : 'nothing was measured that there is a chart of');
  }
  if (run.failures.length > 0) process.exitCode = 1;
}

main().catch((error) => {
  console.error(`bench: ${error.message}`);
  process.exitCode = 2;
});
