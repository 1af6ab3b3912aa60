'use strict';

// The server under test: sends every message back as it came, compressed where the client offers
// that. Prints its URL.

const http = require('node:http');
const { Base, acceptKey } = require('websockets');
const { agree } = require('./agree');

const base = new Base({
  maxConnections: Infinity,
  maxPayload: 32 * 1024 * 1024, // the largest case is 16 MiB
  timeout: 0,
  perMessageDeflate: { threshold: 0 }, // the cases are many of them short
});
base.on('message', (text, sid) => base.send(sid, text));
base.on('binary', (data, sid) => base.send(sid, data));

const server = http.createServer((req, res) => res.writeHead(426).end());
server.on('upgrade', (req, socket, head) => {
  const agreed = agree(req.headers['sec-websocket-extensions']);
  socket.write([
    'HTTP/1.1 101 Switching Protocols',
    'Upgrade: websocket',
    'Connection: Upgrade',
    `Sec-WebSocket-Accept: ${acceptKey(req.headers['sec-websocket-key'])}`,
    ...(agreed === undefined ? [] : [`Sec-WebSocket-Extensions: ${agreed}`]),
    '\r\n',
  ].join('\r\n'));
  base.assignSocket(socket, { head, extensions: agreed, transport: process.env.WEBSOCKETS_TEST_TRANSPORT });
});
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`ws://127.0.0.1:${server.address().port}`);
});
