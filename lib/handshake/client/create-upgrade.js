'use strict';

const { randomBytes } = require('node:crypto');
const http = require('node:http');
const https = require('node:https');

const { clearTimeout, nextTick, setTimeout } = require('../../util/clock.js');
const { abortError, onAbort } = require('../../util/abort.js');
const { optionsAndCallback } = require('../arguments.js');
const { peerError } = require('../../util/errors.js');
const { headerValues } = require('../../options/headers.js');
const { ignore } = require('../server/refuse.js');
const { forOtherHost } = require('./other-host.js');
const { checkRequestOptions } = require('./request-options.js');
const { REDIRECTS, isSameHost, parseTarget, redirected } = require('./target.js');
const { isTracing, trace } = require('../../util/trace.js');
const { VERSION } = require('../server/upgrade-request.js');
const { readUpgradeResponse } = require('./upgrade-response.js');
const { upgraded } = require('../upgraded-streams.js');

/** How many bytes of a response that refuses us are kept. */
const EXCERPT = 1024;

/** How long, in ms, they are waited for. */
const EXCERPT_PATIENCE = 1_000;

/** @typedef {import('node:http').IncomingMessage} IncomingMessage */
/** @typedef {import('./target.js').Target} Target */
/** @typedef {import('./request-options.js').Settings} Settings */

/**
 * Gets an error, or `null`, the socket, what `assignSocket` takes, and the response.
 *
 * @typedef {(error: Error | null, socket?: import('node:stream').Duplex,
 *   result?: import('../../../index').UpgradeResult, res?: IncomingMessage) => void} Callback
 */

/**
 * Begins a client's opening handshake (RFC 6455 §4.1).
 *
 * @param {import('./target.js').Place} url
 * @param {...unknown} rest the options, see `docs/api.md`, and a callback, which gets an error, or
 *   `null`, the socket, what `assignSocket` takes, and the response; each may be left out
 * @throws {TypeError | RangeError} where an argument is wrong
 */
function createUpgradeRequest(url, ...rest) {
  const [options, callback = letGo] = optionsAndCallback(rest);
  const target = parseTarget(url);
  const settings = checkRequestOptions(options);
  new Handshake(settings, /** @type {Callback} */ (callback)).begin(target);
}

/** Nobody has asked for the socket. @type {Callback} */
function letGo(_error, socket) {
  socket?.destroy();
}

/** One opening handshake, over all its redirects. */
class Handshake {
  #settings;
  #callback;
  /** @type {import('node:http').ClientRequest | undefined} */
  #request;
  /** @type {NodeJS.Timeout | undefined} */
  #timer;
  /** @type {(() => void) | undefined} */
  #forget;
  #redirects = 0;
  #isSettled = false;
  /** Settles with the response that refuses us, and as much of its body as has come; `null` without one.
   *  @type {(() => void) | null} */
  #refuse = null;

  /** @param {Settings} settings @param {Callback} callback */
  constructor(settings, callback) {
    this.#settings = settings;
    this.#callback = callback;
  }

  /** @param {Target} target */
  begin(target) {
    const { signal, timeout } = this.#settings;
    if (signal?.aborted) {
      this.#abort();
      return;
    }
    // First of all, because it throws where the app's options are none for `http.request`.
    this.#ask(target);
    if (timeout > 0) {
      const message = `The opening handshake has taken more than ${timeout} ms`;
      const late = () => (this.#refuse === null ? this.#fail('ERR_WS_HANDSHAKE_TIMEOUT', message) : this.#refuse());
      this.#timer = setTimeout(late, timeout).unref();
    }
    this.#forget = signal && onAbort(signal, () => this.#abort());
  }

  /** The app has aborted it. */
  #abort() {
    this.#settle(abortError(/** @type {AbortSignal} */ (this.#settings.signal)));
  }

