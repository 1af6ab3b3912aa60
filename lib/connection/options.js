'use strict';

const { constants } = require('node:buffer');
const { isUint8Array } = require('node:util').types;

const { boolean, delay, integer, object } = require('../options/check.js');
const { invalidType } = require('../util/errors.js');
const { resolveExtensions } = require('../extensions/resolve.js');
const { checkPerMessageDeflate } = require('../options/per-message-deflate.js');
const { parseUrl } = require('../options/url.js');

/** Each option of a `Base`: what it is where it is not given, and what it may be. */
const OPTIONS = {
  mask: { default: false, check: boolean },
  url: { default: 'ws://localhost:3000', check: (_name, value) => parseUrl(value) },
  timeout: { default: 600_000, check: delay },
  maxConnections: { default: 10, check: integer(1, Number.MAX_SAFE_INTEGER, true) },
  // A message above V8's longest string could not be delivered.
  maxPayload: { default: 16 * 1024 * 1024, check: integer(0, constants.MAX_STRING_LENGTH) },
  maxFragments: { default: 131_072, check: integer(1, 2 ** 32 - 1) },
  maxControlFrames: { default: 10_000, check: integer(1, 1_000_000, true) },
  maxBufferedAmount: {
    default: 64 * 1024 * 1024,
    check: integer(1, Number.MAX_SAFE_INTEGER, true),
  },
  closeTimeout: { default: 5_000, check: delay },
  pingInterval: { default: 0, check: delay },
  // The default depends on the socket.
  enforceMasking: { default: undefined, check: boolean },
  perMessageDeflate: { default: false, check: checkPerMessageDeflate },
};

/**
 * Checks one option.
 *
 * @param {string} name
 * @param {unknown} value
 * @returns {any} the value to keep
 */
function checkOption(name, value) {
  return OPTIONS[name].check(`The "${name}" option`, value);
}

/**
 * Checks the options hash of a `Base`; an option that is `undefined` is as one not given.
 *
 * @param {unknown} options
 * @returns {Record<string, any>} every option, with its default where none was given
 */
function checkOptions(options = {}) {
  object('The "options" argument', options);
  const checked = {};
  for (const [name, option] of Object.entries(OPTIONS)) {
    // Read once: what is checked is what is kept.
    const { [name]: value = option.default } = options;
    checked[name] = value === undefined ? undefined : checkOption(name, value);
  }
  return checked;
}

/**
 * Checks the options of `assignSocket`.
 *
 * @param {object} extensions those of the `Base`
 * @param {unknown} options
 * @returns {{ head?: Uint8Array, keepSocket: boolean, mask?: boolean, protocol: string,
 *   transport?: string, signal?: AbortSignal, data: unknown,
 *   extensions: { name: string, read?: Function, write?: Function, agreed?: string }[] }}
 */
function checkAssignOptions(extensions, options = {}) {
  object('The "options" argument', options);
  const { data, extensions: asked, head, keepSocket, mask, protocol, transport, signal } = options;
  if (head !== undefined && head !== null && !isUint8Array(head)) {
    throw invalidType('The "head" option', 'a Buffer or a Uint8Array', head);
  }
  if (keepSocket !== undefined) {
    boolean('The "keepSocket" option', keepSocket);
  }
  if (mask !== undefined) {
    boolean('The "mask" option', mask);
  }
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
  const known = { data, head: read, mask, protocol: protocol ?? '', transport, signal };
  return { ...known, keepSocket: keepSocket ?? true, extensions: resolveExtensions(extensions, asked) };
}

module.exports = { checkAssignOptions, checkOption, checkOptions };
