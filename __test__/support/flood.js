'use strict';

const net = require('node:net');
const { KEY } = require('./raw-client');

const REQUEST =
  'GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
  `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${KEY}\r\n\r\n`;

/**
 * A client that writes as much as is taken and reads without looking, until the server is gone.
 *
 * @param {number} port
 * @param {Buffer} packet whole frames, which are written over and over
 * @param {object} [options]
 * @param {boolean} [options.upgrade] `false`: no HTTP at all, frames from the first byte on
 * @returns {{ read: number, socket: net.Socket, ended: Promise<void> }}
 */
function flood(port, packet, { upgrade = true } = {}) {
  const socket = net.connect(port, '127.0.0.1');
  const client = { read: 0, socket, ended: new Promise((resolve) => socket.on('close', resolve)) };
  socket.on('error', () => {}); // the server is terminated
  socket.on('data', (chunk) => (client.read += chunk.length));
  if (upgrade) socket.write(REQUEST);
  const write = () => {
    while (socket.write(packet));
  };
  socket.on('drain', write);
  write();
  return client;
}

module.exports = { flood };