  /** Sends a request. @param {Target} target */
  #ask(target) {
    const { agent, connect, headers, offer, protocols } = this.#settings;
    const key = randomBytes(16).toString('base64');
    /** @type {Record<string, string | string[]>} */
    const lines = { Upgrade: 'websocket', Connection: 'Upgrade' };
    for (const [name, value] of headers) {
      lines[name] = lines[name] === undefined ? value : [lines[name], value].flat();
    }
    Object.assign(lines, { 'Sec-WebSocket-Version': VERSION, 'Sec-WebSocket-Key': key });
    if (protocols.length > 0) {
      lines['Sec-WebSocket-Protocol'] = protocols.join(', ');
    }
    if (offer !== '') {
      lines['Sec-WebSocket-Extensions'] = offer;
    }
    const { auth, path, secure, where } = target;
    const options = { ...connect, ...where, agent, auth, path, headers: lines };
    const request = (secure ? https : http).request(options);
    this.#request = request;
    request.on('error', (error) => {
      if (request !== this.#request) {
        return;
      }
      if (this.#refuse === null) this.#settle(explained(error));
      else this.#refuse();
    });
    request.on('upgrade', (res, socket, head) => this.#upgraded(res, socket, head, key));
    request.on('response', (res) => this.#answered(target, res));
    request.end();
  }

  /**
   * The server has upgraded.
   *
   * @param {IncomingMessage} res
   * @param {import('node:stream').Duplex} socket
   * @param {Buffer} head
   * @param {string} key that was sent
   */
  #upgraded(res, socket, head, key) {
    socket.on('error', ignore);
    if (this.#isSettled) {
      socket.destroy();
      return;
    }
    let agreed;
    try {
      agreed = readUpgradeResponse(res, key, this.#settings);
    } catch (error) {
      this.#invalid(/** @type {Error} */ (error).message, res);
      socket.destroy();
      return;
    }
    this.#request = undefined;
    upgraded.add(socket);
    if (isTracing && this.#settings.offer !== '') {
      trace('extensions: %j was offered, %j is accepted', this.#settings.offer, agreed.extensions);
    }
    this.#settle(null, socket, { head, mask: true, ...agreed }, res);
  }

  /** The server has not upgraded. @param {Target} target @param {IncomingMessage} res */
  #answered(target, res) {
    const { statusCode = 0 } = res;
    const [location] = headerValues(res, 'location');
    if (statusCode === 101) {
      this.#invalid('Upgrade or Connection is missing', res);
    } else if (REDIRECTS.has(statusCode) && location !== undefined && this.#settings.maxRedirects > 0) {
      this.#follow(target, location, res);
    } else {
      this.#refused(res);
    }
  }

  /** @param {string} why @param {IncomingMessage} res */
  #invalid(why, res) {
    const message = `The server's handshake is invalid: ${why}`;
    this.#fail('ERR_WS_INVALID_HANDSHAKE', message, factsOf(res));
  }

  /** The body explains the refusal: whatever becomes of it, status and headers are known.
   *  @param {IncomingMessage} res */
  #refused(res) {
    /** @type {Buffer[]} */
    const chunks = [];
    let length = 0;
    /** @type {NodeJS.Timeout | undefined} */
    let patience;
    const finish = () => {
      clearTimeout(patience);
      // What is not delivered yet is with it: reading emits it.
      while (!this.#isSettled && res.read() !== null);
      const body = Buffer.concat(chunks).subarray(0, EXCERPT).toString();
      const message = `The server has answered with status ${res.statusCode}`;
      this.#fail('ERR_WS_UNEXPECTED_RESPONSE', message, { ...factsOf(res), body });
    };
    this.#refuse = finish;
    patience = setTimeout(finish, EXCERPT_PATIENCE);
    res.on('data', (chunk) => {
      chunks.push(chunk);
      length += chunk.length;
      if (length >= EXCERPT) finish();
    });
    for (const event of ['end', 'error', 'close']) res.on(event, finish);
  }

  /** @param {Target} from @param {string} location @param {IncomingMessage} res */
  #follow(from, location, res) {
    const to = redirected(from, location);
    // How the app makes connections, through a tunnel for example, is for the host that it has named.
    const isTunnelled = this.#settings.connect.createConnection !== undefined;
    if (to === null || (isTunnelled && !isSameHost(from, to))) {
      const message = 'The server redirects to where it is not safe to follow';
      this.#fail('ERR_WS_UNSAFE_REDIRECT', message, factsOf(res));
      return;
    }
    if (this.#redirects === this.#settings.maxRedirects) {
      this.#fail('ERR_WS_TOO_MANY_REDIRECTS', 'The server redirects once too often', factsOf(res));
      return;
    }
    this.#redirects++;
    if (!isSameHost(from, to)) {
      this.#settings = forOtherHost(this.#settings);
    }
    const request = this.#request;
    try {
      this.#ask(to);
    } catch (error) {
      // An agent of the app's, for example, that is for the other protocol.
      this.#settle(/** @type {Error} */ (error));
    }
    request?.destroy();
  }

  /** @param {string} code @param {string} message @param {object} [facts] */
  #fail(code, message, facts) {
    this.#settle(peerError(message, { code, ...facts }));
  }

  /** @param {Parameters<Callback>} result */
  #settle(...result) {
    const [error] = result;
    if (this.#isSettled) {
      return;
    }
    this.#isSettled = true;
    clearTimeout(this.#timer);
    this.#forget?.();
    if (isTracing && error !== null) {
      const { code, message } = /** @type {NodeJS.ErrnoException} */ (error);
      trace('a handshake has failed, %s: %j', code, message);
    }
    if (error !== null) {
      this.#request?.destroy();
    }
    nextTick(this.#callback, ...result);
  }
}

/** What an error says of a response. @param {IncomingMessage} res */
function factsOf({ statusCode, headers }) {
  return { statusCode, headers };
}

/**
 * Where a host has several addresses, none of which answers, Node's error has them, and no message.
 *
 * @param {Error & { errors?: Error[] }} error
 * @returns {Error}
 */
function explained(error) {
  if (error.message === '' && Array.isArray(error.errors)) {
    error.message = error.errors.map(({ message }) => message).join('; ');
  }
  return error;
}

module.exports = { createUpgradeRequest };
