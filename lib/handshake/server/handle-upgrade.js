'use strict';

const { Stream } = require('node:stream');

const { callable, delay, object } = require('../../options/check.js');
const { clearTimeout, nextTick, setTimeout } = require('../../util/clock.js');
const { invalidType, peerError } = require('../../util/errors.js');
const { checkExtensions, optionsAndCallback } = require('../arguments.js');
const { checkHeaders } = require('../../options/headers.js');
const { requestBegan } = require('../diagnostics.js');
const { OF_SERVERS } = require('../foreign-names.js');
const { acceptExtensions } = require('../negotiation.js');
const { openingOf } = require('./opening.js');
const { checkOrigins, showOrigins } = require('./origins.js');
const { Refusal, ignore } = require('./refusal.js');
const { checkChoice } = require('../subprotocols.js');
const { checkNames } = require('../../options/names.js');
const { isTracing, trace } = require('../../util/trace.js');
const { readNewcomer } = require('./upgrade-request.js');
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
 * Gets an error, or `null`, the socket, what `assignSocket` takes, and what writes the response, which is still to be
 * done.
 *
 * @typedef {(error: Error | null, socket?: import('node:stream').Duplex, result?: Result, accept?: () => void) => void}
 *   Callback
 */

/** @typedef {import('../../../index').UpgradeRequest} UpgradeRequest */
/** @typedef {import('./upgrade-request.js').Newcomer} Newcomer */

/**
 * Answers a client's opening handshake (RFC 6455 §4.2, RFC 8441 §5). A request that is not upgraded gets a response
 * that says why, and its socket is closed.
 *
 * @param {UpgradeRequest} req
 * @param {import('node:stream').Duplex} socket the `'upgrade'` event's, or the stream of a request over HTTP/2
 * @param {...unknown} rest the options, see `docs/api/upgrade.md`, and a callback, which gets an error, or
 *   `null`, the socket and what `assignSocket` takes; each may be left out
 * @throws {TypeError} if an argument is wrong
 */
