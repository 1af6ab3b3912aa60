'use strict';

/**
 * One way to compress, or not to.
 *
 * @typedef {object} Mode
 * @property {string} name
 * @property {boolean | object} ours our `perMessageDeflate` option
 * @property {false | object} [theirs] what the peer is told, by the same names; not told where it is
 *   left out
 * @property {string | null} agreed the parameters in the server's answer; `null`: not compressed
 * @property {boolean} [tls] over wss://
 */

const DEFAULTS = { threshold: 0 };

/** What may be asked for beside the defaults, and what the answer is. */
const ASKED = [
  ['no context takeover of the server', { serverNoContextTakeover: true }, 'server_no_context_takeover'],
  ['no context takeover of the client', { clientNoContextTakeover: true }, 'client_no_context_takeover'],
  ...[8, 9, 12].flatMap((bits) => [
    [`a server window of ${bits} bits`, { serverMaxWindowBits: bits }, `server_max_window_bits=${bits}`],
    [`a client window of ${bits} bits`, { clientMaxWindowBits: bits }, `client_max_window_bits=${bits}`],
  ]),
  [
    'all of it',
    { serverNoContextTakeover: true, clientNoContextTakeover: true, serverMaxWindowBits: 10, clientMaxWindowBits: 11 },
    'server_no_context_takeover; client_no_context_takeover; server_max_window_bits=10; client_max_window_bits=11',
  ],
];

/** @type {Mode[]} */
const MODES = [
  { name: 'not compressed, we will not', ours: false, agreed: null },
  { name: 'not compressed, the peer will not', ours: true, theirs: false, agreed: null },
  { name: 'compressed', ours: true, agreed: '' },
  { name: 'compressed, whatever the size', ours: DEFAULTS, agreed: '' },
  { name: 'compressed, over wss://', ours: DEFAULTS, agreed: '', tls: true },
  { name: 'not compressed, over wss://', ours: false, agreed: null, tls: true },
  ...ASKED.flatMap(([what, settings, agreed]) => [
    { name: `compressed, we ask for ${what}`, ours: { ...DEFAULTS, ...settings }, agreed },
    { name: `compressed, the peer asks for ${what}`, ours: DEFAULTS, theirs: settings, agreed },
  ]),
];

/**
 * @param {string | undefined} header `Sec-WebSocket-Extensions` of an answer
 * @returns {Record<string, string> | null} the parameters of permessage-deflate, the only extension
 *   there may be; `null` where there is none
 */
function parametersOf(header) {
  if (!header) return null;
  const [name, ...parameters] = header
    .split(';')
    .map((part) => part.trim())
    .filter(Boolean);
  if (name !== 'permessage-deflate') throw new Error(`not asked for: ${header}`);
  return Object.fromEntries(parameters.map((parameter) => [...parameter.split('='), ''].slice(0, 2)));
}

module.exports = { MODES, parametersOf };
