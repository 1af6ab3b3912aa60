'use strict';

const { hasToken, headerValues, isToken, listElements } = require('../../options/headers.js');
const native = require('../../native/native.js');
const { Refusal } = require('./refusal.js');

/** The protocol's version (RFC 6455 §4.1). */
const VERSION = '13';

/** A request's target: a path, or a URL in front of one. */
const TARGET = /^(?:(?:http|ws)s?:\/\/[^/?#]+(?=[/?#]|$)|(?=\/))([^?]*)/i;

/** Base64 of 16 bytes. */
const KEY = /^[A-Za-z0-9+/]{22}==$/;

/** Subprotocols that a client may ask for, and bytes of all of them. */
const MAX_PROTOCOLS = 64;
const MAX_PROTOCOLS_LENGTH = 8 * 1024;

/** How many headers Node reads where the HTTP server has no `maxHeadersCount`. */
const MAX_HEADERS = 1_000;

/** @typedef {(name: string) => string[]} Values of a header, by its name in lower case */

/**
 * Reads a request to upgrade (RFC 6455 §4.2.1).
 *
 * @param {import('node:http').IncomingMessage} req
 * @returns {import('./types').Asked}
 * @throws {Refusal}
 */
function readUpgradeRequest(req) {
  /** @type {Values} */
  const values = (name) => headerValues(req, name);
  if (req.method !== 'GET') {
    throw new Refusal(405, 'A WebSocket is opened by GET', { headers: [['Allow', 'GET']] });
  }
  if (req.httpVersionMajor !== 1 || req.httpVersionMinor < 1) {
    throw new Refusal(400, 'A WebSocket is opened over HTTP/1.1');
  }
  checkAllRead(req);
  const [host, ...hosts] = values('host');
  if (!host || hosts.length > 0) {
    throw new Refusal(400, 'Exactly one Host header is needed');
  }
  checkTarget(req);
  checkNoBody(values);
  if (!asksForWebSocket(req)) {
    throw new Refusal(426, 'The Upgrade header does not ask for websocket', { headers: [['Upgrade', 'websocket']] });
  }
  if (!hasToken(values('connection'), 'upgrade')) {
    throw new Refusal(400, 'The Connection header does not name Upgrade');
  }
  checkVersion(values('sec-websocket-version'));
  return { key: readKey(values), ...readOffer(values) };
}

/** @param {{ url?: string }} req @throws {Refusal} */
function checkTarget(req) {
  const fault = targetFault(req);
  if (fault !== null) {
    throw fault;
  }
  if (pathOf(req) === null) {
    throw new Refusal(400, 'The request target is no path');
  }
}

/**
 * What a request says of itself and of what it would like, whichever version of HTTP it has come over.
 *
 * @param {Values} values
 * @returns {Pick<import('./types').Asked, 'origin' | 'protocols' | 'extensions' | 'offers'>}
 * @throws {Refusal}
 */
function readOffer(values) {
  const origins = values('origin');
  if (origins.length > 1) {
    throw new Refusal(400, 'There is more than one Origin header');
  }
  const protocols = readProtocols(values('sec-websocket-protocol'));
  return { origin: origins[0], protocols, ...readExtensions(values('sec-websocket-extensions')) };
}

/**
 * If there are more headers than Node reads, it leaves out the rest, and says nothing of it. Any header that matters might
 * be missing.
 *
 * @param {import('node:http').IncomingMessage} req
 */
function checkAllRead({ rawHeaders, socket }) {
  const { server } = /** @type {{ server?: import('node:http').Server }} */ (socket ?? {});
  const most = server?.maxHeadersCount ?? MAX_HEADERS;
  if (most > 0 && rawHeaders.length > 2 * most) {
    throw new Refusal(431, `There are more than ${most} headers`);
  }
}

/**
 * A body has no meaning here, and a proxy that sees its end elsewhere would take it for a request.
 *
 * @param {Values} values
 */
function checkNoBody(values) {
  const hasLength = values('content-length').some((length) => length !== '0');
  if (hasLength || values('transfer-encoding').length > 0) {
    throw new Refusal(400, 'The request has a body');
  }
}

/** @param {string[]} versions @throws {Refusal} */
function checkVersion(versions) {
  if (versions.length > 1) {
    throw new Refusal(400, 'There is more than one Sec-WebSocket-Version header');
  }
  if (versions[0] !== VERSION) {
    /** @type {[string, string][]} */
    const headers = [
      ['Upgrade', 'websocket'],
      ['Sec-WebSocket-Version', VERSION],
    ];
    throw new Refusal(426, `Sec-WebSocket-Version is not ${VERSION}`, { headers });
  }
}

/** @param {Values} values @returns {string} the key */
function readKey(values) {
  const keys = values('sec-websocket-key');
  if (keys.length !== 1 || !KEY.test(keys[0])) {
    throw new Refusal(400, 'Sec-WebSocket-Key is not 16 bytes in base64, exactly once');
  }
  return keys[0];
}

/** @param {string[]} values @returns {string[]} */
function readProtocols(values) {
  if (values.length === 0) {
    return [];
  }
  const malformed = new Refusal(400, 'Sec-WebSocket-Protocol is no list of different tokens');
  if (values.join(',').length > MAX_PROTOCOLS_LENGTH) {
    throw malformed;
  }
  const protocols = listElements(values);
  const isList = protocols.length > 0 && protocols.length <= MAX_PROTOCOLS;
  if (!isList || !protocols.every(isToken) || new Set(protocols).size < protocols.length) {
    throw malformed;
  }
  return protocols;
}

/**
 * @param {string[]} values
 * @returns {{ extensions: string, offers: { name: string, source: string }[] }}
 */
function readExtensions(values) {
  const extensions = values.join(',');
  let offers;
  try {
    offers = native.parseExtensions(extensions);
  } catch (error) {
    const { message } = /** @type {Error} */ (error);
    throw new Refusal(400, `Sec-WebSocket-Extensions is malformed: ${message}`);
  }
  if (values.length > 0 && offers.length === 0) {
    throw new Refusal(400, 'Sec-WebSocket-Extensions is empty');
  }
  return { extensions, offers };
}

/**
 * The path that a request asks for, as it stands on the wire. Its target is a path, or, to a proxy, a whole
 * URL (RFC 7230 §5.3).
 *
 * @param {{ url?: string }} req
 * @returns {string | null} `null` if it is neither
 */
function pathOf({ url = '' }) {
  const [, path = null] = TARGET.exec(url) ?? [];
  return path === '' ? '/' : path;
}

/**
 * What is wrong with a target that servers read in different ways: whoever compares paths, a proxy or the app, may
 * take it for another one.
 *
 * @param {{ url?: string }} req
 * @returns {Refusal | null}
 */
function targetFault(req) {
  const path = pathOf(req) ?? '';
  const isAmbiguous = req.url?.includes('#') || path.includes('\\') || path.split('/').some(isDotSegment);
  return isAmbiguous ? new Refusal(400, 'The request target has a backslash, a fragment or a dot segment') : null;
}

/**
 * RFC 3986 §3.3; a dot is the same if it is percent-encoded.
 *
 * @param {string} segment
 */
function isDotSegment(segment) {
  return /^(?:\.|%2e){1,2}$/i.test(segment);
}

/**
 * Whether a request is for us at all.
 *
 * @param {{ rawHeaders: string[] }} req
 * @returns {boolean}
 */
function asksForWebSocket(req) {
  return hasToken(headerValues(req, 'upgrade'), 'websocket');
}

/**
 * The request of one whose head Rust has read.
 *
 * @typedef {object} Newcomer
 * @property {import('node:http').IncomingMessage} req
 * @property {string | undefined} remoteAddress the peer's IP address
 * @property {boolean} encrypted whether it speaks TLS
 * @property {string[]} rawHeaders
 * @property {boolean} isInOrder whether it is one that `readUpgradeRequest` finds in order, up to what it offers
 * @property {boolean} offers whether it has an origin, or offers subprotocols or extensions
 */

/** What such a request asks for if it offers nothing. Rust has its key. @type {import('./types').Asked} */
const OFFERS_NOTHING = Object.freeze({ key: null, origin: undefined, protocols: [], extensions: '', offers: [] });

/**
 * @param {Newcomer} newcomer
 * @returns {import('./types').Asked}
 * @throws {Refusal}
 */
function readNewcomer(newcomer) {
  if (!newcomer.isInOrder) return readUpgradeRequest(newcomer.req);
  return newcomer.offers ? { key: null, ...readOffer((name) => headerValues(newcomer, name)) } : OFFERS_NOTHING;
}

module.exports = {
  readNewcomer,
  VERSION,
  asksForWebSocket,
  checkNoBody,
  checkTarget,
  pathOf,
  readKey,
  readOffer,
  readUpgradeRequest,
  targetFault,
};
