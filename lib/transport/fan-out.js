'use strict';

const { OPEN, kInner } = require('../connection/connection.js');
const native = require('../native/native.js');
const { publish, sendFrames } = require('./socket/commands.js');
const { SocketTransport } = require('./socket/socket-transport.js');
const { StreamTransport } = require('./stream/stream-transport.js');

/** @typedef {import('../connection/connection.js').Connection} Connection */

/**
 * Many connections that the shards know by one number: all of a group, or those that subscribe to a topic.
 *
 * @typedef {object} Audience
 * @property {number} id
 * @property {number} size how many connections that are
 * @property {Set<Connection> | null} streams those of them that go by streams
 */

/**
 * Sends one frame to an audience.
 *
 * @param {Audience} audience
 * @param {Connection[] | null} except those of it that do not get the frame
 * @param {number} opcode
 * @param {string | ArrayBufferView} data
 * @param {boolean} compress whether permessage-deflate may compress it
 * @param {number} fragment most bytes of payload of a frame
 * @param {boolean} isVolatile whether subscribers are skipped for which much waits
 */
function sendToAudience({ id, size, streams }, except, opcode, data, compress, fragment, isVolatile) {
  if (size > (streams?.size ?? 0)) {
    publish(id, opcode, data, compress, fragment, slotsOf(except), isVolatile);
  }
  if (streams !== null && streams.size > 0) {
    const others = without([...streams], except).filter((one) => !(isVolatile && isSkipped(one)));
    sendOneByOne(others, opcode, data, compress, fragment);
  }
}

/**
 * @param {Connection[]} connections
 * @param {Connection[] | null} except
 * @returns {Connection[]} those of `connections` that are not in `except`
 */
function without(connections, except) {
  if (except === null) {
    return connections;
  }
  const excepted = new Set(except);
  return connections.filter((one) => !excepted.has(one));
}

/**
 * @param {Connection[] | null} connections
 * @returns {number[] | number | null} the numbers by which the shards know those that are theirs; the number itself for one
 */
function slotsOf(connections) {
  if (connections === null) {
    return null;
  }
  if (connections.length === 1) {
    const { transport } = connections[0][kInner];
    return transport instanceof SocketTransport ? transport.slot : null;
  }
  const slots = [];
  for (const connection of connections) {
    const { transport } = connection[kInner];
    if (transport instanceof SocketTransport) slots.push(transport.slot);
  }
  return slots;
}

/** Whether a volatile message is not for this connection. @param {Connection} connection */
function isSkipped(connection) {
  const { transport } = connection[kInner];
  return transport instanceof StreamTransport && transport.skips();
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

module.exports = { sendToAudience, sendToSome, without };
