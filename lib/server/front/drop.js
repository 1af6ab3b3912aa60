'use strict';

/**
 * A server has no room for a connection, which is destroyed: Node's event for that.
 *
 * @param {import('node:net').Server} server
 * @param {import('node:net').Socket} socket
 */
function drop(server, socket) {
  const { localAddress, localPort, localFamily, remoteAddress, remotePort, remoteFamily } = socket;
  socket.destroy();
  server.emit('drop', { localAddress, localPort, localFamily, remoteAddress, remotePort, remoteFamily });
}

module.exports = { drop };
