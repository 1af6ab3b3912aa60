'use strict';

const { OPEN, kInner } = require('../connection/connection.js');
const native = require('../native/native.js');
const { broadcast, sendFrames } = require('./socket/commands.js');
const { SocketTransport } = require('./socket/socket-transport.js');

/** @typedef {import('../connection/connection.js').Connection} Connection */

/**
 * Sends one frame to all open connections of a group.
 *
 * @param {import('../connection/group.js').Group<Connection>} group
 * @param {number} opcode
 * @param {string | ArrayBufferView} data
 * @param {boolean} compress whether permessage-deflate may compress it
 * @param {number} fragment most bytes of payload of a frame
 * @returns {number} how many connections that are
 */
function sendToAll(group, opcode, data, compress, fragment) {
  const count = group.views.size;
  if (count > group.streams.size) {
    broadcast(group.id, opcode, data, compress, fragment);
  }
  sendOneByOne([...group.streams], opcode, data, compress, fragment);
  return count;
}

/**
 * Sends one frame to some open connections.
 *
 * @param {Connection[]} connections
 * @param {number} opcode
 * @param {string | ArrayBufferView} data
 * @param {boolean} compress
 * @param {number} fragment most bytes of payload of a frame
 */
function sendToSome(connections, opcode, data, compress, fragment) {
  const slots = [];
  const others = [];
  for (const connection of connections) {
    const { transport } = connection[kInner];
    if (connections.length > 1 && transport instanceof SocketTransport) {
      slots.push(transport.slot);
    } else {
      others.push(connection);
    }
  }
  if (slots.length > 0) {
    sendFrames(slots, opcode, data, compress, fragment);
  }
  sendOneByOne(others, opcode, data, compress, fragment);
}

/**
 * Sends one frame to each of some connections. Extensions and old-style streams run meanwhile: they may close
 * connections that have not had their turn, and nothing follows a close frame (RFC 6455 §5.5.1). They may also reuse
 * the caller's memory.
 *
 * @param {Connection[]} connections
 * @param {number} opcode
 * @param {string | ArrayBufferView} given
 * @param {boolean} compress
 * @param {number} fragment most bytes of payload of a frame
 */
function sendOneByOne(connections, opcode, given, compress, fragment) {
  /** @type {Buffer | undefined} */
  let frame;
  // Unmasked, and many streams may keep it without a copy for each.
  const shared = () => {
    frame ??= native.encode(opcode, data, false, fragment);
    return frame;
  };
  let data = given;
  if (connections.length > 1 && typeof given !== 'string') {
    // The caller's bytes are copied once, into that frame if it is one.
    data = payloadOf(fragment === Infinity ? shared() : native.encode(opcode, given, false, Infinity));
  }
  for (const connection of connections) {
    const { readyState, transport } = connection[kInner];
    if (readyState === OPEN) {
      transport?.send(opcode, data, compress, fragment, shared);
    }
  }
}

/** @param {Uint8Array} frame a whole one, unmasked */
function payloadOf(frame) {
  const [header] = native.parseHeader(frame) ?? [0];
  return frame.subarray(header);
}

module.exports = { sendToAll, sendToSome };
