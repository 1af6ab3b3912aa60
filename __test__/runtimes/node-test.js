'use strict';

// As much of node:test as the suite uses. Bun and Deno have a node:test of their own, Node 18 an old
// one, and each runs tests and tells of them in another way; with this one they differ only in what is
// tested. Tests run one after another, in the order in which they are declared.

/** How long a test may take that sets no limit itself, in ms. */
const LIMIT = 300_000;

/** What a test's function gets. */
class Context {
  #afters = [];
  #abort = new AbortController();
  /** Whether the test has said that there is nothing to be tested here. */
  isSkipped = false;

  constructor(name) {
    this.name = name;
    this.signal = this.#abort.signal;
    this.mock = {
      method: (object, key, implementation) => {
        const own = Object.getOwnPropertyDescriptor(object, key);
        Object.defineProperty(object, key, { value: implementation, configurable: true, writable: true });
        this.after(() => (own === undefined ? delete object[key] : Object.defineProperty(object, key, own)));
      },
    };
  }

  after(hook) {
    this.#afters.push(hook);
  }

  diagnostic() {}

  skip() {
    this.isSkipped = true;
  }

  /** What waits for the end of the test ends. */
  abort() {
    this.#abort.abort();
  }

  /** Runs the hooks: all of them, even if one throws. */
  async cleanUp() {
    let failed;
    for (const hook of this.#afters.splice(0)) {
      try {
        await hook(this);
      } catch (error) {
        failed ??= { error };
      }
    }
    if (failed) throw failed.error;
  }
}

/** A file's tests, or a `describe` in it. */
class Suite {
  /** @type {(() => Promise<void>)[]} */
  steps = [];
  befores = [];
  afters = [];

  /** @param {string} prefix of the names of its tests */
  constructor(prefix) {
    this.prefix = prefix;
  }
}

let current = new Suite('');
const file = current;
/** @type {(error: unknown) => void} of the test that is running */
let uncaught = () => {};

process.on('uncaughtException', (error) => uncaught(error));
process.on('unhandledRejection', (error) => uncaught(error));

/** @returns {[options: { timeout?: number, skip?: unknown, todo?: unknown }, body: Function]} */
const parse = (rest) => (typeof rest[0] === 'function' ? [{}, rest[0]] : [rest[0] ?? {}, rest[1]]);

function describe(title, ...rest) {
  const [{ skip }, body] = parse(rest);
  const outer = current;
  const suite = new Suite(`${outer.prefix}${title} > `);
  current = suite;
  body();
  current = outer;
  if (!skip) outer.steps.push((report) => runSuite(suite, report));
}

function test(title, ...rest) {
  const [options, body] = parse(rest);
  const name = current.prefix + title;
  current.steps.push((report) => runTest(name, options, body, report));
}

const before = (hook) => current.befores.push(hook);
const after = (hook) => current.afters.push(hook);

/**
 * @typedef {object} Report what becomes of a test
 * @property {(name: string, limit: number) => number} begin it begins, and says how long it may take, in ms; how long it
 *   gets
 * @property {(name: string, outcome: 'passed' | 'failed' | 'skipped', error?: unknown) => void} end
 */

/** @param {Suite} suite @param {Report} report */
async function runSuite(suite, report) {
  for (const hook of suite.befores) await hook();
  for (const step of suite.steps) await step(report);
  for (const hook of suite.afters) await hook();
}

/** @param {Report} report */
async function runTest(name, { timeout = LIMIT, skip }, body, report) {
  const limit = report.begin(name, timeout);
  if (skip) {
    report.end(name, 'skipped');
    return;
  }
  const context = new Context(name);
  let timer;
  const cut = new Promise((_resolve, reject) => {
    uncaught = reject;
    timer = setTimeout(() => reject(new Error(`not done after ${limit} ms`)), limit);
  });
  cut.catch(() => {}); // an uncaught exception between the end of the body and that of the hooks
  try {
    try {
      await Promise.race([body.length > 1 ? calledBack(body, context) : body(context), cut]);
    } finally {
      context.abort();
      await Promise.race([context.cleanUp(), cut]);
    }
    await Promise.race([new Promise(setImmediate), cut]);
    report.end(name, context.isSkipped ? 'skipped' : 'passed');
  } catch (error) {
    report.end(name, 'failed', error);
  } finally {
    clearTimeout(timer);
  }
}

/** @returns {Promise<void>} of a test that takes a callback */
function calledBack(body, context) {
  return new Promise((resolve, reject) => body(context, (error) => (error ? reject(error) : resolve())));
}

/**
 * Runs what the file has declared.
 *
 * @param {Report} report
 */
const run = (report) => runSuite(file, report);

module.exports = { run, shim: Object.assign(test, { after, before, describe, it: test, suite: describe, test }) };
