'use strict';

const { kInner } = require('../../connection/connection.js');
const { deliverInScope } = require('../../connection/deliver.js');
const turns = require('../../connection/turns.js');
const native = require('../../native/native.js');
const { slice } = require('../../native/pool.js');
const shared = require('../../native/shared.js');
const { flush } = require('./commands.js');
const { forget } = require('./repeated.js');
const { nextTick, setTimeout } = require('../../util/clock.js');
const { canLead } = require('./leader.js');

/** @typedef {import('../../connection/connection.js').Connection} Connection */
/** @typedef {import('../../native/functions').Payload} Payload */

/**
 * Delivers the records of one connection that come next.
 *
 * @typedef {(connection: Connection, slot: number, records: Value[]) => void} Run
 */

/** One of the four values of a record. @typedef {import('../../native/functions').Record[number]} Value */

const connections = /** @type {(Connection | undefined)[]} */ (shared.connections);
const runs = /** @type {(Run | undefined)[]} */ (shared.runs);

/**
 * Called from Rust with what happened, in order; a record is four arguments: the connection's number above
 * four bits of kind, the payload, the close code of an error, and its code; or of a payload that is a slice, its memory,
 * offset and length. Listeners run inside. What one throws is reported there as an uncaught exception, and this is called with the same
 * records again, to go on after that one.
 *
 * @param {Value[]} records
 */
function dispatch(...records) {
  while (shared.next < records.length) {
    const slot = /** @type {number} */ (records[shared.next]) >>> 4;
    const connection = /** @type {Connection} */ (connections[slot]);
    /** @type {Run} */ (runs[slot])(connection, slot, records);
  }
  shared.next = 0;
  forget();
}

/**
 * The asynchronous resource of the rounds that this thread runs instead of an I/O thread: they keep nothing alive.
 */
const ROUNDS = { hasRef: () => false };

/** @type {Run} */
function enterRun(connection, slot, records) {
  connection[kInner].runInAsyncScope(deliverRun, undefined, connection, slot, records);
}

/**
 * Delivers what comes next of one connection, up to a record of another one: its asynchronous context is entered
 * once for all of that.
 *
 * @param {Connection} connection
 * @param {number} slot
 * @param {Value[]} records
 */
function deliverRun(connection, slot, records) {
  while (shared.next < records.length && /** @type {number} */ (records[shared.next]) >>> 4 === slot) {
    const at = shared.next;
    shared.next += 4;
    const tag = /** @type {number} */ (records[at]);
    const code = /** @type {number | undefined} */ (records[at + 2]);
    const last = /** @type {string | number | undefined} */ (records[at + 3]);
    // One call, so that V8 compiles what it does into this.
    let payload = /** @type {Payload} */ (records[at + 1]);
    const isSlice = typeof last === 'number';
    if (isSlice) {
      const memory = /** @type {ArrayBuffer} */ (records[at + 1]);
      payload = slice(memory, /** @type {number} */ (code), last);
    }
    deliverInScope(connection, tag & 15, payload, isSlice ? undefined : code, isSlice ? undefined : last);
  }
}

/**
 * Goes on with a long delivery once the event loop has had its turn.
 *
 * @param {boolean} keepsAlive whether a connection keeps the event loop alive; where none does, neither
 *   may this, or a process would not end for as long as peers send
 */
function drainLater(keepsAlive) {
  if (keepsAlive) {
    turns.later(native.drain);
  } else {
    // An immediate that is unref'd would wait for something else to happen.
    setTimeout(drainAnew, 1).unref();
  }
}

/** Goes on in a turn of the event loop that nothing else has called for. */
function drainAnew() {
  native.sliceRenew();
  native.drain();
}

/**
 * Duplicates the socket's descriptor and makes it a connection; on failure nothing has changed.
 *
 * @param {number} fd
 * @param {number} group the id of the connection's
 * @param {import('../../native/functions').Settings} settings see `connectionSettings`
 * @param {string} deflate the element of permessage-deflate that was agreed on; `''` if it is off
 * @returns {number} the connection's number
 */
function open(fd, group, settings, deflate) {
  return opened(() => native.open(fd, group, settings, deflate));
}

/**
 * The same for one that carries no WebSocket yet.
 *
 * @param {number} fd
 * @param {number | null | undefined} context what it is secured with; `null` if that follows the name that the peer asks
 *   for, `undefined` for none
 */
function openRaw(fd, context) {
  return opened(() => native.openRaw(fd, context));
}

/**
 * The same as a client, by TLS.
 *
 * @param {number} fd
 * @param {number} context of clients
 * @param {Uint8Array} name of the server, or its IP address
 */
function openSecured(fd, context, name) {
  return opened(() => native.openSecured(fd, context, name));
}

/**
 * The same on the socket of a connection that carries no WebSocket yet, which ends once this one starts.
 *
 * @param {number} raw
 * @param {number} group
 * @param {import('../../native/functions').Settings} settings
 * @param {string} deflate
 */
function openOver(raw, group, settings, deflate) {
  return opened(() => native.openOver(raw, group, settings, deflate));
}

/**
 * Has a shard accept connections.
 *
 * @param {number} fd of a listening socket, which is duplicated
 * @param {number} most bytes of a head that it reads
 * @param {number | undefined} context what the connections are secured with, if they are
 * @returns {[slot: number, number: number]}
 */
function openDoor(fd, most, context) {
  return opened(() => native.openDoor(fd, most, context));
}

/**
 * Makes a raw connection of one who has come by a door, and whose TLS has begun.
 *
 * @param {number} door
 * @param {number} number that it has there
 * @returns {number} its slot
 */
function openArrivedRaw(door, number) {
  return opened(() => native.openArrivedRaw(door, number));
}

/**
 * @template T
 * @param {() => T} open gives commands
 * @returns {T}
 */
function opened(open) {
  if (!shared.isAttached) {
    native.attach(dispatch, drainLater, canLead() ? ROUNDS : null);
    // `process.exit()` runs no cleanup of the addon's, only this event.
    process.on('exit', native.leave);
    shared.isAttached = true;
  }
  const result = open();
  // A command may be waiting for the end of the tick already.
  nextTick(flush);
  return result;
}

/**
 * Says which connection this number is.
 *
 * @param {number} slot
 * @param {Connection} connection
 */
function bind(slot, connection) {
  connections[slot] = connection;
  runs[slot] = enterRun;
}

/**
 * Says who takes the records of a connection that carries no WebSocket yet.
 *
 * @param {number} slot
 * @param {unknown} taker
 * @param {Run} run gets the taker instead of a connection
 */
function bindRaw(slot, taker, run) {
  connections[slot] = /** @type {Connection} */ (taker);
  runs[slot] = run;
}

/** @param {number} slot */
function unbind(slot) {
  connections[slot] = undefined;
  runs[slot] = undefined;
}

/** @returns {number} how many shards run */
function ioThreads() {
  return native.ioThreads?.() ?? 0;
}

module.exports = { bind, bindRaw, ioThreads, open, openArrivedRaw, openDoor, openOver, openRaw, openSecured, unbind };
