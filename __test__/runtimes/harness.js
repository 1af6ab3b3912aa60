'use strict';

// <runtime> harness.js FILE RESULTS [SHORT]
//
// Runs a test file in the runtime that runs this, and appends a line of JSON to the file RESULTS as each
// test begins and ends: a runtime that crashes or hangs has told how far it came. SHORT is a JSON array
// of names: these tests are expected to fail, and get no more than a few seconds to do so.

const fs = require('node:fs');
const Module = require('node:module');
const path = require('node:path');
const { inspect } = require('node:util');
const nodeTest = require('./node-test');

const [file, results, short = '[]'] = process.argv.slice(2);
const expectedToFail = new Set(JSON.parse(short));
/** How long these may take, in ms. */
const SHORT = 5_000;
/** How many times as long as they say all others may take. */
const patience = Number(process.env.WEBSOCKETS_TEST_PATIENCE ?? 1);

// Bun has a `ws` of its own. It is not what the tests were written for, so that they get the package itself.
const ws = path.join(path.dirname(require.resolve('ws/package.json')), 'index.js');

const load = Module.prototype.require;
Module.prototype.require = function require(id) {
  return id === 'node:test' ? nodeTest.shim : load.call(this, id === 'ws' ? ws : id);
};

const say = (line) => fs.appendFileSync(results, `${JSON.stringify(line)}\n`);

require(path.resolve(file));
nodeTest
  .run({
    begin(name, limit) {
      say({ begins: name });
      return expectedToFail.has(name) ? SHORT : limit * patience;
    },
    end(name, outcome, error) {
      say({ name, outcome, ...(error === undefined ? {} : { error: error?.stack ?? inspect(error) }) });
    },
  })
  .then(
    () => say({ done: true }),
    (error) => {
      say({ name: 'a hook', outcome: 'failed', error: error?.stack ?? inspect(error) });
      process.exit(1);
    },
  );