function handleUpgradeRequest(req, socket, ...rest) {
  const [options, callback = ignore] = optionsAndCallback(rest);
  if (!Array.isArray(req?.rawHeaders)) {
    throw invalidType('The "req" argument', 'an http.IncomingMessage or an http2.Http2ServerRequest', req);
  }
  if (!(socket instanceof Stream)) {
    throw invalidType('The "socket" argument', 'a stream', socket);
  }
  const settings = checkHandleOptions(options);
  answer(req, socket, settings, (error, taken, assign, accept) => {
    if (error === null) {
      accept?.();
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
 * @param {UpgradeRequest} req
 * @param {import('node:stream').Duplex} given the socket, or over HTTP/2 the stream
 * @param {Settings} settings
 * @param {Callback} callback called once, never before this returns
 * @param {() => Decision | Promise<Decision>} [decided] what was decided on by `decideOn`
 * @returns {(refusal: Refusal) => void} refuses the request, unless its outcome is known
 */
function answer(req, given, settings, callback, decided) {
  const opening = openingOf(req, given);
  const socket = opening.stream;
  if (decided === undefined) requestBegan(req, settings.route);
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
    opening.abandon();
  };
  /** @param {Refusal} refusal */
  const giveUp = (refusal) => {
    if (!isSettled) {
      opening.refuse(refusal);
      settle(errorOf(refusal));
    }
  };
  if (opening.isOver) {
    left();
    return giveUp;
  }
  socket.once('close', left);
  socket.once('end', left);
  if (settings.timeout > 0) {
    timer = setTimeout(() => giveUp(late(settings.timeout)), settings.timeout).unref();
  }
  /** @param {Decision} agreed */
  const accept = (agreed) => {
    if (isSettled) {
      return;
    }
    if (opening.isOver) {
      left();
      return;
    }
    const { key, headers, ...assign } = agreed;
    upgraded.add(socket);
    settle(null, socket, { head: settings.head, ...assign }, () => opening.accept({ key, headers, ...assign }));
  };
  const look = decided ?? (() => decide(req, () => opening.read(), settings));
  Promise.resolve()
    // If it was given up by now, the app is not asked.
    .then(() => (isSettled ? null : look()))
    .then(
      (agreed) => agreed !== null && opening.whenDue(() => accept(agreed)),
      (reason) => giveUp(reason instanceof Refusal ? reason : failed(reason)),
    );
  return giveUp;
}

/** A function of the app's failed: it is no client's business how. @param {unknown} cause */
function failed(cause) {
  const code = 'ERR_WS_UPGRADE_FAILED';
  return new Refusal(500, 'The server could not decide on the request', { code, cause });
}

/** A function of the app's takes too long. @param {number} ms */
function late(ms) {
  const code = 'ERR_WS_HANDSHAKE_TIMEOUT';
  return new Refusal(503, `The server did not decide on the request within ${ms} ms`, { code });
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
    /** The path that the app calls its own. @type {string | undefined} */
    route: undefined,
  };
}

/**
 * What has been agreed on.
 *
 * @typedef {{ key: string | null, headers: [string, string][], protocol: string, extensions: string, data?: unknown }}
 *   Decision
 */

/**
 * Looks at a request; the app's functions may take their time. `shouldAccept` is the last of them.
 *
 * @param {UpgradeRequest} req
 * @param {() => import('./types').Asked} read
 * @param {Settings} settings
 * @returns {Decision | Promise<Decision>} at once, if none of those functions takes its time
 * @throws {Refusal | unknown} what is no Refusal has been thrown by the app's functions
 */
function decide(req, read, settings) {
  const request = read();
  settings.admit();
  return after(settings.isAllowed(request.origin, req), (isAllowed) => {
    if (!isAllowed) {
      if (isTracing) trace('the origin %j is not allowed by %s', request.origin ?? 'none', settings.allowed);
      throw new Refusal(403, 'The origin is not allowed', { code: 'ERR_WS_UPGRADE_REFUSED' });
    }
    return after(settings.choose(request.protocols, req), (chosen) =>
      after(settings.shouldAccept(req), (verdict) => agree(request, chosen, heed(verdict), settings)),
    );
  });
}

/**
 * @template T
 * @param {unknown} value of a function of the app's, or a Promise of it
 * @param {(value: unknown) => T | Promise<T>} next
 * @returns {T | Promise<T>}
 */
function after(value, next) {
  // As `await` has it, a function may be one as well, and `then` is read once.
  const then = Object(value) === value ? /** @type {{ then?: unknown }} */ (value).then : undefined;
  if (typeof then !== 'function') return next(value);
  return new Promise((resolve, reject) => then.call(value, resolve, reject)).then(next);
}

/**
 * @param {import('./types').Asked} request
 * @param {unknown} chosen
 * @param {ReturnType<typeof heed>} verdict
 * @param {Settings} settings
 * @returns {Decision}
 */
function agree(request, chosen, verdict, settings) {
  const protocol = chosenProtocol(request, chosen, verdict);
  const extensions = acceptExtensions(request, settings.extensions, settings.deflate);
  if (isTracing && request.extensions !== '') {
    trace('extensions: %j was offered, %j is accepted', request.extensions, extensions);
  }
  const decision = { key: request.key, headers: [...settings.headers, ...verdict.headers], protocol, extensions };
  return 'data' in verdict ? { ...decision, data: verdict.data } : decision;
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
 * The same for one that Rust has accepted, as far as nothing has to be waited for.
 *
 * @param {Newcomer} newcomer
 * @param {Settings} settings
 * @returns {Decision | Promise<Decision>}
 * @throws {Refusal | unknown}
 */
function decideOn(newcomer, settings) {
  requestBegan(newcomer.req, settings.route, { remoteAddress: newcomer.remoteAddress, encrypted: newcomer.encrypted });
  return decide(newcomer.req, () => readNewcomer(newcomer), settings);
}

module.exports = { after, HANDSHAKE_OPTIONS, answer, checkHandleOptions, decideOn, handleUpgradeRequest };
