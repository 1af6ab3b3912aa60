'use strict';

const { AsyncResource } = require('node:async_hooks');

const { clearTimeout, nextTick, setTimeout } = require('../../util/clock.js');
const { abortError, onAbort } = require('../../util/abort.js');
const { optionsAndCallback } = require('../arguments.js');
const { clientBegan, clientEnded } = require('../diagnostics.js');
const { peerError } = require('../../util/errors.js');
const { headerValues } = require('../../options/headers.js');
const { ignore } = require('../server/refusal.js');
const { withChannelHeaders } = require('./channel-headers.js');
const { forOtherHost } = require('./other-host.js');
const { checkRequestOptions } = require('./request-options.js');
const { REDIRECTS, isSameHost, parseTarget, redirected } = require('./target.js');
const { isTracing, trace } = require('../../util/trace.js');
const { drop } = require('../../util/http2-stream.js');
const { requestHttp1 } = require('./http1-request.js');
const { Http2Request } = require('./http2-request.js');
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
 * @param {...unknown} rest the options, see `docs/api/upgrade.md`, and a callback, which gets an error, or
 *   `null`, the socket, what `assignSocket` takes, and the response; each may be left out
 * @throws {TypeError | RangeError} where an argument is wrong
 */
function createUpgradeRequest(url, ...rest) {
  const [options, callback = letGo] = optionsAndCallback(rest);
  requestUpgrade(url, options, /** @type {Callback} */ (callback), requestHttp1);
}

/**
 * The same for a `Client`, which may bring its own TLS.
 *
 * @param {import('./target.js').Place} url
 * @param {unknown} options
 * @param {Callback} callback
 * @param {typeof requestHttp1} requestSecured asks over TLS
 */
function requestUpgrade(url, options, callback, requestSecured) {
  const target = parseTarget(url);
  const settings = checkRequestOptions(options);
  new Handshake(settings, callback, requestSecured).begin(target);
}

/** Nobody has asked for the socket. @type {Callback} */
function letGo(_error, socket) {
  if (socket !== undefined) drop(socket);
}

/** One opening handshake, over all its redirects. */
class Handshake {
  #settings;
  #callback;
  #requestSecured;
  /** What is under way. @type {{ destroy(): void } | undefined} */
  #request;
  /** @type {NodeJS.Timeout | undefined} */
  #timer;
  /** @type {(() => void) | undefined} */
  #forget;
  #redirects = 0;
  #isSettled = false;
  /** What is published of it. @type {ReturnType<typeof clientBegan>} */
  #published = null;
  /** Settles with the response that refuses us, and as much of its body as has come; `null` without one.
   *  @type {(() => void) | null} */
  #refuse = null;

  /** @param {Settings} settings @param {Callback} callback @param {typeof requestHttp1} requestSecured asks over TLS */
  constructor(settings, callback, requestSecured) {
    this.#settings = settings;
    this.#requestSecured = requestSecured;
    // What it is settled by may be others' too, such as a session of HTTP/2.
    this.#callback = AsyncResource.bind(callback);
  }

