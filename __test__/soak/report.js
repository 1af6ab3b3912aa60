'use strict';

const MiB = 1 << 20;
/**
 * How much more the server's process may hold after the last round than after the first, when all
 * connections are over. Allocators keep what they once had, so that a round with more at a time leaves
 * more behind; a leak of a few KiB for each connection is more than this in an hour.
 */
const RSS_GROWTH = 64 * MiB;
/** The same of what V8 counts, which garbage collection gives back for certain. */
const HEAP_GROWTH = 8 * MiB;
/** Of how many wrongs the story is told. */
const STORIES = 30;

/** What the ledger finds, which must not be. */
const KINDS = [
  'lost',
  'duplicated',
  'reordered',
  'foreign',
  'corrupted',
  'pongs',
  'close code',
  'error',
  'life-cycle',
  'hung',
  'handshake',
  'drain',
];

const inMiB = (bytes) => `${(bytes / MiB).toFixed(1)} MiB`;

/** Figures and checks. A check is one thing that holds for all connections of one round. */
class Report {
  /** @param {string} replay the command that makes the same choices */
  constructor(replay) {
    this.replay = replay;
    this.passed = 0;
    this.failed = [];
    this.stories = 0;
    /** The first line of what is wrong, with its story. @type {string | undefined} */
    this.first = undefined;
    this.before = {};
    this.states = [];
    this.peak = 0;
    this.leaderChanges = 0;
  }

  /** @param {string} line */
  wrong(line) {
    this.first ??= line;
    if (this.stories++ < STORIES) console.log(`${new Date().toISOString().slice(11, 19)} ${line}`);
  }

  /** @param {string} what @param {boolean} holds @param {string} [why] */
  check(what, holds, why = '') {
    if (holds) this.passed++;
    else this.failed.push(`${what}${why && `: ${why}`}`);
  }

  /**
   * @param {number} round 0 is the warm-up
   * @param {import('./ledger').Ledger} ledger
   * @param {{ threads: object[], peak: number }} state of the server
   * @param {{ strays: number, leftOver: number, stalled: number }[]} ends of the clients
   */
  round(round, ledger, { threads, peak }, ends) {
    const name = round === 0 ? 'warm-up' : `round ${round}`;
    for (const kind of KINDS) {
      const found = ledger.found[kind] ?? 0;
      this.check(`${name}, ${kind}`, found === (this.before[kind] ?? 0), `${found - (this.before[kind] ?? 0)}`);
      this.before[kind] = found;
    }
    const leftOver = threads.flatMap((thread) => thread.leftOver);
    const wrongStats = threads.flatMap((thread) => thread.wrongStats);
    const strays = [...threads, ...ends].reduce((sum, end) => sum + end.strays, 0);
    this.check(`${name}, connections without an end`, leftOver.length === 0, leftOver.slice(0, 5).join('; '));
    this.check(`${name}, stats()`, wrongStats.length === 0, wrongStats.join('; '));
    this.check(`${name}, events of no connection`, strays === 0, String(strays));
    this.check(
      `${name}, clients without an end`,
      ends.every((end) => end.leftOver === 0),
    );
    this.peak = peak;
    const [{ rss, descriptors, leaderChanges }] = threads;
    this.leaderChanges = leaderChanges;
    const heap = threads.reduce((sum, thread) => sum + thread.heap, 0);
    const handles = threads.reduce((sum, thread) => sum + thread.handles, 0);
    this.states.push({ rss, heap, descriptors, handles });
    const stalled = (all) => `${(Math.max(...all.map((one) => one.stalled)) / 1000).toFixed(1)} s`;
    console.log(
      `${name}: ${ledger.totals.connections} connections so far, RSS ${inMiB(rss)}, heap ${inMiB(heap)}, ${descriptors} descriptors, ${handles} handles; the server stood still for ${stalled(threads)} at most, clients for ${stalled(ends)}`,
    );
  }

  /** @param {string} script @param {unknown} code @param {string} lastWords */
  exited(script, code, lastWords) {
    this.check(`${script} ends by itself`, code === 0, `${code}; ${lastWords}`);
  }

  /** What has been held since the start has been given back. */
  #plateau() {
    const [start, first] = this.states;
    const last = this.states.at(-1);
    if (first === undefined) return;
    this.check(
      'descriptors at the end',
      last.descriptors <= start.descriptors,
      `${last.descriptors}, ${start.descriptors} at the start`,
    );
    this.check('handles at the end', last.handles <= start.handles, `${last.handles}, ${start.handles} at the start`);
    this.check(
      'RSS at the end',
      last.rss <= first.rss + RSS_GROWTH,
      `${inMiB(last.rss)}, ${inMiB(first.rss)} after the first round`,
    );
    this.check(
      'heap at the end',
      last.heap <= first.heap + HEAP_GROWTH,
      `${inMiB(last.heap)}, ${inMiB(first.heap)} after the first round`,
    );
    console.log(`RSS             start ${inMiB(start.rss)}, peak ${inMiB(this.peak)}, end ${inMiB(last.rss)}`);
    console.log(`heap            start ${inMiB(start.heap)}, end ${inMiB(last.heap)}`);
    console.log(
      `descriptors     start ${start.descriptors}, end ${last.descriptors}; handles: start ${start.handles}, end ${last.handles}`,
    );
  }

  /** @param {import('./ledger').Ledger} ledger @returns {boolean} whether all is well */
  print({ totals, faults, ends, modes, found }) {
    const listed = (counts) =>
      Object.entries(counts)
        .sort()
        .map(([name, count]) => `${name} ${count}`)
        .join(', ');
    const injected = Object.values(faults).reduce((sum, count) => sum + count, 0);
    console.log(`\nconnections     ${totals.connections}, ended by: ${listed(ends)}; ${totals.refused} never opened`);
    console.log(
      `messages        to the server ${totals.toServer} (${inMiB(totals.bytesToServer)}), to clients ${totals.toClient} (${inMiB(totals.bytesToClient)}), pings among them; pongs ${totals.pongs}`,
    );
    console.log(`compression     ${modes.size} ways to agree or not to, by kind of client`);
    console.log(`faults          ${injected}: ${listed(faults)}`);
    for (const kind of KINDS) console.log(`${kind.padEnd(16)}${found[kind] ?? 0}`);
    console.log(`behind a fault  ${totals.tails} not delivered, which is allowed`);
    console.log(`close events    ${totals.closes}`);
    console.log(`leader          changed ${this.leaderChanges} times`);
    this.#plateau();
    for (const what of this.failed) console.log(`FAILED  ${what}`);
    // Again, for who sees nothing but the end; in one line, as those who sum up look at lines.
    if (this.first !== undefined) console.log(`FAILED  first ${this.first.replaceAll(/\s*\n\s*/g, ' | ')}`);
    if (this.failed.length > 0) console.log(`the same choices again: ${this.replay}`);
    console.log(`${this.passed} passed, ${this.failed.length} failed`);
    return this.failed.length === 0;
  }
}

module.exports = { Report };
