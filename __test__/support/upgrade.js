'use strict';

const http = require('node:http');
const { acceptKey } = require('../..');

/**
 * The answer to an upgrade request, made by hand as an application makes it.
 *
 * @param {http.IncomingMessage} request
 * @param {string[]} [headers] more header lines
 * @returns {string}
 */
function switchingProtocols(request, headers = []) {
  const lines = [
    'HTTP/1.1 101 Switching Protocols',
    'Upgrade: websocket',
    'Connection: Upgrade',
    `Sec-WebSocket-Accept: ${acceptKey(request.headers['sec-websocket-key'])}`,
    ...headers,
  ];
  return `${lines.join('\r\n')}\r\n\r\n`;
}

/**
 * An HTTP server on a free port, all upgrades of which go to `base`.
 *
 * @param {import('../..').Base} base
 * @param {(port: number) => void} listening
 * @param {(sid: string, socket: import('node:net').Socket) => void} [assigned]
 * @param {object} [options] of `assignSocket`; extensions among them are not answered
 * @returns {http.Server}
 */
function serveUpgrades(base, listening, assigned = () => {}, options = {}) {
  const server = http.createServer();
  server.on('upgrade', (request, socket, head) => {
    socket.write(switchingProtocols(request));
    assigned(base.assignSocket(socket, { head, ...options }), socket);
  });
  return server.listen(0, '127.0.0.1', () => listening(server.address().port));
}

module.exports = { serveUpgrades, switchingProtocols };