  /** @param {Target} target */
  begin(target) {
    const { signal, timeout } = this.#settings;
    if (signal?.aborted) {
      this.#abort();
      return;
    }
    this.#published = clientBegan(target.href);
    const headers = withChannelHeaders(this.#settings.headers, this.#published);
    this.#settings = { ...this.#settings, headers };
    try {
      // Before a timer is set, because it throws where the app's options are none for `http.request`.
      this.#ask(target);
    } catch (error) {
      clientEnded(this.#published, { code: /** @type {NodeJS.ErrnoException} */ (error).code });
      throw error;
    }
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
    const settings = this.#settings;
    /** What comes of an earlier request is not heard any more. */
    const isCurrent = () => request !== undefined && request === this.#request;
    /** @type {import('./http1-request.js').Hears} */
    const hears = {
      upgraded: (res, socket, head, read) => this.#upgraded(res, socket, head, read),
      answered: (res, body) => this.#answered(target, res, body),
      failed: (error) => {
        if (!isCurrent()) {
          return;
        }
        if (this.#refuse === null) this.#settle(explained(error));
        else this.#refuse();
      },
    };
    const isHttp2 = settings.http2?.takes(target) === true;
    const requestOver = target.secure ? this.#requestSecured : requestHttp1;
    const request = isHttp2 ? new Http2Request(target, settings, hears) : requestOver(target, settings, hears);
    this.#request = request;
  }

  /**
   * The server has upgraded.
   *
   * @param {IncomingMessage} res
   * @param {import('node:stream').Duplex} socket
   * @param {Buffer | undefined} head
   * @param {() => import('./upgrade-response.js').Agreed} read
   */
  #upgraded(res, socket, head, read) {
    socket.on('error', ignore);
    if (this.#isSettled) {
      drop(socket);
      return;
    }
    let agreed;
    try {
      agreed = read();
    } catch (error) {
      this.#invalid(/** @type {Error} */ (error).message, res);
      drop(socket);
      return;
    }
    this.#request = undefined;
    upgraded.add(socket);
    if (isTracing && this.#settings.offer !== '') {
      trace('extensions: %j was offered, %j is accepted', this.#settings.offer, agreed.extensions);
    }
    this.#settle(null, socket, { head, mask: true, ...agreed }, res);
  }

  /**
   * The server has not upgraded.
   *
   * @param {Target} target
   * @param {IncomingMessage} res
   * @param {import('node:stream').Readable} body
   */
  #answered(target, res, body) {
    const { statusCode = 0 } = res;
    const [location] = headerValues(res, 'location');
    if (statusCode === 101) {
      this.#invalid('Upgrade or Connection is missing', res);
    } else if (REDIRECTS.has(statusCode) && location !== undefined && this.#settings.maxRedirects > 0) {
      this.#follow(target, location, res);
    } else {
      this.#refused(res, body);
    }
  }

  /** @param {string} why @param {IncomingMessage} res */
  #invalid(why, res) {
    const message = `The server's handshake is invalid: ${why}`;
    this.#fail('ERR_WS_INVALID_HANDSHAKE', message, factsOf(res));
  }

  /** The body explains the refusal: whatever becomes of it, status and headers are known.
   *  @param {IncomingMessage} res @param {import('node:stream').Readable} body */
  #refused(res, body) {
    /** @type {Buffer[]} */
    const chunks = [];
    let length = 0;
    /** @type {NodeJS.Timeout | undefined} */
    let patience;
    const finish = () => {
      clearTimeout(patience);
      // What is not delivered yet is with it: reading emits it.
      while (!this.#isSettled && body.read() !== null);
      const excerpt = Buffer.concat(chunks).subarray(0, EXCERPT).toString();
      const message = `The server has answered with status ${res.statusCode}`;
      this.#fail('ERR_WS_UNEXPECTED_RESPONSE', message, { ...factsOf(res), body: excerpt });
    };
    this.#refuse = finish;
    patience = setTimeout(finish, EXCERPT_PATIENCE);
    body.on('data', (chunk) => {
      chunks.push(chunk);
      length += chunk.length;
      if (length >= EXCERPT) finish();
    });
    for (const event of ['end', 'error', 'close']) body.on(event, finish);
  }

  /** @param {Target} from @param {string} location @param {IncomingMessage} res */
  #follow(from, location, res) {
    const to = redirected(from, location);
    // How the app makes connections, through a tunnel for example, is for the host that it has named.
    const { connect, http2 } = this.#settings;
    const isTunnelled = connect.createConnection !== undefined || http2?.isGiven === true;
    if (to === null || (isTunnelled && !isSameHost(from, to))) {
      const message = 'The server redirects to a URL that is not safe to follow';
      this.#fail('ERR_WS_UNSAFE_REDIRECT', message, factsOf(res));
      return;
    }
    if (this.#redirects === this.#settings.maxRedirects) {
      this.#fail('ERR_WS_TOO_MANY_REDIRECTS', 'The server redirects too many times', factsOf(res));
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
    const [error, , agreed, res] = result;
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
    if (error === null) {
      clientEnded(this.#published, { status: res?.statusCode, protocol: agreed?.protocol });
    } else {
      const { code, statusCode } = /** @type {Error & { code?: string, statusCode?: number }} */ (error);
      clientEnded(this.#published, { status: statusCode, code: code ?? error.name });
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

module.exports = { createUpgradeRequest, requestUpgrade };
