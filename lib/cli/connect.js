'use strict';

const { clientOptions, urlOf } = require('./client-options.js');
const { UsageError } = require('./commands.js');
const { Pipe, Screen } = require('./display.js');
const { Output } = require('./output.js');
const { Session } = require('./session.js');

/** @typedef {import('./commands.js').Values} Values */

/**
 * @param {Values} values the options
 * @param {string[]} positionals
 * @param {Output} out
 */
async function connect(values, positionals, out) {
  const [given, more] = positionals;
  if (given === undefined) throw new UsageError('connect needs a URL: websockets connect ws://localhost:3000');
  if (more !== undefined) throw new UsageError(`connect takes one URL, not ${more} as well`);
  const display =
    process.stdout.isTTY === true ? new Screen(out, values) : new Pipe(out, new Output(process.stderr), values);
  void new Session(urlOf(given), await clientOptions(values), values, display, out);
}

module.exports = { connect };
