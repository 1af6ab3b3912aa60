'use strict';

const { kInner } = require('../connection/connection.js');
const { addressed, addressedOne } = require('./addressed.js');
const { sendToAll, sendToSome } = require('../transport/fan-out.js');

/**
 * @typedef {import('../connection/connection.js').Connection} Connection
 * @typedef {import('../connection/group.js').Group<Connection>} Group
 */

/**
 * Sends a message, or a ping, to those whom `sid` addresses.
 *
 * @param {Group} group
 * @param {string} call the method that it is for
 * @param {unknown} sid
 * @param {number} opcode
 * @param {string | ArrayBufferView} data
 * @param {boolean} compress whether permessage-deflate may compress it
 * @param {number} [fragment] most bytes of payload of each frame that a message is cut into
 * @returns {number} how many connections that are
 */
function sendFrame(group, call, sid, opcode, data, compress, fragment = Infinity) {
  if (sid === null) {
    return sendToAll(group, opcode, data, compress, fragment);
  }
  if (typeof sid === 'string') {
    // By far the most usual: no list is made for it.
    const connection = addressedOne(group, call, sid);
    connection?.[kInner].transport?.send(opcode, data, compress, fragment);
    return connection === undefined ? 0 : 1;
  }
  const connections = addressed(group, call, sid);
  sendToSome(connections, opcode, data, compress, fragment);
  return connections.length;
}

module.exports = { sendFrame };
