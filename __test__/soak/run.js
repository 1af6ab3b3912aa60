'use strict';

// node __test__/soak/run.js [--minutes N] [--seed S] [--clients N] [--leader NAME]
//
// Random clients against a random server; README.md has what is checked. The same seed makes the same
// choices; when which of them has its turn is the machine's.

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { fork } = require('node:child_process');
const { once } = require('node:events');
const { parseArgs } = require('node:util');
const { selfSigned } = require('../support/certificate');
const { limit, sleep } = require('./choice');
const { Ledger } = require('./ledger');
const { Report } = require('./report');

/** After each of them all connections end, and what the server still has is measured. */
const ROUNDS = 4;
/** Before the first measuring: each kind of connection has been there. */
const WARM_UP = 3000;
/** ms for a process to do what it is told. */
const PATIENCE = 150_000;
/** Characters of a process's stderr that are told with its end. */
const LAST_WORDS = 2000;

/** A process that does as it is told, one order after another. */
class Crew {
  /** @param {string} script @param {Ledger} ledger */
  constructor(script, ledger) {
    this.script = script;
    const stdio = ['ignore', 'inherit', 'pipe', 'ipc'];
    this.process = fork(path.join(__dirname, script), { execArgv: ['--expose-gc'], stdio });
    /** What it said of itself last, which is why it ended, if it did before its time. */
    this.said = '';
    this.process.stderr.setEncoding('utf8').on('data', (text) => {
      process.stderr.write(text);
      this.said = (this.said + text).slice(-LAST_WORDS);
    });
    this.exited = once(this.process, 'close').then(([code, signal]) => code ?? signal);
    this.process.on('message', ({ record, problem, answer }) => {
      if (record) ledger.add(record);
      else if (problem) ledger.complain('drain', problem);
      else this.answered(answer);
    });
    this.exited.then((how) => {
      this.ended = new Error(`${script} has ended: ${how}; ${this.lastWords}`);
      this.failed?.(this.ended);
    });
  }

  /** In one line. */
  get lastWords() {
    return this.said.trim().replaceAll(/\s*\n\s*/g, ' | ');
  }

  /** @param {unknown} order @returns {Promise<any>} its answer */
  ask(order) {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`${this.script} did not answer to ${order}`)), PATIENCE);
      this.answered = (answer) => {
        clearTimeout(timer);
        this.failed = null;
        resolve(answer);
      };
      this.failed = (error) => {
        clearTimeout(timer);
        reject(error);
      };
      if (this.ended) reject(this.ended);
      else this.process.send(order, (error) => error && this.failed?.(error));
    });
  }
}

/** @returns {{ minutes: number, seed: number, clients: number, leader?: string }} */
function settings() {
  const type = 'string';
  const { values } = parseArgs({ options: { minutes: { type }, seed: { type }, clients: { type }, leader: { type } } });
  const { leader, minutes = '1', seed = String(Math.floor(Math.random() * 2 ** 31)), clients = '40' } = values;
  const numbers = { minutes: Number(minutes), seed: Number(seed), clients: Number(clients) };
  if (!(numbers.minutes > 0) || !Number.isInteger(numbers.seed) || !(numbers.clients >= 1))
    throw new Error('--minutes, --seed and --clients are numbers');
  return { ...numbers, leader };
}

async function main() {
  const { minutes, seed, clients, leader } = settings();
  const replay = `node __test__/soak/run.js --minutes ${minutes} --seed ${seed} --clients ${clients}${leader ? ` --leader ${leader}` : ''}`;
  // The processes have it of this one.
  if (leader) process.env.WEBSOCKETS_LEADER = leader;
  console.log(`soak of ${minutes} min, seed ${seed}: ${replay}`);
  const report = new Report(replay);
  const ledger = new Ledger((line) => report.wrong(line));
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'soak-'));
  const server = new Crew('server.js', ledger);
  const crowds = ['x', 'y'].map((sender) => ({ sender, crew: new Crew('clients.js', ledger) }));
  const all = [server, ...crowds.map(({ crew }) => crew)];
  try {
    const setup = { ...selfSigned(), unix: path.join(folder, 'socket') };
    // Nobody leads where another thread has connections, too.
    const endpoints = await server.ask({ seed, setup, isAlone: leader !== undefined });
    await Promise.all(crowds.map(({ crew, sender }) => crew.ask({ seed, sender, actors: clients, endpoints })));

    const until = Date.now() + minutes * 60_000;
    for (let round = 0; round <= ROUNDS; round++) {
      await server.ask('start');
      await Promise.all(crowds.map(({ crew }) => crew.ask('start')));
      await sleep(round === 0 ? WARM_UP : Math.max(1000, (until - Date.now()) / (ROUNDS - round + 1)));
      const ends = await Promise.all(crowds.map(({ crew }) => crew.ask('stop')));
      const state = await server.ask('settle');
      await sleep(100); // records of other processes may come behind
      ledger.settle();
      report.round(round, ledger, state, ends);
    }
    await server.ask('stop');
    crowds.forEach(({ crew }) => crew.process.send('end'));
    for (const crew of all) {
      const how = await Promise.race([crew.exited, limit(20_000).then(() => 'no end')]);
      report.exited(crew.script, how, crew.lastWords);
    }
  } catch (error) {
    report.check('the run itself', false, error.stack);
  } finally {
    for (const { process: child } of all) child.kill('SIGKILL');
    fs.rmSync(folder, { recursive: true, force: true });
  }
  if (leader && leader !== 'thread') report.check('the lead changes', report.leaderChanges > 0);
  process.exitCode = report.print(ledger) ? 0 : 1;
}

main();
