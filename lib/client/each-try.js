'use strict';

const { HANDSHAKE_TIMEOUT } = require('../handshake/client/request-options.js');
const { abortError, onAbort } = require('../util/abort.js');
const { clearTimeout, setTimeout } = require('../util/clock.js');
const { peerError } = require('../util/errors.js');

/** Options that are functions by nature; any other that is one is asked for each try. */
const FUNCTIONS = new Set(['checkServerIdentity', 'createConnection', 'lookup']);

/** Options of a whole `open`, and not of one try. */
const OF_ALL_TRIES = new Set(['agent', 'handshakeTimeout', 'maxRedirects', 'signal']);

/** @param {[string, unknown]} option @returns {boolean} whether it is asked for each try */
function isAsked([name, value]) {
  return typeof value === 'function' && !FUNCTIONS.has(name) && !OF_ALL_TRIES.has(name);
}

/**
 * The options that can be checked before the first try.
 *
 * @param {object} options
 * @returns {Record<string, unknown>}
 */
function fixed(options) {
  return Object.fromEntries(Object.entries(options).filter((option) => !isAsked(option)));
}

/**
 * The options of one try.
 *
 * @template {object} O
 * @param {O} options
 * @param {AbortSignal} signal
 * @returns {O | Promise<O>} a Promise if the app's functions are to be asked, which may take their time
 */
function ofThisTry(options, signal) {
  const asked = Object.entries(options).filter(isAsked);
  if (asked.length === 0) {
    return options;
  }
  const answered = Promise.all(asked.map(async ([name, ask]) => [name, await ask()]));
  const { handshakeTimeout = HANDSHAKE_TIMEOUT } = /** @type {{ handshakeTimeout?: number }} */ (options);
  return within(handshakeTimeout, signal, answered).then((answers) => ({
    ...options,
    ...Object.fromEntries(answers),
  }));
}

/**
 * What a Promise of the app's gives, which may never settle.
 *
 * @template T
 * @param {number} timeout ms; 0 for no limit
 * @param {AbortSignal} signal
 * @param {Promise<T>} promise
 * @returns {Promise<T>}
 */
function within(timeout, signal, promise) {
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(abortError(signal));
      return;
    }
    const late = () => {
      const message = `The functions in the options have taken more than ${timeout} ms`;
      end(() => reject(peerError(message, { code: 'ERR_WS_HANDSHAKE_TIMEOUT' })));
    };
    const timer = timeout > 0 ? setTimeout(late, timeout) : undefined;
    const forget = onAbort(signal, () => end(() => reject(abortError(signal))));
    /** @param {() => void} act */
    function end(act) {
      clearTimeout(timer);
      forget();
      act();
    }
    promise.then(
      (value) => end(() => resolve(value)),
      (error) => end(() => reject(error)),
    );
  });
}

module.exports = { fixed, ofThisTry };
