'use strict';

const { checkOption } = require('../connection/options.js');
const { boolean, object } = require('../options/check.js');
const { sendToAudience } = require('../transport/fan-out.js');
const { invalidType } = require('../util/errors.js');

/**
 * @typedef {import('../connection/connection.js').Connection} Connection
 * @typedef {import('../connection/group.js').Group<Connection>} Group
 * @typedef {import('../connection/topics.js').How} How
 */

/** No sids. @type {readonly string[]} */
const NOBODY = Object.freeze([]);

/**
 * How a message goes to a topic if no option says anything.
 *
 * @param {number} fragment most bytes of payload of a frame
 * @returns {How}
 */
function usual(fragment) {
  return { compress: true, fragment, volatile: false, except: NOBODY, local: false };
}

/**
 * Checks the options of `publish`.
 *
 * @param {unknown} options
 * @param {number} standing most bytes of payload of a frame, if the options say nothing of that
 * @returns {How}
 * @throws {TypeError | RangeError} naming the option that is wrong
 */
function checkPublishOptions(options = {}, standing = Infinity) {
  const given = object('The "options" argument', options);
  const { compress = true, fragment = standing, except, local = false, volatile: isVolatile = false } = given;
  return {
    compress: boolean('The "compress" option', compress),
    fragment: checkOption('fragment', fragment),
    except: checkExcept(except),
    local: boolean('The "local" option', local),
    volatile: boolean('The "volatile" option', isVolatile),
  };
}

/**
 * Checks who is not to get a message.
 *
 * @param {unknown} except a sid, or an array of them
 * @returns {readonly string[]} a copy
 * @throws {TypeError} if it is anything else
 */
function checkExcept(except) {
  if (except === undefined) {
    return NOBODY;
  }
  const sids = Array.isArray(except) ? [...except] : [except];
  if (!sids.every((sid) => typeof sid === 'string')) {
    throw invalidType('The "except" option', 'a string or an array of strings', except);
  }
  return sids;
}

/**
 * The open connections of sids; those that are unknown are skipped.
 *
 * @param {Group} group
 * @param {readonly string[]} sids
 * @param {Set<Connection>} [among] those of which they have to be
 * @returns {Connection[] | null} each once; `null` if there are none
 */
function connectionsOf({ views }, sids, among) {
  const found = [];
  // By far the most usual is one sid: no Set is made for it.
  for (const sid of sids.length > 1 ? new Set(sids) : sids) {
    const connection = views.get(sid);
    if (connection !== undefined && (among === undefined || among.has(connection))) {
      found.push(connection);
    }
  }
  return found.length === 0 ? null : found;
}

/**
 * Sends a message to all connections here that subscribe to a topic.
 *
 * @param {Group} group
 * @param {string} name
 * @param {number} opcode
 * @param {string | ArrayBufferView} data
 * @param {How} how
 * @returns {number} how many connections that are
 */
function deliver(group, name, opcode, data, { compress, fragment, volatile: isVolatile, except }) {
  const topic = group.topics.get(name);
  if (topic === undefined) {
    return 0;
  }
  const { id, subscribers, streams } = topic;
  const left = except.length === 0 ? null : connectionsOf(group, except, subscribers);
  const { size } = subscribers;
  const count = size - (left?.length ?? 0);
  if (count > 0) {
    sendToAudience({ id, size, streams }, left, opcode, data, compress, fragment, isVolatile);
  }
  group.counters.deliveries += count;
  group.counters.messagesSent += count;
  return count;
}

module.exports = { checkExcept, checkPublishOptions, connectionsOf, deliver, usual };
