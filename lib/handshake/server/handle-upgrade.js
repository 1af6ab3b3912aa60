'use strict';

const { Stream } = require('node:stream');

const { callable, delay, object } = require('../../options/check.js');
const { clearTimeout, nextTick, setTimeout } = require('../../util/clock.js');
const { invalidType, peerError } = require('../../util/errors.js');
const { acceptKey } = require('../accept-key.js');
const { checkExtensions, optionsAndCallback } = require('../arguments.js');
const { checkHeaders } = require('../../options/headers.js');
const { OF_SERVERS } = require('../foreign-names.js');
const { acceptExtensions } = require('../negotiation.js');
const { http2StreamOf, refuseStream } = require('./http2.js');
const { checkOrigins, showOrigins } = require('./origins.js');
const { afterOwedResponses } = require('./owed-responses.js');
const { Refusal, ignore, refuse } = require('./refuse.js');
const { checkChoice } = require('../subprotocols.js');
const { checkNames } = require('../../options/names.js');
const { isTracing, trace } = require('../../util/trace.js');
const { readUpgradeRequest } = require('./upgrade-request.js');
const { upgraded } = require('../upgraded-streams.js');
const { heed } = require('./verdict.js');

/** Options that a `Server` has as well. */
const HANDSHAKE_OPTIONS = ['handshakeTimeout', 'headers', 'origins', 'protocols', 'shouldAccept'];

const HANDLE_OPTIONS = [...HANDSHAKE_OPTIONS, 'extensions', 'head', 'perMessageDeflate'];

/**
 * What `assignSocket` takes of an opening handshake.
 *
 * @typedef {import('../../../index').UpgradeResult<any>} Result
 */

/**
 * Gets an error, or `null`, the socket, what `assignSocket` takes and the response that is still to be written.
 *
 * @typedef {(error: Error | null, socket?: import('node:stream').Duplex, result?: Result, response?: string) => void}
 *   Callback
 */

/**
 * Answers a client's opening handshake (RFC 6455 §4.2). A request that is not upgraded gets a response
 * that says why, and its socket is closed.
 *
 * @param {import('node:http').IncomingMessage} req
 * @param {import('node:stream').Duplex} socket the `'upgrade'` event's
 * @param {...unknown} rest the options, see `docs/api.md`, and a callback, which gets an error, or
 *   `null`, the socket and what `assignSocket` takes; each may be left out
 * @throws {TypeError} if an argument is wrong
 */
function handleUpgradeRequest(req, socket, ...rest) {
  const [options, callback = ignore] = optionsAndCallback(rest);
  if (!Array.isArray(req?.rawHeaders)) {
    throw invalidType('The "req" argument', 'an http.IncomingMessage', req);
  }
  if (!(socket instanceof Stream)) {
    throw invalidType('The "socket" argument', 'a stream', socket);
  }
  const settings = checkHandleOptions(options);
  answer(req, socket, settings, (error, taken, assign, response) => {
    if (error === null) {
      taken?.write(String(response), 'latin1');
      callback(null, taken, assign);
    } else {
      callback(error);
    }
  });
}

/**
 * Decides on an opening handshake, and answers it if it is refused; or gives it up: nothing waits for the app's
 * functions longer than the client does, or `handshakeTimeout`.
 *
 * @param {import('node:http').IncomingMessage} req
 * @param {import('node:stream').Duplex} socket an old-style one may lack some methods
 * @param {Settings} settings
 * @param {Callback} callback called once, never before this returns
 * @returns {(refusal: Refusal) => void} refuses the request, unless its outcome is known
 */
function answer(req, socket, settings, callback) {
  const stream = http2StreamOf(req, socket);
  if (stream !== null) {
    const refusal = new Refusal(501, 'WebSockets over HTTP/2 are not supported');
    refuseStream(stream, refusal);
    nextTick(callback, errorOf(refusal));
    return () => {};
  }
  // Until it is assigned, nobody else hears what happens to it.
  socket.on('error', ignore);
  let isSettled = false;
  /** @type {NodeJS.Timeout | undefined} */
  let timer;
  /** @param {Parameters<Callback>} result */
  const settle = (...result) => {
    isSettled = true;
    clearTimeout(timer);
    socket.off('close', left);
    socket.off('end', left);
    nextTick(callback, ...result);
  };
  // A client that has ended its side does not wait for an answer.
  const left = () => {
    const message = 'The socket was closed before it was upgraded';
    settle(peerError(message, { code: 'ERR_WS_UPGRADE_ABORTED' }));
    socket.destroy?.();
  };
  /** @param {Refusal} refusal */
  const giveUp = (refusal) => {
    if (!isSettled) {
      refuse(req, socket, refusal);
      settle(errorOf(refusal));
    }
  };
  if (isOver(socket)) {
    left();
    return giveUp;
  }
  socket.once('close', left);
  socket.once('end', left);
  if (settings.timeout > 0) {
    timer = setTimeout(() => giveUp(late(settings.timeout)), settings.timeout).unref();
  }
  /** @param {Awaited<ReturnType<typeof decide>>} agreed */
  const accept = (agreed) => {
    if (isSettled) {
      return;
    }
    if (isOver(socket)) {
      left();
      return;
    }
    const { key, headers, ...assign } = agreed;
    upgraded.add(socket);
    settle(null, socket, { head: settings.head, ...assign }, switchingProtocols(key, assign, headers));
  };
  decide(req, settings).then(
    (agreed) => afterOwedResponses(socket, () => accept(agreed)),
    (reason) => giveUp(reason instanceof Refusal ? reason : failed(reason)),
  );
  return giveUp;
}

