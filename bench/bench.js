'use strict';

// npm run bench -- [--scenario NAME,…] [--server NAME,…] [--mode shared,pinned] [--rounds N]
//                  [--seconds S] [--warmup S] [--shards 1,2,…] [--before FOLDER] [--threads N] [--json FILE] [--list]
//
// Runs scenarios × servers, interleaved, and prints what it has measured. See README.md.

const { writeFileSync } = require('node:fs');
const os = require('node:os');
const { parseArgs } = require('node:util');
const { checkGenerator, makeCertificate, startServer } = require('./lib/child');
const { scenarioTable } = require('./lib/report');
const { MODES, run } = require('./lib/run');
const { Samples } = require('./lib/samples');
const SCENARIOS = require('./lib/scenarios');
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

async function main() {
  const { values } = parseArgs({ options: OPTIONS });
  const shards = values.shards.flatMap((text) => text.split(',')).map((text) => positive(text, 'shards'));
  const all = lineUp(shards, values.before);
  if (values.list) {
    console.log(SCENARIOS.map(({ name, title }) => `${name.padEnd(18)} ${title}`).join('\n'));
    console.log(`\n${all.map(({ name }) => name).join('\n')}`);
    return;
  }
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
  const numbers = ['seconds', 'warmup', 'threads'].map((name) => [name, positive(values[name], name)]);
  const settings = { ...Object.fromEntries(numbers), certificate };
  let result;
  try {
    result = await measure({ scenarios, servers, modes, rounds, settings });
  } finally {
    certificate.remove();
  }
  const { samples, failures } = result;
  const machine = `${os.cpus().length} × ${os.cpus()[0].model}, ${os.type()} ${os.release()}, Node.js ${process.version}`;
  console.log(`\n${machine}; ${rounds} rounds of ${values.seconds} s\n`);
  for (const scenario of scenarios) {
    for (const mode of modes) {
      const text = scenarioTable(
        samples,
        scenario,
        mode,
        servers.map(({ name }) => name),
      );
      if (text) console.log(text);
    }
  }
  const aims = targets(samples);
  if (aims) console.log(`Targets\n\n${aims}\n`);
  const changed = changes(samples);
  if (changed) console.log(`This build ÷ the one before it\n\n${changed}\n`);
  if (values.json) {
    const { seconds, warmup, threads } = settings;
    const whole = { machine, rounds, seconds, warmup, threads, samples: samples.all, failures };
    writeFileSync(values.json, `${JSON.stringify(whole, null, 1)}\n`);
  }
  if (failures.length > 0) {
    console.log(`Runs that do not count:\n\n${failures.map((text) => `- ${text}`).join('\n')}`);
    process.exitCode = 1;
  }
}

main().catch((error) => {
  console.error(`bench: ${error.message}`);
  process.exitCode = 2;
});
