'use strict';

/**
 * Where a handshake goes.
 *
 * @typedef {object} Target
 * @property {string} href
 * @property {boolean} isSecure
 * @property {string} host
 * @property {string | number} port
 * @property {string} path what is asked for
 * @property {string | undefined} socketPath of a Unix-domain socket
 * @property {string | undefined} auth user and password
 */

/**
 * Reads an address, as `ws` does.
 *
 * @param {string | URL} address
 * @returns {Target}
 * @throws {SyntaxError} if it is none of a WebSocket
 */
function targetOf(address) {
  const url = parse(address);
  if (url.protocol === 'http:') {
    url.protocol = 'ws:';
  } else if (url.protocol === 'https:') {
    url.protocol = 'wss:';
  }
  const isSecure = url.protocol === 'wss:';
  const isUnix = url.protocol === 'ws+unix:';
  if (url.protocol !== 'ws:' && !isSecure && !isUnix) {
    throw new SyntaxError('The URL\'s protocol must be one of "ws:", "wss:", "http:", "https:", or "ws+unix:"');
  }
  if (isUnix && !url.pathname) {
    throw new SyntaxError("The URL's pathname is empty");
  }
  if (url.hash) {
    throw new SyntaxError('The URL contains a fragment identifier');
  }
  const { username, password, hostname } = url;
  const path = url.pathname + url.search;
  const colon = isUnix ? path.indexOf(':', driveOf(path)) : -1;
  return {
    href: url.href,
    isSecure,
    host: hostname.startsWith('[') ? hostname.slice(1, -1) : hostname,
    port: url.port || (isSecure ? 443 : 80),
    path: isUnix ? path.slice(colon < 0 ? path.length : colon + 1) || '/' : path,
    socketPath: isUnix ? path.slice(0, colon < 0 ? path.length : colon) : undefined,
    auth: username || password ? `${decodeURIComponent(username)}:${decodeURIComponent(password)}` : undefined,
  };
}

/** @param {string} path @returns {number} the length of the drive that it begins with, on Windows, with its colon */
function driveOf(path) {
  return process.platform === 'win32' && /^[a-z]:[\\/]/i.test(path) ? 2 : 0;
}

/** @param {string | URL} address */
function parse(address) {
  try {
    return new URL(address);
  } catch {
    throw new SyntaxError(`Invalid URL: ${address}`);
  }
}

/** Whether secrets for one are for the other as well. @param {Target} first @param {Target} second */
function isSameTarget(first, second) {
  const isSameHost = first.host === second.host && String(first.port) === String(second.port);
  return first.socketPath === second.socketPath && (first.socketPath !== undefined || isSameHost);
}

module.exports = { isSameTarget, targetOf };
