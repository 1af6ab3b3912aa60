'use strict';

const fs = require('node:fs');
const { UsageError } = require('./commands.js');
const { proxyAgent } = require('./proxy.js');

/** @typedef {import('./commands.js').Values} Values */

/** How many redirects `--follow-redirects` follows. */
const MAX_REDIRECTS = 10;

/** @param {string[]} lines what `--header` says @returns {Record<string, string | string[]>} */
function headersOf(lines) {
  /** @type {Record<string, string | string[]>} */
  const headers = {};
  for (const line of lines) {
    const [, name, value] = /^([^:\s]+):\s*(.*)$/.exec(line) ?? [];
    if (name === undefined) throw new UsageError(`--header must be 'NAME: VALUE', not ${line}`);
    headers[name] = Object.hasOwn(headers, name) ? [headers[name], value].flat() : value;
  }
  return headers;
}

/**
 * The TLS options: what is read of files, and what is trusted.
 *
 * @param {Values} values
 * @returns {import('../../index').ConnectOptions}
 */
function tlsOptions({ ca, cert, key, passphrase, insecure = false }) {
  if ((cert === undefined) !== (key === undefined)) throw new UsageError('--cert and --key need each other');
  if (passphrase !== undefined && key === undefined) throw new UsageError('--passphrase needs --key');
  return {
    ...(ca !== undefined && { ca: fs.readFileSync(ca) }),
    ...(cert !== undefined && { cert: fs.readFileSync(cert) }),
    ...(key !== undefined && { key: fs.readFileSync(key) }),
    ...(passphrase !== undefined && { passphrase: fs.readFileSync(passphrase, 'utf8').replace(/\r?\n$/, '') }),
    ...(insecure && { rejectUnauthorized: false }),
  };
}

/** @param {Values} values @returns {Promise<import('../../index').ClientOptions>} */
async function clientOptions(values) {
  const { header = [], origin, protocol: protocols, deflate = false } = values;
  const { reconnect = false, 'follow-redirects': follows = false, proxy } = values;
  return {
    headers: headersOf(header),
    origin: /** @type {string | undefined} */ (origin),
    protocols,
    perMessageDeflate: deflate,
    reconnect,
    maxRedirects: follows ? MAX_REDIRECTS : 0,
    ...tlsOptions(values),
    ...(proxy !== undefined && { agent: await proxyAgent(proxy) }),
  };
}

/** @param {string} given @returns {string} `localhost:3000` is no URL, and means one */
const urlOf = (given) => (/^[a-z+]+:\//i.test(given) ? given : `ws://${given}`);

module.exports = { clientOptions, urlOf };
