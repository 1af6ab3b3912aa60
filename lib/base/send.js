'use strict';

const { kInner } = require('../connection/connection.js');
const { addressed, addressedOne } = require('./addressed.js');
const { connectionsOf } = require('./publish.js');
const { sendToAudience, sendToSome, without } = require('../transport/fan-out.js');

/**
 * @typedef {import('../connection/connection.js').Connection} Connection
 * @typedef {import('../connection/group.js').Group<Connection>} Group
 */

/**
 * Sends a message, or a ping, to the connections that `sid` names.
 *
 * @param {Group} group
 * @param {string} call the method that it is for
 * @param {unknown} sid
 * @param {number} opcode
 * @param {string | ArrayBufferView} data
 * @param {boolean} compress whether permessage-deflate may compress it
 * @param {number} [fragment] most bytes of payload of each frame that a message is cut into
 * @param {readonly string[]} [except] sids of those who do not get it
 * @returns {number} how many connections that are
 */
function sendFrame(group, call, sid, opcode, data, compress, fragment = Infinity, except = []) {
  const left = except.length === 0 ? null : connectionsOf(group, except);
  if (sid === null) {
    const { id, streams, views } = group;
    const { size } = views;
    if (left === null || left.length < size) {
      sendToAudience({ id, size, streams }, left, opcode, data, compress, fragment, false);
    }
    return size - (left?.length ?? 0);
  }
  if (typeof sid === 'string') {
    // By far the most usual: no list is made for it.
    const connection = addressedOne(group, call, sid);
    if (connection === undefined || left?.includes(connection)) {
      return 0;
    }
    connection[kInner].transport?.send(opcode, data, compress, fragment);
    return 1;
  }
  const connections = without(addressed(group, call, sid), left);
  sendToSome(connections, opcode, data, compress, fragment);
  return connections.length;
}

module.exports = { sendFrame };
