'use strict';

const { version } = require('../../package.json');
const { UsageError, help, parse } = require('./commands.js');
const { connect } = require('./connect.js');
const { echo } = require('./echo.js');
const { explain } = require('./explain.js');
const { Output } = require('./output.js');
const { top } = require('./top/top.js');

/** @type {Record<string, (...args: Parameters<typeof connect>) => void | Promise<void>>} */
const RUN = { connect, echo, top };

/** @param {string[]} args */
async function main(args) {
  const { name, values, positionals } = parse(args);
  const out = new Output(process.stdout);
  if (values.version) out.line(version);
  else if (values.help || name === undefined) out.line(help(name));
  else await RUN[name](values, positionals, out);
}

main(process.argv.slice(2)).catch((error) => {
  const usage = error instanceof UsageError;
  console.error(`websockets: ${usage ? error.message : explain(error)}${usage ? '\nwebsockets --help says more' : ''}`);
  process.exitCode = usage ? 2 : 1;
});
