'use strict';

const { invalidType } = require('../../util/errors.js');
const { shownUrl, toUrl } = require('../../options/url.js');

/**
 * Each protocol a WebSocket can be asked for by: whether it is over TLS, and at a Unix-domain socket.
 *
 * @type {Map<string, { secure?: boolean, unix?: boolean }>}
 */
const PROTOCOLS = new Map([
  ['ws:', {}],
  ['wss:', { secure: true }],
  ['http:', {}],
  ['https:', { secure: true }],
  ['ws+unix:', { unix: true }],
  ['wss+unix:', { unix: true, secure: true }],
]);

/** The path of a Unix-domain socket, and what is asked for there. */
const POSIX = /^(\/[^:]*):?(.*)$/;
/** The same on Windows: a named pipe, or a file, whose drive has a colon of its own. */
const WINDOWS = /^((?:\\\\|[a-z]:[\\/])[^:]*):?(.*)$/i;

/** Responses that lead elsewhere, with `Location`; a handshake is a GET, whichever of them it is. */
const REDIRECTS = new Set([301, 302, 303, 307, 308]);

/**
 * Where a WebSocket is asked for, in the words of `http.request`.
 *
 * @typedef {object} Target
 * @property {string} href without credentials
 * @property {boolean} secure
 * @property {{ host?: string, port?: number, socketPath?: string }} where
 * @property {string} authority host and port, without the default one
 * @property {string} path
 * @property {string | undefined} auth
 * @property {string | undefined} base what a redirect's location is relative to; none on a
 *   Unix-domain socket
 */

/** @typedef {string | URL | { readonly href: string }} Place a URL, as the app gives it */

/**
 * Reads a URL: `ws://…`, `wss://…`, the same as `http://…` and `https://…`, or, as `ws` spells it,
 * `ws+unix:/path/to/socket:/path?search`; on Windows `ws+unix:\\.\pipe\name:/path?search` as well.
 *
 * @param {Place} value
 * @returns {Target}
 * @throws {TypeError} where it is none of these, or has a fragment (RFC 6455 §3)
 */
function parseTarget(value) {
  const text = typeof value === 'object' && value !== null ? value.href : value;
  const target = typeof text === 'string' ? toTarget(toUrl(text)) : null;
  if (target === null) {
    throw invalidType('The "url" argument', 'a ws:, wss: or ws+unix: URL without a fragment', shownUrl(value));
  }
  return target;
}

/**
 * @param {URL | null} url
 * @returns {Target | null}
 */
function toTarget(url) {
  const kind = url === null ? undefined : PROTOCOLS.get(url.protocol);
  if (url === null || kind === undefined || url.hash !== '') {
    return null;
  }
  const { unix = false, secure = false } = kind;
  return unix ? unixTarget(url, secure) : tcpTarget(url, secure);
}

/** @param {URL} url @param {boolean} secure @returns {Target} */
function tcpTarget(url, secure) {
  const { host, hostname, port, pathname, search, username, password } = url;
  const bare = new URL(url);
  bare.username = bare.password = bare.hash = '';
  return {
    href: bare.href,
    secure,
    where: {
      // Without the brackets that a URL has around an IPv6 address.
      host: hostname.startsWith('[') ? hostname.slice(1, -1) : hostname,
      port: port === '' ? (secure ? 443 : 80) : Number(port),
    },
    authority: host,
    path: pathname + search,
    auth: username + password === '' ? undefined : `${decode(username)}:${decode(password)}`,
    base: bare.href.replace(/^ws/, 'http'),
  };
}

/** @param {URL} url @param {boolean} secure @returns {Target | null} */
function unixTarget({ href, host, pathname, search }, secure) {
  // The path that is asked for may have colons of its own.
  const parts = POSIX.exec(pathname) ?? (process.platform === 'win32' ? WINDOWS.exec(pathname) : null);
  if (host !== '' || parts === null) {
    return null;
  }
  const [, socketPath, path] = parts;
  const where = { socketPath: decode(socketPath) };
  const fixed = { authority: 'localhost', auth: undefined, base: undefined };
  return { href, secure, where, path: (path || '/') + search, ...fixed };
}

/** @param {string} text @returns {string} as it is, where a percent sign begins no escape */
function decode(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/**
 * Where a redirect leads.
 *
 * @param {Target} from
 * @param {string} location
 * @returns {Target | null} `null` where it is no place to follow to: to nowhere, out of TLS, to or from a
 *   Unix-domain socket
 */
function redirected(from, location) {
  const url = from.base === undefined ? null : toUrl(location, from.base);
  if (url === null) {
    return null;
  }
  url.hash = '';
  const to = toTarget(url);
  if (to === null || to.base === undefined || (from.secure && !to.secure)) {
    return null;
  }
  return isSameHost(from, to) ? { ...to, auth: to.auth ?? from.auth } : to;
}

/**
 * @param {Target} one
 * @param {Target} other
 * @returns {boolean} whether secrets that are meant for one may be shown to the other
 */
function isSameHost(one, other) {
  return one.where.host === other.where.host && one.where.port === other.where.port && one.secure === other.secure;
}

module.exports = { REDIRECTS, isSameHost, parseTarget, redirected };
