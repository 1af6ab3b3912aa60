'use strict';

const { kInner } = require('../connection/connection.js');
const { invalidType } = require('../util/errors.js');
const { sendToAll, sendToSome } = require('../transport/fan-out.js');

/**
 * @typedef {import('../connection/connection.js').Connection} Connection
 * @typedef {import('../connection/group.js').Group<Connection>} Group
 */

/**
 * The open connections that a `sid` argument addresses.
 *
 * @param {Group} group
 * @param {unknown} sid a sid, an array of sids, or `null` for all
 * @returns {Connection[]}
 * @throws {TypeError} if it is anything else
 */
function addressed({ views }, sid) {
  if (sid === null) {
    return views.all();
  }
  // A copy first: what an accessor in it does comes before anything is looked up.
  const sids = Array.isArray(sid) ? [...sid] : [sid];
  const found = [];
  for (const one of sids) {
    if (typeof one !== 'string') {
      throw invalidType('The "sid" argument', 'a string, an array of strings, or null', sid);
    }
    const connection = views.get(one);
    if (connection !== undefined) {
      found.push(connection);
    }
  }
  return found;
}

/**
 * Sends one frame to those whom `sid` addresses.
 *
 * @param {Group} group
 * @param {unknown} sid
 * @param {number} opcode
 * @param {string | ArrayBufferView} data
 * @param {boolean} compress whether permessage-deflate may compress it
 * @returns {number} how many connections that are
 */
function sendFrame(group, sid, opcode, data, compress) {
  if (sid === null) {
    return sendToAll(group, opcode, data, compress);
  }
  if (typeof sid === 'string') {
    // By far the most usual: no list is made for it.
    const connection = group.views.get(sid);
    connection?.[kInner].transport?.send(opcode, data, compress);
    return connection === undefined ? 0 : 1;
  }
  const connections = addressed(group, sid);
  sendToSome(connections, opcode, data, compress);
  return connections.length;
}

module.exports = { addressed, sendFrame };
