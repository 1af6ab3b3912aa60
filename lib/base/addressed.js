'use strict';

const { invalidType } = require('../util/errors.js');

/** What every sid looks like: see `newSid`. */
const SID = /^[\w-]{16}$/;

/** Calls that a warning has been emitted for. @type {Set<string>} */
const warned = new Set();

/**
 * @typedef {import('../connection/connection.js').Connection} Connection
 * @typedef {import('../connection/group.js').Group<Connection>} Group
 */

/**
 * The open connections that a `sid` argument addresses, each once.
 *
 * @param {Group} group
 * @param {string} call the method that got it
 * @param {unknown} sid a sid, an array of sids, or `null` for all
 * @returns {Connection[]}
 * @throws {TypeError} if it is anything else
 */
function addressed(group, call, sid) {
  if (sid === null) {
    return group.views.all();
  }
  // A copy first: what an accessor in it does comes before anything is looked up.
  const sids = Array.isArray(sid) ? new Set(sid) : [sid];
  const found = [];
  for (const one of sids) {
    const connection = addressedOne(group, call, one);
    if (connection !== undefined) {
      found.push(connection);
    }
  }
  return found;
}

/**
 * The open connection of a sid.
 *
 * @param {Group} group
 * @param {string} call the method that got it
 * @param {unknown} sid
 * @returns {Connection | undefined}
 * @throws {TypeError} if it is neither a string nor `undefined`
 */
function addressedOne({ views }, call, sid) {
  if (typeof sid === 'string') {
    const connection = views.get(sid);
    if (connection === undefined && !SID.test(sid)) {
      warn(call, 'a string that is no sid');
    }
    return connection;
  }
  if (sid !== undefined) {
    throw invalidType('The "sid" argument', 'a string, an array of strings, or null', sid);
  }
  warn(call, 'undefined');
  return undefined;
}

/**
 * Says that a call can reach nobody: its arguments are swapped, or a look-up has failed. The string is not shown, for
 * it may be a message.
 *
 * @param {string} call
 * @param {string} what it got
 */
function warn(call, what) {
  if (!warned.has(call)) {
    warned.add(call);
    const message = `${call}() got ${what} instead of a sid, so it reaches nobody; null means all connections`;
    process.emitWarning(message, { type: 'WebSocketWarning', code: 'WS_NO_SID' });
  }
}

module.exports = { addressed, addressedOne };
