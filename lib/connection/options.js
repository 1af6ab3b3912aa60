'use strict';

const { constants } = require('node:buffer');
const { isUint8Array } = require('node:util').types;

const { boolean, delay, integer, object } = require('../options/check.js');
const { invalidType } = require('../util/errors.js');
const { resolveExtensions } = require('../extensions/resolve.js');
const { checkMaxMessages } = require('../options/max-messages.js');
const { checkPerMessageDeflate } = require('../options/per-message-deflate.js');
const { parseUrl } = require('../options/url.js');
const { defaults } = require('../native/constants.js');

/** @param {string} _name @param {unknown} value @returns {import('../../index').BaseUrl} */
function checkUrl(_name, value) {
  return parseUrl(/** @type {string | { href: string }} */ (value));
}

/** The methods of a backplane. */
const BACKPLANE = ['start', 'subscribe', 'unsubscribe', 'publish', 'close'];

/** @param {string} name @param {unknown} value @returns {import('../../index').Backplane | null} */
function checkBackplane(name, value) {
  const given = /** @type {Record<string, unknown> | null} */ (value);
  const isOne = given === null || BACKPLANE.every((method) => typeof given?.[method] === 'function');
  if (!isOne) throw invalidType(name, `an object with the methods ${BACKPLANE.join(', ')}, or null`, value);
  return /** @type {import('../../index').Backplane | null} */ (/** @type {unknown} */ (given));
}

/** Each option of a `Base`: what it is where it is not given, and what it may be. */
const OPTIONS = {
  backplane: { default: null, check: checkBackplane },
  mask: { default: false, check: boolean },
  url: { default: 'ws://localhost:3000', check: checkUrl },
  timeout: { default: defaults.timeout, check: delay },
  maxConnections: { default: 10, check: integer(1, Number.MAX_SAFE_INTEGER, true) },
  // A message above V8's longest string could not be delivered.
  maxPayload: { default: defaults.maxPayload, check: integer(0, constants.MAX_STRING_LENGTH) },
  maxFragments: { default: defaults.maxFragments, check: integer(1, 2 ** 32 - 1) },
  maxControlFrames: { default: defaults.maxControlFrames, check: integer(1, 1_000_000, true) },
  maxMessages: { default: Infinity, check: checkMaxMessages },
  maxBufferedAmount: {
    default: 64 * 1024 * 1024,
    check: integer(1, Number.MAX_SAFE_INTEGER, true),
  },
  fragment: { default: Infinity, check: integer(1, Number.MAX_SAFE_INTEGER, true) },
  closeTimeout: { default: defaults.closeTimeout, check: delay },
  pingInterval: { default: defaults.pingInterval, check: delay },
  // The default depends on the socket.
  enforceMasking: { default: undefined, check: boolean },
  perMessageDeflate: { default: false, check: checkPerMessageDeflate },
};

/** @typedef {keyof typeof OPTIONS} Name of an option */

/**
 * Every option, checked.
 *
 * @typedef {{ [N in Name]: ReturnType<(typeof OPTIONS)[N]['check']> |
 *   Extract<(typeof OPTIONS)[N]['default'], undefined> }} Options
 */

/** The names of the options of a `Base`. */
const OPTION_NAMES = Object.keys(OPTIONS);

/**
 * Checks one option.
 *
 * @template {Name} N
 * @param {N} name
 * @param {unknown} value
 * @returns {Options[N]} the value to keep
 */
function checkOption(name, value) {
  return /** @type {Options[N]} */ (OPTIONS[name].check(`The "${name}" option`, value));
}

/**
 * Checks the options hash of a `Base`; an option that is `undefined` is as one not given.
 *
 * @param {unknown} options
 * @returns {Options} every option, with its default where none was given
 */
function checkOptions(options = {}) {
  const given = object('The "options" argument', options);
  /** @type {Record<string, unknown>} */
  const checked = {};
  for (const [key, option] of Object.entries(OPTIONS)) {
    const name = /** @type {Name} */ (key);
    // Read once: what is checked is what is kept.
    const { [name]: value = option.default } = given;
    checked[name] = value === undefined ? undefined : checkOption(name, value);
  }
  return /** @type {Options} */ (checked);
}

/**
 * Checks the options of `assignSocket`.
 *
 * @param {Record<string, import('../../index').Extension>} extensions those of the `Base`
 * @param {unknown} options
 * @returns {{ head?: Uint8Array, keepSocket: boolean, mask?: boolean, protocol: string,
 *   transport?: 'socket' | 'stream', signal?: AbortSignal, data: unknown,
 *   extensions: import('../extensions/resolve.js').Resolved[] }}
 */
function checkAssignOptions(extensions, options = {}) {
  const given = object('The "options" argument', options);
  const { data, extensions: asked, head, keepSocket, mask, protocol, transport, signal } = given;
  if (head !== undefined && head !== null && !isUint8Array(head)) {
    throw invalidType('The "head" option', 'a Buffer or a Uint8Array', head);
  }
  const keeps = keepSocket === undefined || boolean('The "keepSocket" option', keepSocket);
  const masks = mask === undefined ? undefined : boolean('The "mask" option', mask);
  if (protocol !== undefined && protocol !== null && typeof protocol !== 'string') {
    throw invalidType('The "protocol" option', 'a string', protocol);
  }
  if (transport !== undefined && transport !== 'socket' && transport !== 'stream') {
    throw invalidType('The "transport" option', "'socket' or 'stream'", transport);
  }
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw invalidType('The "signal" option', 'an AbortSignal', signal);
  }
  // It may have to wait for what the app has written: a copy, which nobody changes meanwhile.
  const read = head === undefined || head === null ? undefined : new Uint8Array(head);
  const carried = /** @type {'socket' | 'stream' | undefined} */ (transport);
  const known = { data, head: read, mask: masks, protocol: protocol ?? '', transport: carried, signal };
  return { ...known, keepSocket: keeps, extensions: resolveExtensions(extensions, asked) };
}

module.exports = { OPTION_NAMES, checkAssignOptions, checkOption, checkOptions };
