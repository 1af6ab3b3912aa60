'use strict';

const { UsageError } = require('./commands.js');

/**
 * @param {string} given
 * @returns {URL}
 * @throws {UsageError}
 */
function proxyUrl(given) {
  // `localhost:8080` is no URL, and means one.
  const text = given.includes('://') ? given : `http://${given}`;
  try {
    const url = new URL(text);
    if (url.protocol === 'http:' || url.protocol === 'https:') return url;
  } catch {}
  throw new UsageError(`--proxy must be an http: or https: URL, not ${given}`);
}

/**
 * The agent that asks an HTTP proxy for a tunnel (RFC 9110 §9.3.6). It is a package of its own, which is installed by
 * those who have a proxy.
 *
 * @param {string} given the proxy's URL
 * @returns {Promise<import('node:http').Agent>}
 * @throws {UsageError | Error} where that is none, or the package is missing, which `explain` has words for
 */
async function proxyAgent(given) {
  const url = proxyUrl(given);
  const { HttpsProxyAgent } = await import('https-proxy-agent');
  return new HttpsProxyAgent(url);
}

module.exports = { proxyAgent };