/**
 * Nothing can be said to the peer any more, or it has nothing to say.
 *
 * @param {import('node:stream').Duplex} socket
 */
function isOver(socket) {
  return socket.destroyed || socket.writable === false || socket.readableEnded;
}

/** A function of the app's failed: it is no client's business how. @param {unknown} cause */
function failed(cause) {
  const code = 'ERR_WS_UPGRADE_FAILED';
  return new Refusal(500, 'The request could not be looked at', { code, cause });
}

/** A function of the app's takes too long. @param {number} ms */
function late(ms) {
  const code = 'ERR_WS_HANDSHAKE_TIMEOUT';
  return new Refusal(503, `The request was not decided on within ${ms} ms`, { code });
}

/**
 * @param {Refusal} refusal
 * @returns {Error & { code: string, statusCode: number }}
 */
function errorOf({ status, message, code, cause }) {
  const error = peerError(message, { code, statusCode: status });
  return cause === undefined ? error : Object.assign(error, { cause });
}

/** @typedef {ReturnType<typeof checkHandleOptions>} Settings */

/**
 * Checks the options of an opening handshake.
 *
 * @param {unknown} options
 */
function checkHandleOptions(options = {}) {
  const given = object('The "options" argument', options);
  checkNames('handleUpgradeRequest', given, HANDLE_OPTIONS, OF_SERVERS);
  const { head, protocols, headers, shouldAccept } = given;
  const origins = given.origins ?? (() => true);
  if (head !== undefined && head !== null && !(head instanceof Uint8Array)) {
    throw invalidType('The "head" option', 'a Buffer or a Uint8Array', head);
  }
  return {
    head: head ?? undefined,
    choose: checkChoice('The "protocols" option', protocols ?? []),
    ...checkExtensions(given),
    headers: checkHeaders('The "headers" option', headers ?? {}),
    timeout: delay('The "handshakeTimeout" option', given.handshakeTimeout ?? 10_000),
    allowed: showOrigins(origins),
    isAllowed: checkOrigins('The "origins" option', origins),
    shouldAccept: callable('The "shouldAccept" option', shouldAccept ?? (() => true)),
    /** Gives a request in order its place, before the app's functions are asked; or throws a `Refusal`. */
    admit: ignore,
  };
}

/**
 * Looks at a request; the app's functions may take their time. `shouldAccept` is the last of them.
 *
 * @param {import('node:http').IncomingMessage} req
 * @param {Settings} settings
 * @returns {Promise<{ key: string, headers: [string, string][], protocol: string, extensions: string,
 *   data?: unknown }>} what has been agreed upon
 * @throws {Refusal | unknown} what is no Refusal has been thrown by the app's functions
 */
async function decide(req, settings) {
  const request = readUpgradeRequest(req);
  settings.admit();
  if (!(await settings.isAllowed(request.origin, req))) {
    if (isTracing) trace('the origin %j is not allowed by %s', request.origin ?? 'none', settings.allowed);
    throw new Refusal(403, 'The origin is not allowed', { code: 'ERR_WS_UPGRADE_REFUSED' });
  }
  const chosen = await settings.choose(request.protocols, req);
  const verdict = heed(await settings.shouldAccept(req));
  const protocol = chosenProtocol(request, chosen, verdict);
  const extensions = acceptExtensions(request, settings.extensions, settings.deflate);
  if (isTracing && request.extensions !== '') {
    trace('extensions: %j was offered, %j is accepted', request.extensions, extensions);
  }
  const data = 'data' in verdict ? { data: verdict.data } : {};
  return { key: request.key, headers: [...settings.headers, ...verdict.headers], protocol, extensions, ...data };
}

/**
 * @param {{ protocols: string[] }} request
 * @param {unknown} chosen what the `protocols` option has come to
 * @param {{ protocol?: unknown }} verdict what `shouldAccept` says of it goes before
 * @returns {string} `''` for none
 * @throws {TypeError} if it was not offered
 */
function chosenProtocol({ protocols }, chosen, verdict) {
  const [name, value] =
    verdict.protocol === undefined
      ? ['The result of "protocols"', chosen]
      : ['The protocol that "shouldAccept" returns', verdict.protocol];
  const protocol = /** @type {string} */ (value || '');
  if (protocol !== '' && !protocols.includes(protocol)) {
    throw invalidType(name, 'one of the offered subprotocols', protocol);
  }
  return protocol;
}

/**
 * @param {string} key
 * @param {{ protocol: string, extensions: string }} agreed
 * @param {[string, string][]} headers more of them
 * @returns {string} the response (RFC 6455 §4.2.2, item 5)
 */
function switchingProtocols(key, { protocol, extensions }, headers) {
  const lines = [
    ['Upgrade', 'websocket'],
    ['Connection', 'Upgrade'],
    ['Sec-WebSocket-Accept', acceptKey(key)],
    ...(protocol === '' ? [] : [['Sec-WebSocket-Protocol', protocol]]),
    ...(extensions === '' ? [] : [['Sec-WebSocket-Extensions', extensions]]),
    ...headers,
  ];
  const text = lines.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  return `HTTP/1.1 101 Switching Protocols\r\n${text}\r\n`;
}

module.exports = { HANDSHAKE_OPTIONS, answer, checkHandleOptions, handleUpgradeRequest };
