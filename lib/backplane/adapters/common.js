'use strict';

const { object } = require('../../options/check.js');
const { setTimeout } = require('../../util/clock.js');
const { failure, invalidType } = require('../../util/errors.js');

/** @typedef {import('../../../index').BackplaneEvents} BackplaneEvents */

/** Longest delay between two tries to connect, in ms. */
const LONGEST_DELAY = 1000;

/** It has no `/`, which stands between it and a topic: no two apps have one channel. */
const PREFIX = /^(?=.{1,64}$)[\w-]+(?:[.:][\w-]+)*$/;

/**
 * Checks the options of an adapter.
 *
 * @param {unknown} options
 * @returns {string} the prefix
 */
function checkPrefix(options = {}) {
  const { prefix = 'websockets' } = object('The "options" argument', options);
  if (typeof prefix !== 'string' || !PREFIX.test(prefix)) {
    const allowed = "words of letters, digits, '_' and '-' with '.' or ':' between them, at most 64 characters";
    throw invalidType('The "prefix" option', allowed, prefix);
  }
  return prefix;
}

/**
 * The connections of an adapter: the broker is there while all of them are.
 */
class Connections {
  /** Names of those that are not there. @type {Set<string>} */
  #missing;
  #events;
  /** Why the broker could not be reached, as far as is known. */
  #error = new Error('the connection to the broker was lost');
  #isClosed = false;

  /**
   * @param {BackplaneEvents} events
   * @param {string[]} names
   */
  constructor(events, names) {
    this.#events = events;
    this.#missing = new Set(names);
  }

  get isUp() {
    return this.#missing.size === 0 && !this.#isClosed;
  }

  get isClosed() {
    return this.#isClosed;
  }

  /** @param {string} name */
  ready(name) {
    if (this.#missing.delete(name) && this.isUp) this.#events.up();
  }

  /** @param {Error} error of a connection, which may end or not be there at all */
  failed(error) {
    this.#error = error;
  }

  /** @param {string} name */
  gone(name) {
    this.#missing.add(name);
    if (!this.#isClosed) this.#events.down(this.#error);
  }

  /** The app has closed the backplane. */
  close() {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#events.down(new Error('the backplane was closed'));
  }
}

/**
 * @template T
 * @param {T | null} value what an adapter has from `start` on
 * @returns {T}
 */
function started(value) {
  if (value === null) throw new Error('the backplane was not started');
  return value;
}

/**
 * Sees to it that an adapter is used by one `Base`.
 *
 * @param {unknown} before what `start` sets
 */
function checkUnused(before) {
  if (before !== null) throw new Error('A backplane serves one Base: make one for each');
}

/**
 * Loads a library that the app has installed.
 *
 * @param {string[]} names of those that can be used
 * @returns {[string, unknown]} the name of the first that is there, and what it exports
 * @throws {Error} `ERR_WS_NO_CLIENT_LIBRARY` if none is
 */
function load(names) {
  for (const name of names) {
    try {
      return [name, require(name)];
    } catch (error) {
      const { code, message } = /** @type {NodeJS.ErrnoException} */ (error);
      // It may be there, and lack something itself.
      if (code !== 'MODULE_NOT_FOUND' || !message.includes(`'${name}'`)) throw error;
    }
  }
  const install = names.map((name) => `npm install ${name}`).join(' or ');
  throw failure('ERR_WS_NO_CLIENT_LIBRARY', `The client library of the broker is not installed: ${install}`);
}

/** @param {number} ms @returns {Promise<void>} */
function pause(ms) {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}

/** @param {number} times from 1 on @returns {number} ms until the next try to connect */
function retryDelay(times) {
  return Math.min(50 * times, LONGEST_DELAY);
}

/** @param {Uint8Array} bytes @returns {Buffer} a view */
function bufferOf({ buffer, byteOffset, byteLength }) {
  return Buffer.from(buffer, byteOffset, byteLength);
}

module.exports = { Connections, bufferOf, checkPrefix, checkUnused, load, pause, retryDelay, started };
