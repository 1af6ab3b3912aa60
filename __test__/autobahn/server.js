'use strict';

// The server under test: sends every message back as it came. Prints its URL.

const http = require('node:http');
const { Base, acceptKey } = require('websockets');

const base = new Base({
  maxConnections: Infinity,
  maxPayload: 32 * 1024 * 1024, // the largest case is 16 MiB
  timeout: 0,
});
base.on('message', (text, sid) => base.send(sid, text));
base.on('binary', (data, sid) => base.send(sid, data));

const server = http.createServer((req, res) => res.writeHead(426).end());
server.on('upgrade', (req, socket, head) => {
  socket.write([
    'HTTP/1.1 101 Switching Protocols',
    'Upgrade: websocket',
    'Connection: Upgrade',
    `Sec-WebSocket-Accept: ${acceptKey(req.headers['sec-websocket-key'])}`,
    '\r\n',
  ].join('\r\n'));
  base.assignSocket(socket, { head, transport: process.env.WEBSOCKETS_TEST_TRANSPORT });
});
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`ws://127.0.0.1:${server.address().port}`);
});
