'use strict';

const { parseArgs } = require('node:util');

/** What is wrong with the command line, for people. */
class UsageError extends Error {}

/**
 * @typedef {object} Option
 * @property {'string' | 'boolean'} type
 * @property {string} [short] one letter
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
 * @property {string} [passphrase]
 * @property {string[]} [execute]
 * @property {string} [ping]
 * @property {string} [wait]
 * @property {boolean} [json]
 * @property {boolean} [binary]
 * @property {boolean} [reconnect]
 * @property {boolean} [follow-redirects]
 * @property {string} [proxy]
 * @property {string} [ca]
 * @property {boolean} [insecure]
 * @property {string[]} [header]
 * @property {boolean} [once]
 * @property {string | string[]} [origin] `echo` takes several
 */

/** @type {Record<string, Option>} */
const BOTH = {
  deflate: { type: 'boolean', short: 'd', help: 'agree on permessage-deflate if the peer does' },
  protocol: {
    type: 'string',
    short: 's',
    multiple: true,
    value: 'NAME',
    help: 'a subprotocol; may be given several times',
  },
  help: { type: 'boolean', short: 'h', help: 'this text' },
};

/** How a client connects. @type {Record<string, Option>} */
const CLIENT = {
  header: {
    type: 'string',
    short: 'H',
    multiple: true,
    value: "'NAME: VALUE'",
    help: 'a header of the request; may be given several times',
  },
  origin: { type: 'string', short: 'o', value: 'ORIGIN', help: 'the Origin header' },
  'follow-redirects': { type: 'boolean', short: 'L', help: 'follow up to 10 redirects' },
  proxy: { type: 'string', value: 'URL', help: 'an HTTP proxy; takes the package https-proxy-agent' },
  ca: { type: 'string', value: 'FILE', help: 'certificates to trust, in PEM' },
  insecure: { type: 'boolean', short: 'k', help: 'trust any certificate' },
  cert: { type: 'string', value: 'FILE', help: 'a certificate of the client in PEM' },
  key: { type: 'string', value: 'FILE', help: 'its private key in PEM' },
  passphrase: { type: 'string', value: 'FILE', help: 'the passphrase of the private key' },
};

/** @type {Record<string, { synopsis: string, about: string, more?: string, options: Record<string, Option> }>} */
const COMMANDS = {
  echo: {
    synopsis: 'echo [options]',
    about: 'a server that sends back what it gets',
    options: {
      port: { type: 'string', short: 'p', value: 'PORT', help: 'default 3000; 0 is any that is free' },
      host: {
        type: 'string',
        value: 'HOST',
        help: 'default localhost: this machine only; 0.0.0.0 lets the network in',
      },
      origin: {
        type: 'string',
        short: 'o',
        multiple: true,
        value: 'ORIGIN',
        help: 'an origin to allow, by default all; may be given several times',
      },
      cert: { type: 'string', value: 'FILE', help: 'a certificate in PEM, for wss://' },
      key: { type: 'string', value: 'FILE', help: 'its private key in PEM' },
      ...BOTH,
    },
  },
  connect: {
    synopsis: 'connect URL [options]',
    about: 'sends each line that you type as a message, and shows what comes',
    more:
      'Lines that begin with a slash are commands:\n' +
      '  /ping                   the time until the pong\n' +
      '  /close [CODE [REASON]]  ends the connection, as Ctrl-C and Ctrl-D do\n' +
      '  //…                     sends the line with one slash less\n' +
      'When an input that is not a terminal ends, the command sends a ping, and waits for its pong and then --wait.\n' +
      'In a pipe, only messages go to the standard output, unchanged and one a line. Everything else goes to the\n' +
      'standard error. With --binary, nothing stands between the messages, and the input is sent as it is read.',
    options: {
      execute: {
        type: 'string',
        short: 'x',
        multiple: true,
        value: 'MESSAGE',
        help: 'send this instead of the input; may be given several times',
      },
      wait: {
        type: 'string',
        short: 'w',
        value: 'SECONDS',
        help: 'how long to stay after the end of the input and the last pong; default 1',
      },
      ping: { type: 'string', short: 'P', value: 'SECONDS', help: 'ping at this interval, and show the times' },
      json: { type: 'boolean', short: 'j', help: 'show JSON with a line for each member' },
      binary: { type: 'boolean', short: 'b', help: 'bytes instead of lines, both ways' },
      reconnect: { type: 'boolean', short: 'r', help: 'open the connection again when it is lost or refused' },
      ...CLIENT,
      ...BOTH,
    },
  },
  top: {
    synopsis: 'top [URL] [options]',
    about: 'what a server does, live: connections, rates, queues, topics, errors, slow peers',
    more:
      'The server has a monitor at that URL: require("websockets/monitor"). By default it is\n' +
      'ws://localhost:3000/monitor.\n' +
      'At a terminal it fills the screen, and q or Ctrl-C ends it. Elsewhere it prints a line for each sample.',
    options: {
      once: { type: 'boolean', short: '1', help: 'show one sample, and end' },
      json: { type: 'boolean', short: 'j', help: 'print each sample as JSON, one a line' },
      wait: {
        type: 'string',
        short: 'w',
        value: 'SECONDS',
        help: 'how long the first sample may take; default 10',
      },
      ...CLIENT,
      help: BOTH.help,
    },
  },
};

/** @type {Record<string, Option>} */
const WITHOUT_COMMAND = {
  help: { type: 'boolean', short: 'h', help: 'the commands' },
  version: { type: 'boolean', short: 'v', help: 'the version' },
};

/** The whole help, or that of one command. @param {string} [name] */
function help(name) {
  if (name === undefined) {
    const lines = Object.values(COMMANDS).map(({ synopsis, about }) => `  websockets ${synopsis.padEnd(24)}${about}`);
    return ['Usage:', ...lines, '', '  websockets COMMAND --help', '  websockets --version'].join('\n');
  }
  const { synopsis, about, more, options } = COMMANDS[name];
  const rows = Object.entries(options).map(([key, { short, value, help: text }]) => [
    `${short ? `-${short},` : '   '} --${key}${value ? ` ${value}` : ''}`,
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
    throw new UsageError(`there is no command ${name}, only ${Object.keys(COMMANDS).join(', ')}`);
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
