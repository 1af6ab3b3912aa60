'use strict';

const http = require('node:http');

const { object } = require('./check.js');
const { invalidType } = require('../util/errors.js');

/** RFC 7230 §3.2.6. */
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/** Headers that the opening handshake itself decides about, or that say where its message ends. */
const RESERVED = /^(?:upgrade|connection|content-length|transfer-encoding|sec-websocket-.*)$/i;

/** Headers of a connection of HTTP/1.1, which no message of HTTP/2 may have (RFC 9113 §8.2.2). */
const OF_CONNECTIONS = new Set([
  'connection',
  'http2-settings',
  'keep-alive',
  'proxy-connection',
  'te',
  'transfer-encoding',
  'upgrade',
]);

/** Several lines of one of these are not the same as one with commas. */
const COOKIES = new Set(['cookie', 'set-cookie']);

/**
 * @param {unknown} value
 * @returns {value is string}
 */
function isToken(value) {
  return typeof value === 'string' && TOKEN.test(value);
}

/**
 * Every value of a header, as it came: `message.headers` joins some and drops others.
 *
 * @param {{ rawHeaders: string[] }} message
 * @param {string} name in lower case
 * @returns {string[]}
 */
function headerValues({ rawHeaders }, name) {
  const values = [];
  for (let at = 0; at < rawHeaders.length; at += 2) {
    if (rawHeaders[at].length === name.length && rawHeaders[at].toLowerCase() === name) {
      values.push(rawHeaders[at + 1]);
    }
  }
  return values;
}

/**
 * The elements of a list (RFC 7230 §7): empty ones are skipped.
 *
 * @param {string[]} values of one header
 * @returns {string[]}
 */
function listElements(values) {
  return values
    .join(',')
    .split(',')
    .map(trimSpace)
    .filter((element) => element !== '');
}

/**
 * Takes spaces and tabs off both ends; `trim()` takes more, which no grammar of HTTP knows.
 *
 * @param {string} text
 */
function trimSpace(text) {
  /** @param {number} at */
  const isSpace = (at) => text[at] === ' ' || text[at] === '\t';
  let [start, end] = [0, text.length];
  while (start < end && isSpace(start)) start++;
  while (start < end && isSpace(end - 1)) end--;
  return text.slice(start, end);
}

/**
 * Whether a list has a token, in any case.
 *
 * @param {string[]} values of one header
 * @param {string} token in lower case
 * @returns {boolean}
 */
function hasToken(values, token) {
  return listElements(values).some((element) => element.toLowerCase() === token);
}

/**
 * Checks headers that the app adds: nothing in them can begin another header.
 *
 * @param {string} what how messages name them
 * @param {unknown} headers
 * @returns {[string, string][]} one entry a line
 * @throws {TypeError} where a name or a value is not allowed
 */
function checkHeaders(what, headers = {}) {
  /** @type {[string, string][]} */
  const lines = [];
  for (const [name, value] of Object.entries(object(what, headers))) {
    http.validateHeaderName(name);
    if (RESERVED.test(name)) {
      throw invalidType(what, 'headers that the handshake does not set itself', name);
    }
    for (const one of Array.isArray(value) ? value : [value]) {
      http.validateHeaderValue(name, one);
      lines.push([name, String(one)]);
    }
  }
  return lines;
}

/**
 * Header lines as Node's HTTP/2 takes them. What only a connection of HTTP/1.1 may say is left out: an app's headers
 * serve both versions.
 *
 * @param {[string, string][]} lines
 * @returns {Record<string, string | string[]> & { host?: string }}
 */
function http2Headers(lines) {
  /** @type {Map<string, string[]>} */
  const all = new Map();
  for (const [name, value] of lines) {
    const key = name.toLowerCase();
    if (!OF_CONNECTIONS.has(key)) all.set(key, [...(all.get(key) ?? []), value]);
  }
  // RFC 9110 §5.3.
  return Object.fromEntries([...all].map(([key, list]) => [key, COOKIES.has(key) ? list : list.join(', ')]));
}

module.exports = { checkHeaders, hasToken, headerValues, http2Headers, isToken, listElements };
