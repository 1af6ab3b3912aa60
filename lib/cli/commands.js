'use strict';

const { parseArgs } = require('node:util');

/** What is wrong with the command line, for people. */
class UsageError extends Error {}

/**
 * @typedef {object} Option
 * @property {'string' | 'boolean'} type
 * @property {boolean} [multiple]
 * @property {string} [value] what help calls it
 * @property {string} help
 */

/**
 * What was given for the options of all commands, by their names.
 *
 * @typedef {object} Values
 * @property {boolean} [deflate]
 * @property {string[]} [protocol]
 * @property {boolean} [help]
 * @property {boolean} [version]
 * @property {string} [port]
 * @property {string} [host]
 * @property {string} [cert]
 * @property {string} [key]
 * @property {string} [ping]
 * @property {string} [wait]
 * @property {string} [ca]
 * @property {boolean} [insecure]
 * @property {string[]} [header]
 * @property {string | string[]} [origin] `echo` takes several
 */

/** @type {Record<string, Option>} */
const BOTH = {
  deflate: { type: 'boolean', help: 'agree on permessage-deflate where the peer does' },
  protocol: { type: 'string', multiple: true, value: 'NAME', help: 'a subprotocol; may be given several times' },
  help: { type: 'boolean', help: 'this text' },
};

/** @type {Record<string, { synopsis: string, about: string, more?: string, options: Record<string, Option> }>} */
const COMMANDS = {
  echo: {
    synopsis: 'echo [options]',
    about: 'a server that sends back what it gets',
    options: {
      port: { type: 'string', value: 'PORT', help: 'default 3000; 0 is any that is free' },
      host: {
        type: 'string',
        value: 'HOST',
        help: 'default localhost: this machine only; 0.0.0.0 lets the network in',
      },
      origin: {
        type: 'string',
        multiple: true,
        value: 'ORIGIN',
        help: 'an origin that is let in, by default all are; may be given several times',
      },
      cert: { type: 'string', value: 'FILE', help: 'a certificate in PEM, for wss://' },
      key: { type: 'string', value: 'FILE', help: 'its private key in PEM' },
      ...BOTH,
    },
  },
  connect: {
    synopsis: 'connect URL [options]',
    about: 'each line that is typed is sent as a message, and what comes is shown',
    more:
      'Lines that begin with a slash are commands:\n' +
      '  /ping                   the time until the pong\n' +
      '  /close [CODE [REASON]]  ends the connection, as Ctrl-C and Ctrl-D do\n' +
      '  //…                     sends the line with one slash less\n' +
      'At the end of an input that is no terminal a ping is sent, and its pong waited for, and then --wait.',
    options: {
      header: {
        type: 'string',
        multiple: true,
        value: "'NAME: VALUE'",
        help: 'a header of the request; may be given several times',
      },
      origin: { type: 'string', value: 'ORIGIN', help: 'the Origin header' },
      ping: { type: 'string', value: 'SECONDS', help: 'ping again and again, and show the times' },
      wait: {
        type: 'string',
        value: 'SECONDS',
        help: 'stay for so long after the end of the input and a last pong; default 1',
      },
      ca: { type: 'string', value: 'FILE', help: 'certificates in PEM that are trusted' },
      insecure: { type: 'boolean', help: 'trust any certificate' },
      ...BOTH,
    },
  },
};

/** @type {Record<string, Option>} */
const WITHOUT_COMMAND = {
  help: { type: 'boolean', help: 'the commands' },
  version: { type: 'boolean', help: 'the version' },
};

/** The whole help, or that of one command. @param {string} [name] */
function help(name) {
  if (name === undefined) {
    const lines = Object.values(COMMANDS).map(({ synopsis, about }) => `  websockets ${synopsis.padEnd(24)}${about}`);
    return ['Usage:', ...lines, '', '  websockets COMMAND --help', '  websockets --version'].join('\n');
  }
  const { synopsis, about, more, options } = COMMANDS[name];
  const rows = Object.entries(options).map(([key, { value, help: text }]) => [
    `--${key}${value ? ` ${value}` : ''}`,
    text,
  ]);
  const width = Math.max(...rows.map(([option]) => option.length)) + 2;
  const table = rows.map(([option, text]) => `  ${option.padEnd(width)}${text}`);
  return [`websockets ${synopsis}: ${about}`, '', ...table, ...(more ? ['', more] : [])].join('\n');
}

/**
 * A number among the options.
 *
 * @param {Values} values
 * @param {'port' | 'ping' | 'wait'} name
 * @param {{ min: number, max: number, integer?: boolean }} range
 * @returns {number | undefined}
 */
function number(values, name, { min, max, integer = false }) {
  const { [name]: given } = values;
  if (given === undefined) return undefined;
  const value = given.trim() === '' ? NaN : Number(given);
  if (!(value >= min && value <= max) || (integer && !Number.isInteger(value))) {
    throw new UsageError(
      `--${name} must be ${integer ? 'an integer' : 'a number'} from ${min} to ${max}, not ${given}`,
    );
  }
  return value;
}

/**
 * @param {string[]} args
 * @returns {{ name?: string, values: Values, positionals: string[] }}
 * @throws {UsageError}
 */
function parse(args) {
  const [first] = args;
  const name = first === undefined || first.startsWith('-') ? undefined : first;
  if (name !== undefined && !Object.hasOwn(COMMANDS, name)) {
    throw new UsageError(`there is no command ${name}, only ${Object.keys(COMMANDS).join(' and ')}`);
  }
  const options = name === undefined ? WITHOUT_COMMAND : COMMANDS[name].options;
  try {
    const { values, positionals } = parseArgs({
      args: args.slice(name === undefined ? 0 : 1),
      options,
      allowPositionals: name !== undefined,
    });
    return { name, values: /** @type {Values} */ (values), positionals };
  } catch (error) {
    throw new UsageError(/** @type {Error} */ (error).message.split('. To specify')[0]);
  }
}

module.exports = { UsageError, help, number, parse };
