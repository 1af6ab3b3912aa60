'use strict';

const { announce, take } = require('../base/assign.js');
const { OPEN } = require('../connection/connection.js');
const { hearRefusal } = require('../transport/net-socket/late-refusal.js');
const { LimitsView } = require('./limits-view.js');
const { Outgoing } = require('./outgoing.js');
const { hearRawFrames } = require('./raw-socket.js');
const { Sink } = require('./sink.js');

/**
 * @typedef {import('../connection/connection.js').Connection} Connection
 * @typedef {import('../connection/group.js').Group<Connection>} Group
 */

/**
 * The opening handshake of a WebSocket is done: it gets its connection.
 *
 * @param {import('./types').WebSocketObject} webSocket
 * @param {import('./state.js').State} state its own
 * @param {Group} group
 * @param {import('node:stream').Duplex} socket
 * @param {object} assign what `assignSocket` takes
 * @param {() => void} [accept] ends the handshake
 * @throws {Error} if the socket cannot be taken; nothing has changed then
 */
function attach(webSocket, state, group, socket, assign, accept) {
  const connection = take(group, socket, assign, new Sink(webSocket, state), accept);
  const { options } = state;
  state.connection = connection;
  state.outgoing = new Outgoing(connection, options.generateMask, (error) => state.report(error));
  state.sending = connection.readyState === OPEN ? state.outgoing : null;
  state.limits = new LimitsView(connection, options);
  webSocket._socket = socket;
  hearRawFrames(socket, state.outgoing);
  hearRefusal(socket, state.outgoing);
  announce(connection);
}

module.exports = { attach };
