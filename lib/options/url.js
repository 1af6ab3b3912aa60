'use strict';

const { invalidType } = require('../util/errors.js');

const PROTOCOLS = new Set(['ws:', 'wss:', 'ws+unix:', 'wss+unix:']);

/** What each url was parsed from: the slash at the end is not what a `Client` asks for. */
const originals = new WeakMap();

/**
 * Parses a WebSocket URL (RFC 6455 §3) the way the 2013 module did: with a slash at the path's end.
 *
 * @param {string | URL | { href: string }} value
 * @returns {{ href: string, protocol: string, host: string, hostname: string, port: string,
 *   pathname: string, search: string, path: string }}
 */
function parseUrl(value) {
  const text = typeof value === 'object' && value !== null ? value.href : value;
  const url = typeof text === 'string' ? toUrl(text) : null;
  if (url === null || !PROTOCOLS.has(url.protocol)) {
    throw invalidType('The "url" option', 'a ws:, wss: or ws+unix: URL', shownUrl(value));
  }
  if (!url.pathname.endsWith('/')) {
    url.pathname += '/';
  }
  const { href, protocol, host, hostname, port, pathname, search } = url;
  const parsed = { href, protocol, host, hostname, port, pathname, search, path: pathname + search };
  originals.set(parsed, text);
  return parsed;
}

/**
 * @param {ReturnType<typeof parseUrl>} url
 * @returns {string} as it was given
 */
function originalOf(url) {
  return originals.get(url) ?? url.href;
}

/**
 * @param {string} text
 * @param {string} [base]
 * @returns {URL | null} `null` where it is no URL
 */
function toUrl(text, base) {
  try {
    return new URL(text, base);
  } catch {
    return null;
  }
}

/**
 * What an error may show of a wrong URL: errors are logged, and credentials are in none.
 *
 * @param {unknown} value
 * @returns {unknown}
 */
function shownUrl(value) {
  const text = typeof value === 'object' && value !== null && 'href' in value ? value.href : value;
  return typeof text === 'string' ? text.replace(/\/\/[^/?#]*@/, '//') : text;
}

module.exports = { originalOf, parseUrl, shownUrl, toUrl };
