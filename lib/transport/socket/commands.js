'use strict';

const native = require('../../native/native.js');
const { forget, isRepeated } = require('./repeated.js');
const { nextTick } = require('../../util/clock.js');

/**
 * Has the tick's commands carried out at its end.
 *
 * @param {true | undefined} due what a command returned: whether nothing has asked for that yet
 */
function flushAfter(due) {
  if (due) {
    nextTick(flush);
  }
}

/** Has the tick's commands carried out. */
function flush() {
  forget();
  native.flush();
}

/**
 * What is asked of the shards. A command is carried out at the end of the tick, and nobody who gives one has to
 * see to that: each is wrapped here, once.
 */

/**
 * Has a shard read and write a connection that was opened.
 *
 * @param {number} slot
 * @param {Uint8Array} received what was read from its socket already
 */
function start(slot, received) {
  flushAfter(native.start(slot, received));
}

/**
 * Sends a frame to one connection.
 *
 * @param {number} slot
 * @param {number} opcode
 * @param {string | ArrayBufferView} data
 * @param {boolean} compress
 */
function sendFrame(slot, opcode, data, compress) {
  const how = opcode * 2 + (compress ? 1 : 0);
  flushAfter(isRepeated(slot, how, data) ? native.again(slot * 32 + how, data) : native.frame(slot * 32 + how, data));
}

/**
 * Sends a fragment of a message, or a control frame.
 *
 * @param {number} slot
 * @param {number} opcode
 * @param {string | ArrayBufferView} data
 * @param {boolean} fin
 * @param {boolean} compress
 * @param {Uint8Array | null | undefined} key
 */
function sendFragment(slot, opcode, data, fin, compress, key) {
  flushAfter(native.sendFragment(slot, opcode, fin, compress, key, data));
}

/**
 * Sends whole frames that somebody has encoded.
 *
 * @param {number} slot
 * @param {Uint8Array} frames
 */
function sendEncoded(slot, frames) {
  flushAfter(native.sendEncoded(slot, frames));
}

/**
 * Sends one frame to several connections.
 *
 * @param {number[]} slots
 * @param {number} opcode
 * @param {string | ArrayBufferView} data
 * @param {boolean} compress
 * @param {number} fragment most bytes of payload of a frame
 */
function sendFrames(slots, opcode, data, compress, fragment) {
  flushAfter(native.frames(slots, opcode, data, compress, fragment));
}

/**
 * Sends one frame to all who subscribe to a topic and go by the socket transport.
 *
 * @param {number} topic its number; that of a group stands for all of its connections
 * @param {number} opcode
 * @param {string | ArrayBufferView} data
 * @param {boolean} compress
 * @param {number} fragment most bytes of payload of a frame
 * @param {number[] | number | null} except slots of those who do not get it; the slot itself if there is one
 * @param {boolean} isVolatile whether subscribers are skipped for which much waits
 */
function publish(topic, opcode, data, compress, fragment, except, isVolatile) {
  flushAfter(native.publish(topic, opcode, data, compress, fragment, except, isVolatile));
}

/**
 * Has a connection get what is published to a topic.
 *
 * @param {number} slot
 * @param {number} topic
 */
function subscribe(slot, topic) {
  flushAfter(native.subscribe(slot, topic));
}

/**
 * Has it get that no more.
 *
 * @param {number} slot
 * @param {number} topic
 */
function unsubscribe(slot, topic) {
  flushAfter(native.unsubscribe(slot, topic));
}

/**
 * Begins the closing handshake.
 *
 * @param {number} slot
 * @param {number} code
 * @param {string | Uint8Array} reason
 */
function close(slot, code, reason) {
  flushAfter(native.close(slot, code, reason));
}

/**
 * Lets the answer to the peer's close frame or violation leave.
 *
 * @param {number} slot
 */
function releaseClosingAnswer(slot) {
  flushAfter(native.releaseClosingAnswer(slot));
}

/**
 * Has `drain` follow once nothing is queued for a peer.
 *
 * @param {number} slot
 */
function askDrain(slot) {
  flushAfter(native.askDrain(slot));
}

/**
 * Makes a connection of one who has come by a door, and accepts its request.
 *
 * @param {number} door
 * @param {number} number that it has there
 * @param {number} group the id of the connection's
 * @param {import('../../native/functions').Settings} settings
 * @param {string} deflate the element of permessage-deflate that was agreed on; `''` if it is off
 * @param {string} lines of the response, beside the usual ones
 * @returns {number} its slot
 */
function openArrived(door, number, group, settings, deflate, lines) {
  // It is started later in the tick: that has all of this carried out.
  return native.openArrived(door, number, group, settings, deflate, lines);
}

/**
 * A door accepts no more, nor does anybody else by its listening socket.
 *
 * @param {number} slot of the door
 */
function closeDoor(slot) {
  flushAfter(native.closeDoor(slot));
}

/**
 * Drops whoever has said nothing yet.
 *
 * @param {number} slot of a door
 */
function dropSilent(slot) {
  flushAfter(native.dropSilent(slot));
}

/**
 * Drops a connection.
 *
 * @param {number} slot
 */
function terminate(slot) {
  flushAfter(native.terminate(slot));
}

/**
 * @param {number} slot
 * @param {number} bytes the most that a message may have from now on
 */
function setMaxPayload(slot, bytes) {
  flushAfter(native.setMaxPayload(slot, bytes));
}

/**
 * Stops reading from a connection, or goes on.
 *
 * @param {number} slot
 * @param {boolean} on whether reading stops
 */
function pause(slot, on) {
  flushAfter(native.pause(slot, on));
}

/**
 * Has a raw connection read no more, and say when.
 *
 * @param {number} slot
 */
function stop(slot) {
  flushAfter(native.stop(slot));
}

/**
 * Has a connection go on with the socket of a raw one that has stopped.
 *
 * @param {number} from
 * @param {number} to
 * @param {Uint8Array} received what was delivered of the raw one, and is the other's
 */
function change(from, to, received) {
  flushAfter(native.change(from, to, received));
}

/**
 * Ends the write side of a raw connection after what was sent.
 *
 * @param {number} slot
 */
function endWrites(slot) {
  flushAfter(native.endWrites(slot));
}

/**
 * Says what a raw connection is secured with that has said for which name.
 *
 * @param {number} slot
 * @param {number | null} context `null` if its bytes are to be handed on as they are
 */
function secure(slot, context) {
  flushAfter(native.secure(slot, context));
}

module.exports = {
  closeDoor,
  dropSilent,
  openArrived,
  askDrain,
  change,
  close,
  endWrites,
  flush,
  pause,
  publish,
  releaseClosingAnswer,
  sendEncoded,
  sendFragment,
  sendFrame,
  sendFrames,
  secure,
  setMaxPayload,
  start,
  stop,
  subscribe,
  terminate,
  unsubscribe,
};
